/** The access token as a plain record, and what "fresh" means. */

/**
 * An access token and all that KPN tells of it: plain, frozen JSON, so that it
 * can be stored. It prints its value when it is printed.
 */
export interface AccessToken {
  /** The token itself: goes into `authorization: Bearer …`. */
  readonly value: string;
  /** The token's type as KPN names it: `"Bearer"`. */
  readonly type: string;
  /** When it was asked for: epoch ms on our clock, just before the request left. */
  readonly requestedAt: number;
  /** When it expires: epoch ms on our clock, counted from `requestedAt`. */
  readonly expiresAt: number;
  /** When KPN says that it issued the token: epoch ms on KPN's clock. */
  readonly issuedAt?: number;
  /** The client id that it was issued to. */
  readonly clientId?: string;
  /** The account's tier: `"demo"` (Sandbox) or `"prod"`. */
  readonly level?: string;
  /** The portal's name of the project. */
  readonly applicationName?: string;
  /** Who owns the project. */
  readonly developerEmail?: string;
  /** Who runs the gateway: `"kpn"`. */
  readonly organizationName?: string;
  /** The API products that the project is entitled to. */
  readonly apiProducts: readonly string[];
  /** RFC 6749 section 3.3; KPN sends an empty one. */
  readonly scope: string;
  /** `"approved"`, or what else KPN says. */
  readonly status?: string;
}

/** How long before its expiry a token counts as ageing and as stale. */
export interface Margins {
  /**
   * A token is renewed in the background from so many ms before its expiry, but
   * from no more than 10 % of its lifetime. Default: 300,000 (5 minutes).
   */
  readonly ageing?: number | undefined;
  /**
   * From so many ms before its expiry, but from no more than 5 % of its lifetime, a token is
   * handed out only if no other can be obtained. Default: 10,000 (10 seconds).
   */
  readonly stale?: number | undefined;
}

/** When a token starts to age and when it turns stale: epoch ms. */
export interface Ages {
  readonly ageingAt: number;
  readonly staleAt: number;
}

/**
 * When a token ages and turns stale. `jitter` (0 to 1) moves the ageing point later, by up to a
 * fifth of its margin, so that a fleet does not refresh in one second.
 */
export function agesOf(
  token: AccessToken,
  margins: Readonly<Record<keyof Margins, number>>,
  jitter: number,
): Ages {
  const { requestedAt, expiresAt } = token;
  const lifetime = expiresAt - requestedAt;
  const stale = Math.min(margins.stale, lifetime * 0.05);
  const ageing = Math.max(stale, Math.min(margins.ageing, lifetime * 0.1) * (1 - jitter / 5));
  return { ageingAt: expiresAt - ageing, staleAt: expiresAt - stale };
}

/** How far ahead a token's date may lie, in ms: clocks differ a little. */
const AHEAD = 10_000;

/**
 * Whether a token was requested in the future: the clock was set back, or another machine's is
 * ahead. Then nobody knows when it expires.
 */
export function isFromFuture({ requestedAt }: AccessToken, time: number): boolean {
  return requestedAt - time > AHEAD;
}

/** The longest lifetime that is believed: a day, in ms. */
export const MAX_LIFETIME = 86_400_000;

/** The texts that a token holds beside its value and type; KPN writes their names in snake_case. */
export const TEXTS: readonly string[] = [
  "clientId",
  "level",
  "applicationName",
  "developerEmail",
  "organizationName",
  "scope",
  "status",
];

/**
 * The access token that a value from elsewhere (a store, an answer) stands for: copied, checked
 * and frozen. A field that is not known, or not of its type, is left out.
 */
export function readStoredToken(value: unknown): AccessToken | undefined {
  const stored = Object(value);
  const pick = (names: readonly string[], fits: (field: unknown) => boolean) => {
    const fitting = names.filter((name) => fits(stored[name]));
    return Object.fromEntries(fitting.map((name) => [name, stored[name]]));
  };
  const token = {
    value: "",
    type: "Bearer",
    scope: "",
    ...pick(["value", "type", ...TEXTS], isText),
    ...pick(["requestedAt", "expiresAt", "issuedAt"], (field) => typeof field === "number"),
    apiProducts: Object.freeze([stored.apiProducts].flat().filter(isText)),
  } as AccessToken;
  const lifetime = token.expiresAt - token.requestedAt;
  // A millisecond more than a day: where the clock has fractions, adding a lifetime rounds it.
  const isSound = isTokenValue(token.value) && lifetime > 0 && lifetime <= MAX_LIFETIME + 1;
  return isSound ? Object.freeze(token) : undefined;
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether a value can stand in an `authorization` header: visible ASCII, no space. */
export function isTokenValue(value: unknown): value is string {
  return isText(value) && /^[\x21-\x7e]+$/.test(value);
}
