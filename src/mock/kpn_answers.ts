/** Every known error of KPN's gateway and APIs (`.github/KPN.md`). */

import type { Answer, MockFailure } from "./answers.ts";

/** Apigee's fault. */
const fault = (status: number, errorcode: string, faultstring: string, headers = {}): Response =>
  Response.json({ fault: { faultstring, detail: { errorcode } } }, { status, headers });

/** A fault of the policy that checks keys and tokens. */
const key = (status: number, code: string, words: string): Response =>
  fault(status, `keymanagement.service.${code}`, words);

/** KPN's own envelope, flat. */
const flat = (status: number, name: string, message: string) => ({
  transactionId: "mock-transaction-id",
  status: `${status} - ${name}`,
  name,
  message,
  info: "https://developer.kpn.com/support",
});

/** KPN's own envelope, nested. */
const kpn = (status: number, name: string, message: string): Response =>
  Response.json({ error: flat(status, name, message) }, { status });

const oauth = (status: number, ErrorCode: string, Error: string): Response =>
  Response.json({ ErrorCode, Error }, { status });

const camara = (status: number, code: string, message: string): Response =>
  Response.json({ status, code, message }, { status });

/** A JSON answer in a single API's own shape. */
const json = (status: number, body: unknown): Response => Response.json(body, { status });

/** An API's refusal. KPN documents the status 400, but not the message. */
export const badRequest = (message: string): Response => kpn(400, "Bad Request", message);

/** The errors of the token endpoint. */
const TOKEN_ENDPOINT_ANSWERS = {
  invalid_client: () => oauth(401, "invalid_client", "ClientId is Invalid"),
  invalid_client_500: () => kpn(500, "Internal Server Error", "invalid_client-invalid_client_id"),
  invalid_client_id: () =>
    oauth(401, "invalid_request", "Invalid client id : APP_CLIENT_ID. ClientId is Invalid"),
  invalid_client_identifier: () =>
    fault(401, "oauth.v2.InvalidClientIdentifier", "Invalid client identifier"),
  invalid_request: () => oauth(400, "invalid_request", "Required param : grant_type"),
  missing_grant_type: () => oauth(400, "invalid_request", "Required param : grant_type"),
  missing_client_id: () =>
    oauth(400, "invalid_request", "The request is missing a required parameter : client_id"),
  missing_client_secret: () =>
    oauth(400, "invalid_request", "The request is missing a required parameter : client_secret"),
  not_approved: () => oauth(401, "invalid_client-app_not_approved", "The app is not approved"),
  client_id_not_approved: () =>
    key(401, "invalid_client-client_id_not_approved", "The client id is not approved"),
  error_in_200: () => oauth(200, "invalid_client", "ClientId is Invalid"),
} satisfies Partial<Record<MockFailure, Answer>>;

