/** Every known failure of KPN's gateway (`.github/KPN.md`), and some failures of networks. */

import { KPN_ANSWERS } from "./kpn_answers.ts";
import { NETWORK_ANSWERS } from "./network_answers.ts";

export { badRequest } from "./kpn_answers.ts";

/**
 * The name of a failure that the mock can answer with. A code of the library, such as
 * `rate_limited`, gives the usual answer with that meaning.
 */
export type MockFailure =
  // The token endpoint
  | "invalid_client"
  | "invalid_client_500"
  | "invalid_client_id"
  | "invalid_client_identifier"
  | "invalid_request"
  | "missing_grant_type"
  | "missing_client_id"
  | "missing_client_secret"
  | "not_approved"
  | "client_id_not_approved"
  | "error_in_200"
  // The gateway, before any API
  | "invalid_token"
  | "invalid_access_token"
  | "invalid_access_token_500"
  | "access_token_expired"
  | "access_token_expired_400"
  | "access_token_expired_xml"
  | "access_token_expired_header"
  | "access_token_not_approved"
  | "invalid_token_header"
  | "not_entitled"
  | "not_entitled_403"
  | "apiresource_doesnot_exist"
  | "missing_api_product_association"
  | "invalid_api_key_for_given_resource"
  | "api_key_not_approved"
  | "developer_not_active"
  | "company_not_active"
  | "key_expired"
  | "invalid_consumer_key"
  | "invalid_api_key"
  | "unresolved_api_key"
  | "rate_limited"
  | "quota"
  | "quota_500"
  | "spike_arrest"
  | "concurrent_calls"
  | "not_found"
  | "unknown_path"
  | "server_error"
  | "unavailable"
  // An API, in its own shape
  | "access_denied"
  | "camara"
  | "camara_unauthenticated"
  | "camara_token_context"
  | "kpn_flat"
  | "kpn_nested"
  | "problem"
  | "match"
  | "parley"
  | "parley_numeric"
  | "parley_single"
  | "parley_metadata"
  | "vonage"
  | "error_response"
  // The network, and proxies
  | "html"
  | "invalid_response"
  | "bad_gateway"
  | "proxy_refused"
  | "proxy_refused_403"
  | "empty"
  | "empty_401"
  | "empty_403"
  | "broken_json"
  | "truncated"
  | "stalled"
  | "oversized"
  | "redirect"
  | "redirected"
  /** The connection is closed without an answer. */
  | "dropped"
  /** No answer comes until the caller aborts. */
  | "never";

/** Makes an answer; `signal` is the request's. */
export type Answer = (signal?: AbortSignal) => Response;

/** The failures that have an answer; each call makes a new one. */
export const FAILURES: Readonly<Record<Exclude<MockFailure, "dropped" | "never">, Answer>> = {
  ...KPN_ANSWERS,
  ...NETWORK_ANSWERS,
};

/** An answer, and the reason for it. */
export interface Outcome {
  readonly response: Response;
  /** The reason, for the record and the log. It contains no secret and no token. */
  readonly why: string;
}

/** An answer with one of KPN's errors. */
export function failing(name: keyof typeof FAILURES, why: string): Outcome {
  return { response: FAILURES[name](), why: `${name}: ${why}` };
}

/** The mock's own refusal, for cases in which KPN's answer is not known. */
export function refusing(status: number, message: string, headers = {}): Outcome {
  return { response: ownRefusal(status, message, headers), why: message };
}

/** The response of {@linkcode refusing}. */
export const ownRefusal = (status: number, message: string, headers = {}): Response =>
  Response.json(
    { error: "mock_refusal", error_description: `(the mock's own answer) ${message}` },
    { status, headers },
  );
