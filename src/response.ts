/** Reads the token endpoint's answer: the complete wire object, and the access token made from it. */

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
 * KPN's answer, field by field as sent. In the documented answer every value is a string;
 * numbers are accepted too. Unknown fields are kept.
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
  /** The client id the token was issued to. */
  readonly client_id?: string;
  /** `"demo"` or `"prod"`. */
  readonly level?: string;
  /** The project's name on the portal. */
  readonly application_name?: string;
  /** The e-mail address of the project's owner. */
  readonly developer_email?: string;
  /** The same, under the name that one client has recorded. */
  readonly "developer.email"?: string;
  /** The organization that runs the gateway: `"kpn"`. */
  readonly organization_name?: string;
  /** The API products that the project may use, as the text `"[a, b]"`. */
  readonly api_product_list?: string;
  /** The same as an array, documented on older pages of the portal. */
  readonly api_product_list_json?: readonly string[];
  /** The scope; empty. */
  readonly scope?: string;
  /** The token's status: `"approved"`. */
  readonly status?: string;
  /** Empty: there is no refresh token. */
  readonly refresh_token?: string;
  /** In seconds; always `"0"`. */
  readonly refresh_token_expires_in?: string | number;
  /** Always `"0"`. */
  readonly refresh_count?: string | number;
  /** Any other field that KPN sends. */
  readonly [field: string]: unknown;
}

/** The lifetime of a token whose `expires_in` is missing or unusable: 5 minutes, in ms. */
const DEFAULT_LIFETIME = 300_000;

/**
 * Reads the answer to a token request that you sent yourself; {@linkcode requestToken} does both.
 *
 * @param response The token endpoint's answer, its body not yet read.
 * @returns The complete wire object.
 * @throws {KpnAuthError} If it is not a token: an error of KPN's in any envelope, a redirect,
 * HTML, or a body that is empty, broken or longer than 64 KiB.
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

/** The same, under a deadline's `signal`. Errors do not quote the secrets that were `sent`. */
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
  if (status === undefined) throw unreadable("has no `status`, and is not a token");

  // A refused answer may still hold a token.
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

/** Refuses what is not an answer: a wrapper of `fetch` may forget to return one, and a stub's getters may throw. */
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

/** Makes the access token from a wire object; its lifetime is counted from `requestedAt`. */
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

/** The product names in an array, or in a text such as `"[a, b]"`. */
function productsOf(list: unknown): unknown {
  if (Array.isArray(list)) return list;
  return isText(list) ? list.split(/[[\],]/).map((name) => name.trim()).filter(Boolean) : undefined;
}

/** A number of at most 13 digits, which a date can hold; given as a number or as digits. */
function digits(value: unknown): number | undefined {
  const isGiven = isText(value) || typeof value === "number";
  return isGiven && /^\d{1,13}$/.test(`${value}`) ? Number(value) : undefined;
}
