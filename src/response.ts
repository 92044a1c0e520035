/** The answer of the token endpoint: the wire object whole, and the access token made of it. */

import { headerOf, isOk, parseJson, readText, type ResponseLike, unreadable } from "./body.ts";
import { causeOf, KpnAuthError } from "./errors.ts";
import { parseFault } from "./fault.ts";
import { redact } from "./redact.ts";
import {
  type AccessToken,
  isText,
  isTokenValue,
  MAX_LIFETIME,
  readStoredToken,
  TEXTS,
} from "./token.ts";

/**
 * KPN's answer as it stands on the wire: every value is a string in the documented
 * one; numbers are accepted too. Fields that KPN adds are kept.
 */
export interface TokenResponse {
  /** The token itself. */
  readonly access_token: string;
  /** `"Bearer"`. */
  readonly token_type?: string;
  /** Lifetime in seconds. */
  readonly expires_in?: string | number;
  /** Epoch ms on KPN's clock. */
  readonly issued_at?: string | number;
  /** The client id that the token was issued to. */
  readonly client_id?: string;
  /** `"demo"` or `"prod"`. */
  readonly level?: string;
  /** The portal's name of the project. */
  readonly application_name?: string;
  /** Who owns the project. */
  readonly developer_email?: string;
  /** Who owns the project, as one client has recorded it. */
  readonly "developer.email"?: string;
  /** Who runs the gateway. */
  readonly organization_name?: string;
  /** `"[a, b]"`. */
  readonly api_product_list?: string;
  /** `["a", "b"]`, on older pages of the portal. */
  readonly api_product_list_json?: readonly string[];
  /** Empty. */
  readonly scope?: string;
  /** `"approved"`. */
  readonly status?: string;
  /** Empty: there is no refresh token. */
  readonly refresh_token?: string;
  /** Seconds: `"0"`. */
  readonly refresh_token_expires_in?: string | number;
  /** `"0"`. */
  readonly refresh_count?: string | number;
  /** What else KPN sends. */
  readonly [field: string]: unknown;
}

/** The lifetime of a token whose `expires_in` is missing or unusable: 5 minutes, in ms. */
const DEFAULT_LIFETIME = 300_000;

/**
 * Reads the answer to a token request that was sent by other means.
 *
 * @param response The token endpoint's answer, its body not yet read.
 * @returns The wire object, whole.
 * @throws {KpnAuthError} If it is anything but a token: an error of KPN's in any of
 * its envelopes, a redirect, HTML, an empty, broken or oversized (64 KiB) body.
 *
 * @example
 * ```ts
 * import { createTokenRequest, readTokenResponse } from "kpn-auth";
 *
 * const request = createTokenRequest({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * const { access_token, level } = await readTokenResponse(await fetch(request.url, request));
 * ```
 */
export function readTokenResponse(response: ResponseLike): Promise<TokenResponse> {
  return readWire(response);
}

/** The same under a deadline's `signal`; what was `sent` in secret is kept out of what an error quotes. */
export async function readWire(
  response: ResponseLike,
  sent: readonly string[] = [],
  now: () => number = Date.now,
  signal?: AbortSignal,
): Promise<TokenResponse> {
  const { status } = checkResponse(response);
  const text = await readText(response, signal);
  const wire = parseJson(text) as TokenResponse | null | undefined;
  if (isOk(response) && isToken(wire)) return wire;
  if (status === undefined) throw unreadable("has no `status`, and is no token");

  // A token that is refused is none to be quoted either.
  const secrets = [...sent, wire?.access_token, wire?.refresh_token].filter(isText);
  const { code, originalCode, message, hint, ...details } = parseFault(response, text, {
    tokenEndpoint: true,
    now,
    secrets,
  });
  const type = redact(headerOf(response, "content-type"), secrets);
  const words = [`HTTP ${status}`, `${text.length} characters`, type, originalCode, message];
  throw new KpnAuthError(
    code,
    `Cannot get a token: ${code} (${words.filter(Boolean).join(", ")}). ${hint}`,
    { status, ...details },
  );
}

/** Names what a wrapper of `fetch` that forgets to return gives, and a stub that cannot be looked at. */
export function checkResponse<T extends ResponseLike>(response: T): T {
  if (response == null) throw unreadable(`is ${response}`);
  for (const name of ["ok", "status", "headers", "body", "bodyUsed"] as const) {
    try {
      response[name];
    } catch (error) {
      throw unreadable(`has a broken \`${name}\` (${causeOf(error).message})`);
    }
  }
  return response;
}

function isToken(wire: TokenResponse | null | undefined): wire is TokenResponse {
  const type = wire?.token_type ?? "bearer";
  return isTokenValue(wire?.access_token) && isText(type) && /^bearer/i.test(type);
}

/** The access token that a wire object stands for, its lifetime counted from `requestedAt`. */
export function toAccessToken(wire: TokenResponse, requestedAt: number): AccessToken {
  const lifetime = (digits(wire.expires_in) ?? 0) * 1000 || DEFAULT_LIFETIME;
  const inSnakeCase = (name: string) => name.replace(/[A-Z]/g, "_$&").toLowerCase();
  return readStoredToken({
    ...Object.fromEntries(TEXTS.map((name) => [name, wire[inSnakeCase(name)]])),
    value: wire.access_token,
    type: wire.token_type,
    requestedAt,
    expiresAt: requestedAt + Math.min(lifetime, MAX_LIFETIME),
    issuedAt: digits(wire.issued_at),
    developerEmail: wire.developer_email ?? wire["developer.email"],
    apiProducts: productsOf(wire.api_product_list_json) ?? productsOf(wire.api_product_list),
  })!;
}

/** The names in an array, or in a text such as `"[a, b]"`. */
function productsOf(list: unknown): unknown {
  if (Array.isArray(list)) return list;
  return isText(list) ? list.split(/[[\],]/).map((name) => name.trim()).filter(Boolean) : undefined;
}

/** A number that dates can hold, given as such or as nothing but digits. */
function digits(value: unknown): number | undefined {
  const isGiven = isText(value) || typeof value === "number";
  return isGiven && /^\d{1,13}$/.test(`${value}`) ? Number(value) : undefined;
}
