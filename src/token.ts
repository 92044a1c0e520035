/** The access token as a plain record, and what "fresh" means. */

/**
 * An access token, with everything that KPN says about it: plain, frozen JSON, which can be
 * stored. Do not log it: the log would show the token's value.
 */
export interface AccessToken {
  /** The token itself, for `authorization: Bearer …`. */
  readonly value: string;
  /** The token's type as KPN names it: `"Bearer"`. */
  readonly type: string;
  /** When it was requested: epoch ms on our clock, just before the request was sent. */
  readonly requestedAt: number;
  /** When it expires: epoch ms on our clock, counted from `requestedAt`. */
  readonly expiresAt: number;
  /** When KPN issued it, according to KPN: epoch ms on KPN's clock. */
  readonly issuedAt?: number;
  /** The client id it was issued to. */
  readonly clientId?: string;
  /** The account's tier: `"demo"` (Sandbox) or `"prod"`. */
  readonly level?: string;
  /** The project's name on the portal. */
  readonly applicationName?: string;
  /** The e-mail address of the project's owner. */
  readonly developerEmail?: string;
  /** The organization that runs the gateway: `"kpn"`. */
  readonly organizationName?: string;
  /** The API products that the project may use. */
  readonly apiProducts: readonly string[];
  /** The scope (RFC 6749 section 3.3), which KPN leaves empty. */
  readonly scope: string;
  /** The token's status: KPN sends `"approved"`. */
  readonly status?: string;
}

/** How long before it expires a token counts as ageing, and as stale. */
export interface Margins {
  /**
   * How long before it expires a token is renewed in the background, in ms; at most 10 % of its
   * lifetime. Default: 300,000 (5 minutes).
   */
  readonly ageing?: number | undefined;
  /**
   * How long before it expires a token is handed out only if no other can be obtained, in ms; at
   * most 5 % of its lifetime. Default: 10,000 (10 seconds).
   */
  readonly stale?: number | undefined;
}

/** When a token starts to age and when it turns stale: epoch ms. */
export interface Ages {
  readonly ageingAt: number;
  readonly staleAt: number;
}

/**
 * When a token starts to age and turns stale. `jitter` (0 to 1) moves the ageing point later, by up
 * to a fifth of its margin, so that the machines of a fleet do not all refresh in the same second.
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

/** How far in the future a token may be dated, in ms: clocks differ a little. */
const AHEAD = 10_000;

/**
 * Whether a token is dated in the future: the clock was set back, or another machine's clock is
 * ahead. Its expiry is then unknown.
 */
export function isFromFuture({ requestedAt }: AccessToken, time: number): boolean {
  return requestedAt - time > AHEAD;
}

/** The longest lifetime that is accepted: a day, in ms. Longer ones are cut to it. */
export const MAX_LIFETIME = 86_400_000;

/** The string fields of a token besides its value and type; on the wire their names are in snake_case. */
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
 * Reads an access token from a store or an answer: copied, checked and frozen. Unknown fields, and
 * fields of a wrong type, are left out. Returns `undefined` if it is not a usable token.
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
  // One millisecond of slack: if the clock has fractions, adding the lifetime rounds.
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
