/** What KPN's codes mean, and what to do about them (`.github/KPN.md`). */

import type { FaultCode } from "./errors.ts";

/** A fault's code, KPN's codes for it, and its words: what it means, what to do, and what will not help. */
export type Meaning = readonly [
  code: FaultCode | "unknown_value",
  codes: string,
  means: string,
  remedy: string,
  futile: string,
];

/**
 * Every fault. Each of KPN's codes is in one row only, as its last segment in snake case, which also
 * matches the same words in camel case.
 */
const MEANINGS: readonly Meaning[] = [
  [
    "invalid_token",
    "invalid_token invalid_access_token access_token_expired access_token_not_approved unauthenticated",
    "The access token is missing, has expired, or was revoked.",
    "Request a new token",
    "a new secret",
  ],
  [
    "not_entitled",
    "invalid_api_call_as_no_api_product_match_found apiresource_doesnot_exist " +
    "invalid_api_key_for_given_resource consumer_key_missing_api_product_association",
    "The project lacks this API.",
    "Add its product to the project on developer.kpn.com",
    "a new token",
  ],
  [
    "not_approved",
    "invalid_client-client_id_not_approved invalid_client-app_not_approved api_key_not_approved " +
    "developer_status_not_active company_status_not_active",
    "Id and secret are right, but the project or its account is pending or revoked.",
    "See its status on developer.kpn.com",
    "a new token or a new secret",
  ],
  [
    "key_expired",
    "consumer_key_expired",
    "The project's key has expired.",
    "Create a new key on developer.kpn.com",
    "a new token or a retry",
  ],
  [
    "invalid_client",
    "invalid_client invalid_client_identifier invalid_consumer_key invalid_api_key " +
    "failed_to_resolve_api_key",
    "KPN does not know this id with this secret.",
    "Copy both again from developer.kpn.com (Sandbox and Project credentials differ)",
    "a retry",
  ],
  [
    "rate_limited",
    "quota_violation spike_arrest_violation concurrent_ratelimit_violation",
    "The project's quota or rate limit is used up.",
    "Slow down",
    "a new token or a new secret",
  ],
  [
    "not_found",
    "application_not_found",
    "Nothing is at this URL.",
    "Check it on developer.kpn.com",
    "a new token or a retry",
  ],
  [
    // Also `not_found`: the API is there, and it does not know a value of the request.
    "unknown_value",
    "",
    "The API does not know what the request asks for.",
    "Check values such as the phone number",
    "a new token or a retry",
  ],
  [
    "invalid_request",
    "invalid_request",
    "The request is wrong or lacks a parameter.",
    "Check the API's page on developer.kpn.com",
    "a new token or a retry",
  ],
  [
    "access_denied",
    "",
    "The request is refused.",
    "Check its token, and the project's products on developer.kpn.com",
    "a new token or a retry",
  ],
  [
    "proxy_refused",
    "",
    "A proxy refused the request.",
    "Check its password and rules",
    "a new token or a new secret",
  ],
  [
    "server_error",
    "",
    "KPN's server failed.",
    "Try again later",
    "a new token or a new secret",
  ],
  [
    "redirected",
    "",
    "The answer is a redirect.",
    "Check the URL",
    "a retry",
  ],
  [
    "invalid_response",
    "",
    "This is not KPN's answer.",
    "Check the URL, and for a proxy in between",
    "a new token or a new secret",
  ],
];

/** What a code of KPN's means. `x.InvalidClient` is `invalid_client`, and so is an unknown `invalid_client-x`. */
export function meaningOf(code: string): FaultCode | undefined {
  if (!/^[\w.-]+$/.test(code)) return undefined;
  const last = code.split(".").pop()!;
  return rowOf(last) ?? rowOf(last.split("-")[0]!);
}

function rowOf(code: string): FaultCode | undefined {
  const says = (known: string) => new RegExp(`^${known.replace(/_/g, "_?")}$`, "i").test(code);
  return MEANINGS.find(([, codes]) => codes && codes.split(" ").some(says))?.[0] as FaultCode;
}

/** The words for a fault. */
export function wordsFor(code: Meaning[0]): Meaning {
  return MEANINGS.find(([meaning]) => meaning === code)!;
}

/** What a fault means, what to do, and what will not help, in whole sentences. */
export function hintFor(code: Meaning[0]): string {
  const [, , means, remedy, futile] = wordsFor(code);
  return `${means} ${remedy}; ${futile} will not help.`;
}
