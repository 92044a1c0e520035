/** The answer of the token endpoint: the wire object whole, and the access token made of it. */

import { readText, type ResponseLike } from "./body.ts";
import { KpnAuthError, redact } from "./errors.ts";
import { parse, parseFault } from "./fault.ts";
import { type AccessToken, isTokenValue } from "./token.ts";

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
 * import { createTokenRequest, readTokenResponse } from "@kpn-auth/kpn-auth";
 * import { mockKpn } from "@kpn-auth/kpn-auth/testing";
 *
 * const request = createTokenRequest({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * const { fetch } = mockKpn();
 * const { access_token, level } = await readTokenResponse(await fetch(request.url, request));
 * ```
 */
export async function readTokenResponse(response: ResponseLike): Promise<TokenResponse> {
  return parseTokenResponse(response, await readText(response), "", Date.now());
}

/** The wire object in a text that was read; `secret` is kept out of what an error quotes. */
export function parseTokenResponse(
  response: ResponseLike,
  text: string | undefined,
  secret: string,
  now: number,
): TokenResponse {
  const { ok, status, headers } = response;
  const wire = parse(text ?? "") as TokenResponse | null | undefined;
  if (
    ok && isTokenValue(wire?.access_token) &&
    /^bearer/i.test(wire.token_type ?? "bearer")
  ) return wire;
  const { code, originalCode, message, hint, ...details } = parseFault(response, text ?? "");
  const words = details.envelope === "unknown"
    ? `${headers.get("content-type") ?? "no content type"}, ${
      text?.length ?? "too many"
    } characters`
    : `${originalCode}, ${message}`;
  // Redacted before it is cut, so that no cut secret is left.
  const quote = redact(words, secret).replace(/\p{Cc}/gu, " ").slice(0, 200);
  const header = headers.get("retry-after"); // RFC 9110 section 10.2.3: seconds, or a date
  const retryAfter = digits(header, 1000) ?? Date.parse(header!) - now;
  throw new KpnAuthError(
    code,
    `Cannot get a token: ${code} (HTTP ${status}: ${quote}). ${hint}`,
    { status, ...details, ...retryAfter > 0 && { retryAfter } },
  );
}

/** The access token that a wire object stands for, its lifetime counted from `requestedAt`. */
export function toAccessToken(wire: TokenResponse, requestedAt: number): AccessToken {
  const token = {
    value: wire.access_token,
    type: wire.token_type ?? "Bearer",
    requestedAt,
    expiresAt: requestedAt + (digits(wire.expires_in, 1000) || DEFAULT_LIFETIME),
    issuedAt: digits(wire.issued_at),
    clientId: wire.client_id,
    level: wire.level,
    applicationName: wire.application_name,
    developerEmail: wire.developer_email ?? wire["developer.email"],
    organizationName: wire.organization_name,
    apiProducts: Object.freeze(productsOf(wire)),
    scope: wire.scope ?? "",
    status: wire.status,
    refreshToken: wire.refresh_token,
    refreshTokenExpiresIn: digits(wire.refresh_token_expires_in, 1000),
    refreshCount: digits(wire.refresh_count),
  };
  const known = Object.entries(token).filter(([, value]) => value !== undefined);
  return Object.freeze(Object.fromEntries(known) as unknown as AccessToken);
}

/** A non-negative number of units (ms) that dates can hold, given as a number or as nothing but digits. */
function digits(value: unknown, unit = 1): number | undefined {
  const ms = Number(value) * unit;
  return /^\d+$/.test(`${value}`) && ms <= 8e15 ? ms : undefined;
}

/** `"[a, b]"` or `["a", "b"]`. */
function productsOf({ api_product_list_json: json, api_product_list: list }: TokenResponse) {
  const products = `${json ?? list ?? ""}`.split(/[[\],]/);
  return products.map((product) => product.trim()).filter(Boolean);
}