/** The gateway's errors about a call's token, key or project. */
const GATEWAY_ANSWERS = {
  invalid_token: () => key(401, "invalid_access_token", "Invalid access token"),
  invalid_access_token: () => key(401, "invalid_access_token", "Invalid access token"),
  invalid_access_token_500: () => fault(500, "oauth.v2.InvalidAccessToken", "Invalid access token"),
  access_token_expired: () => key(401, "access_token_expired", "Access Token expired"),
  access_token_expired_400: () => fault(400, "oauth.v2.AccessTokenExpired", "Access Token expired"),
  access_token_expired_xml: () =>
    new Response(
      "<fault><faultstring>Access Token expired</faultstring><detail>" +
        "<errorcode>keymanagement.service.access_token_expired</errorcode></detail></fault>",
      { status: 401, headers: { "content-type": "application/xml" } },
    ),
  access_token_expired_header: () =>
    Response.json({ message: "Unauthorized" }, {
      status: 401,
      headers: {
        "www-authenticate": 'Bearer realm="null",error="invalid_token",' +
          'error_description="keymanagement.service.access_token_expired: Access Token expired"',
      },
    }),
  access_token_not_approved: () =>
    key(401, "access_token_not_approved", "Access Token not approved"),
  invalid_token_header: () =>
    new Response("", {
      status: 401,
      headers: { "www-authenticate": 'Bearer error="invalid_token"' },
    }),
  not_entitled: () =>
    key(
      401,
      "InvalidAPICallAsNoApiProductMatchFound",
      "Invalid API call as no apiproduct match found",
    ),
  not_entitled_403: () =>
    fault(
      403,
      "oauth.v2.InvalidAPICallAsNoApiProductMatchFound",
      "Invalid API call as no apiproduct match found",
    ),
  apiresource_doesnot_exist: () => key(401, "apiresource_doesnot_exist", "Resource does not exist"),
  missing_api_product_association: () =>
    key(401, "consumer_key_missing_api_product_association", "Key has no API product"),
  invalid_api_key_for_given_resource: () =>
    fault(401, "oauth.v2.InvalidApiKeyForGivenResource", "Invalid ApiKey for given resource"),
  api_key_not_approved: () => fault(401, "oauth.v2.ApiKeyNotApproved", "ApiKey not approved"),
  developer_not_active: () =>
    key(401, "DeveloperStatusNotActive", "Developer Status is not Active"),
  company_not_active: () => key(401, "CompanyStatusNotActive", "Company Status is not Active"),
  key_expired: () => key(401, "consumer_key_expired", "Consumer key expired"),
  invalid_consumer_key: () => key(401, "invalid_consumer_key", "Invalid consumer key"),
  invalid_api_key: () => fault(401, "oauth.v2.InvalidApiKey", "Invalid ApiKey"),
  unresolved_api_key: () =>
    fault(401, "steps.oauth.v2.FailedToResolveAPIKey", "Failed to resolve API Key variable"),
  rate_limited: () => fault(429, "policies.ratelimit.QuotaViolation", "Rate limit quota violation"),
  quota: () => fault(429, "policies.ratelimit.QuotaViolation", "Rate limit quota violation"),
  quota_500: () => fault(500, "policies.ratelimit.QuotaViolation", "Rate limit quota violation"),
  spike_arrest: () =>
    fault(429, "policies.ratelimit.SpikeArrestViolation", "Spike arrest violation", {
      "retry-after": "1",
    }),
  concurrent_calls: () =>
    fault(429, "policies.concurrentratelimit.ConcurrentRatelimitViolation", "Too many at once"),
  not_found: () => unknownPath(),
  unknown_path: () => unknownPath(),
  server_error: () => kpn(500, "Internal Server Error", "Something went wrong"),
  unavailable: () => kpn(503, "Service Unavailable", "Try later"),
} satisfies Partial<Record<MockFailure, Answer>>;

/** The errors of the APIs behind the gateway, each in its own shape. */
const API_ANSWERS = {
  access_denied: () => camara(403, "PERMISSION_DENIED", "Client does not have permission."),
  camara: () => camara(404, "SIM_SWAP.UNKNOWN_PHONE_NUMBER", "The phone number is not known."),
  camara_unauthenticated: () =>
    camara(401, "UNAUTHENTICATED", "Request with missing, invalid, or expired credentials."),
  camara_token_context: () =>
    camara(403, "INVALID_TOKEN_CONTEXT", "No phone number can be deduced from the token."),
  kpn_flat: () => json(400, flat(400, "Bad Request", "number is required")),
  kpn_nested: () => badRequest("number is required"),
  problem: () =>
    json(400, {
      type: "https://fiam.example/problems/invalid-input",
      title: "Bad Request",
      status: 400,
      detail: "The msisdn is not valid.",
      instance: "urn:uuid:mock-instance",
    }),
  match: () =>
    json(400, {
      error_code: 400,
      message: "scopes are missing",
      correlation_id: "mock-correlation",
    }),
  parley: () =>
    json(400, {
      notifications: [{ type: "error", message: "The contact is unknown." }],
      status: "ERROR",
    }),
  parley_numeric: () =>
    json(400, {
      notifications: [{ type: "error", message: "The contact is unknown." }],
      status: 400,
    }),
  parley_single: () =>
    json(400, {
      notifications: { type: "error", message: "The contact is unknown." },
      status: "ERROR",
    }),
  parley_metadata: () =>
    json(400, {
      data: null,
      notifications: [{ type: "error", message: "The contact is unknown." }],
      status: "ERROR",
      metadata: { method: "post", duration: 0.01 },
    }),
  vonage: () => json(401, { type: "UNAUTHORIZED", error_title: "Unauthorized" }),
  error_response: () =>
    json(400, {
      errorResponse: {
        code: "SMS-400",
        message: "The sender is not valid.",
        transactionId: "mock-transaction-id",
      },
    }),
} satisfies Partial<Record<MockFailure, Answer>>;

function unknownPath(): Response {
  const code = "messaging.adaptors.http.flow.ApplicationNotFound";
  return fault(404, code, "Unable to identify proxy for host");
}

/** All errors of KPN's. */
export const KPN_ANSWERS = { ...TOKEN_ENDPOINT_ANSWERS, ...GATEWAY_ANSWERS, ...API_ANSWERS };
