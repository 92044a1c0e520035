/**
 * Obtains, keeps and uses an access token for KPN's APIs, on any JavaScript runtime.
 * Unofficial; not affiliated with KPN.
 *
 * - {@linkcode createTokenRequest} builds the exact POST of KPN's cURL examples;
 *   {@linkcode requestToken} sends it; {@linkcode readTokenResponse} reads the answer.
 * - {@linkcode createTokenSource} keeps one token fresh for any number of callers.
 * - {@linkcode authorizedFetch} is `fetch` with the token added.
 * - {@linkcode readFault} says what an API's error means, {@linkcode readQuota} what is left of the quota.
 * - If no token can be obtained, you get a {@linkcode KpnAuthError} with a `code`.
 *
 * @example Call an API
 * ```ts
 * import { authorizedFetch, createTokenSource } from "kpn-auth";
 *
 * const kpn = authorizedFetch(
 *   createTokenSource({ clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" }),
 * );
 * const answer = await kpn("/communication/nexmo/number-insight/basic", {
 *   method: "POST",
 *   body: new URLSearchParams({ number: "447700900000" }),
 * });
 * console.log(await answer.json());
 * ```
 *
 * @module
 */

export { KPN_ORIGIN, type Realm, TOKEN_ENDPOINTS } from "./src/kpn.ts";
export {
  type Envelope,
  type FaultCode,
  isKpnAuthError,
  KpnAuthError,
  type KpnAuthErrorCode,
  type KpnAuthErrorDetails,
} from "./src/errors.ts";
export {
  type ClientCredentials,
  createTokenRequest,
  type TokenRequest,
  type TokenTarget,
} from "./src/request.ts";
export { type Fault, readFault, type ReadFaultOptions } from "./src/fault.ts";
export type { AccessToken, Margins } from "./src/token.ts";
export { readTokenResponse, type TokenResponse } from "./src/response.ts";
export {
  type Credential,
  requestToken,
  type RequestTokenOptions,
  type TokenFetch,
  type TokenFetchInit,
} from "./src/grant.ts";
export type { BodyLike, HeadersLike, ResponseLike } from "./src/body.ts";
export type { TokenStore } from "./src/stored.ts";
export type { EventListener, KpnAuthEvent } from "./src/events.ts";
export type { TokenCall, TokenSource } from "./src/cached.ts";
export type { WaitUntil } from "./src/wait_until.ts";
export { createTokenSource, type TokenSourceOptions } from "./src/source.ts";
export {
  type ApiFetch,
  type AuthorizedFetch,
  authorizedFetch,
  type AuthorizedFetchOptions,
} from "./src/fetch.ts";
export { type Quota, readQuota } from "./src/quota.ts";
