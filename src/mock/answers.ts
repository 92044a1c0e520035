/** Every way in which KPN's gateway is known to fail (`kpn.md`), and some in which networks do. */

/** A failure that the mock can be told to answer with; the names tell what they do. */
export type MockFailure =
  // Token endpoint
  | "invalid_client"
  | "invalid_client_500"
  | "invalid_client_id"
  | "missing_grant_type"
  | "missing_client_id"
  | "missing_client_secret"
  | "invalid_client_identifier"
  // Any API
  | "invalid_access_token"
  | "access_token_expired"
  | "access_token_expired_400"
  | "invalid_access_token_500"
  | "access_token_expired_xml"
  | "access_token_expired_header"
  | "not_entitled"
  | "not_entitled_403"
  | "apiresource_doesnot_exist"
  | "quota"
  | "quota_500"
  | "spike_arrest"
  | "unknown_path"
  | "camara"
  | "kpn_flat"
  | "server_error"
  | "unavailable"
  // The network, and what stands in between
  | "html"
  | "bad_gateway"
  | "empty"
  | "broken_json"
  | "error_in_200"
  | "truncated"
  | "stalled"
  | "oversized"
  | "redirect"
  /** The connection is closed without an answer. */
  | "dropped"
  /** No answer comes until the caller gives up. */
  | "never";

/** Makes an answer; `signal` is that of the request. */
type Answer = (signal?: AbortSignal) => Response;

const fault = (status: number, errorcode: string, faultstring: string, headers = {}): Response =>
  Response.json({ fault: { faultstring, detail: { errorcode } } }, { status, headers });

const kpn = (status: number, name: string, message: string): Response =>
  Response.json({
    error: {
      transactionId: "mock-transaction-id",
      status: `${status} - ${name}`,
      name,
      message,
      info: "https://developer.kpn.com/support",
    },
  }, { status });

const oauth = (status: number, ErrorCode: string, Error: string): Response =>
  Response.json({ ErrorCode, Error }, { status });

/** What the mock itself refuses, where no answer of KPN's is known. */
export const ownRefusal = (status: number, message: string, headers = {}): Response =>
  Response.json(
    { error: "mock_refusal", error_description: `(the mock's own answer) ${message}` },
    { status, headers },
  );

/** What an API refuses: its documentation knows the status 400, but not the words. */
export const badRequest = (message: string): Response => kpn(400, "Bad Request", message);

const html = (status: number): Response =>
  new Response("<html><body><h1>Please log in</h1></body></html>", {
    status,
    headers: { "content-type": "text/html" },
  });

/** Half an answer in JSON, and what becomes of its other half. */
const half = (rest: (controller: ReadableStreamDefaultController) => void): Response => {
  let begun = false;
  const body = new ReadableStream({
    pull(controller) {
      if (begun) return rest(controller);
      begun = true;
      controller.enqueue(new TextEncoder().encode('{"access_tok'));
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "application/json" } });
};

/** The failures that are answers; each call makes a new one. */
export const FAILURES: Readonly<Record<Exclude<MockFailure, "dropped" | "never">, Answer>> = {
  // Token endpoint
  invalid_client: () => oauth(401, "invalid_client", "ClientId is Invalid"),
  invalid_client_500: () => kpn(500, "Internal Server Error", "invalid_client-invalid_client_id"),
  invalid_client_id: () =>
    oauth(401, "invalid_request", "Invalid client id : APP_CLIENT_ID. ClientId is Invalid"),
  missing_grant_type: () => oauth(400, "invalid_request", "Required param : grant_type"),
  missing_client_id: () =>
    oauth(400, "invalid_request", "The request is missing a required parameter : client_id"),
  missing_client_secret: () =>
    oauth(400, "invalid_request", "The request is missing a required parameter : client_secret"),
  invalid_client_identifier: () =>
    fault(401, "oauth.v2.InvalidClientIdentifier", "Invalid client identifier"),
  // Any API
  invalid_access_token: () =>
    fault(401, "keymanagement.service.invalid_access_token", "Invalid access token"),
  access_token_expired: () =>
    fault(401, "keymanagement.service.access_token_expired", "Access Token expired"),
  access_token_expired_400: () => fault(400, "oauth.v2.AccessTokenExpired", "Access Token expired"),
  invalid_access_token_500: () => fault(500, "oauth.v2.InvalidAccessToken", "Invalid access token"),
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
  not_entitled: () =>
    fault(
      401,
      "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound",
      "Invalid API call as no apiproduct match found",
    ),
  not_entitled_403: () =>
    fault(
      403,
      "oauth.v2.InvalidAPICallAsNoApiProductMatchFound",
      "Invalid API call as no apiproduct match found",
    ),
  apiresource_doesnot_exist: () =>
    fault(401, "keymanagement.service.apiresource_doesnot_exist", "Resource does not exist"),
  quota: () => fault(429, "policies.ratelimit.QuotaViolation", "Rate limit quota violation"),
  quota_500: () => fault(500, "policies.ratelimit.QuotaViolation", "Rate limit quota violation"),
  spike_arrest: () =>
    fault(429, "policies.ratelimit.SpikeArrestViolation", "Spike arrest violation", {
      "retry-after": "1",
    }),
  unknown_path: () =>
    fault(
      404,
      "messaging.adaptors.http.flow.ApplicationNotFound",
      "Unable to identify proxy for host",
    ),
  camara: () =>
    Response.json({
      status: 404,
      code: "SIM_SWAP.UNKNOWN_PHONE_NUMBER",
      message: "The phone number is not known.",
    }, { status: 404 }),
  kpn_flat: () =>
    Response.json({
      transactionId: "mock-transaction-id",
      status: "400 - Bad Request",
      name: "Bad Request",
      message: "number is required",
      info: "https://developer.kpn.com/support",
    }, { status: 400 }),
  server_error: () => kpn(500, "Internal Server Error", "Something went wrong"),
  unavailable: () => kpn(503, "Service Unavailable", "Try later"),
  // The network, and what stands in between
  html: () => html(200),
  bad_gateway: () => html(502),
  empty: () => new Response("", { status: 200 }),
  broken_json: () =>
    new Response('{"access_token":"half', { headers: { "content-type": "application/json" } }),
  error_in_200: () => oauth(200, "invalid_client", "ClientId is Invalid"),
  truncated: () =>
    half((body) => body.error(new TypeError("terminated: the connection was closed half-way"))),
  stalled: (signal) =>
    half((body) =>
      signal?.addEventListener("abort", () => body.error(signal.reason), { once: true })
    ),
  oversized: () =>
    new Response(`{"access_token":"${"x".repeat(100_000)}"}`, {
      headers: { "content-type": "application/json" },
    }),
  redirect: () =>
    new Response(null, { status: 302, headers: { location: "https://evil.example/token" } }),
};
