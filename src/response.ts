/** The answer of the token endpoint: the wire object whole, and the access token made of it. */

import { parseJson, readText, type ResponseLike } from "./body.ts";
import { KpnAuthError, redact } from "./errors.ts";
import { parseFault } from "./fault.ts";
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

/** The same under a deadline's `signal`; `secret` is kept out of what an error quotes. */
export async function readWire(
  response: ResponseLike,
  secret = "",
  now: () => number = Date.now,
  signal?: AbortSignal,
): Promise<TokenResponse> {
  const text = await readText(response, signal);
  const { ok, status, headers } = response;
  const wire = parseJson(text) as TokenResponse | null | undefined;
  if (
    ok && isTokenValue(wire?.access_token) &&
    /^bearer/i.test(wire.token_type ?? "bearer")
  ) return wire;
  const { code, originalCode, message, hint, ...details } = parseFault(response, text, {
    tokenEndpoint: true,
    now,
  });
  const type = headers.get("content-type");
  const words = [`HTTP ${status}`, type, `${text.length} characters`, originalCode, message]
    .filter(Boolean).join(", ");
  // Redacted before it is cut, so that no cut secret is left.
  const quote = redact(words, secret).replace(/\p{Cc}/gu, " ").slice(0, 200);
  throw new KpnAuthError(
    code,
    `Cannot get a token: ${code} (${quote}). ${redact(hint, secret)}`,
    { status, ...details },
  );
}

/** The access token that a wire object stands for, its lifetime counted from `requestedAt`. */
export function toAccessToken(wire: TokenResponse, requestedAt: number): AccessToken {
  // Through JSON, which it has to survive anyway: what is not known leaves no trace, and all is frozen.
  const json = JSON.stringify({
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
    apiProducts: `${wire.api_product_list_json ?? wire.api_product_list ?? ""}`
      .split(/\s*[[\],]\s*/).filter(Boolean),
    scope: wire.scope ?? "",
    status: wire.status,
    refreshToken: wire.refresh_token,
    refreshTokenExpiresIn: digits(wire.refresh_token_expires_in, 1000),
    refreshCount: digits(wire.refresh_count),
  });
  return JSON.parse(json, (_key, value) => Object.freeze(value));
}

/** A non-negative number of units (ms) that dates can hold, given as a number or as nothing but digits. */
function digits(value: unknown, unit = 1): number | undefined {
  const ms = Number(value) * unit;
  return /^\d+$/.test(`${value}`) && ms <= 8e15 ? ms : undefined;
}
