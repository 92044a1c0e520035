import { readFault } from "../mod.ts";
import { FAILURES } from "../src/mock/answers.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";

Deno.test("B20, B22: every envelope becomes one shape; the code decides, then the status", async () => {
  const expected: [keyof typeof FAILURES, string, string, string][] = [
    ["invalid_client", "invalid_client", "oauth", "invalid_client"],
    ["invalid_client_500", "invalid_client", "kpn", "invalid_client-invalid_client_id"],
    [
      "invalid_access_token",
      "invalid_token",
      "fault",
      "keymanagement.service.invalid_access_token",
    ],
    [
      "access_token_expired",
      "invalid_token",
      "fault",
      "keymanagement.service.access_token_expired",
    ],
    ["access_token_expired_400", "invalid_token", "fault", "oauth.v2.AccessTokenExpired"],
    ["invalid_access_token_500", "invalid_token", "fault", "oauth.v2.InvalidAccessToken"],
    [
      "access_token_expired_xml",
      "invalid_token",
      "fault",
      "keymanagement.service.access_token_expired",
    ],
    [
      "access_token_expired_header",
      "invalid_token",
      "www-authenticate",
      "keymanagement.service.access_token_expired",
    ],
    [
      "not_entitled",
      "not_entitled",
      "fault",
      "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound",
    ],
    [
      "not_entitled_403",
      "not_entitled",
      "fault",
      "oauth.v2.InvalidAPICallAsNoApiProductMatchFound",
    ],
    [
      "apiresource_doesnot_exist",
      "not_entitled",
      "fault",
      "keymanagement.service.apiresource_doesnot_exist",
    ],
    ["quota", "rate_limited", "fault", "policies.ratelimit.QuotaViolation"],
    ["quota_500", "rate_limited", "fault", "policies.ratelimit.QuotaViolation"],
    ["spike_arrest", "rate_limited", "fault", "policies.ratelimit.SpikeArrestViolation"],
    ["unknown_path", "not_found", "fault", "messaging.adaptors.http.flow.ApplicationNotFound"],
    ["camara", "not_found", "camara", "SIM_SWAP.UNKNOWN_PHONE_NUMBER"],
    ["kpn_flat", "invalid_request", "kpn", "Bad Request"],
    ["server_error", "server_error", "kpn", "Internal Server Error"],
    ["bad_gateway", "server_error", "unknown", ""],
  ];
  for (const [name, code, envelope, originalCode] of expected) {
    const response = FAILURES[name]();
    const fault = await readFault(response);
    assert(fault, name);
    assertEquals([fault.code, fault.envelope], [code, envelope], name);
    assert(fault.originalCode.includes(originalCode), `${name}: ${fault.originalCode}`);
    assert(fault.hint.length > 5);
    await response.text(); // can still be read
  }
});

Deno.test("B21: 'no API product match' is named, with a hint that a new token will not help", async () => {
  const fault = await readFault(FAILURES.not_entitled());
  assertEquals(fault?.code, "not_entitled");
  assert(fault?.hint.includes("a new token will not help"));
});

Deno.test("the code in www-authenticate decides, whatever the body says", async () => {
  const response = Response.json({ name: "Unauthorized", message: "no", transactionId: "t1" }, {
    status: 500,
    headers: { "www-authenticate": 'Bearer realm="null",error="invalid_token"' },
  });
  const fault = await readFault(response);
  assertEquals([fault?.code, fault?.transactionId], ["invalid_token", "t1"]);
});

Deno.test("a challenge that names no error decides nothing", async () => {
  const response = Response.json({ error: { name: "x", message: "who are you?" } }, {
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="null"' },
  });
  assertEquals((await readFault(response))?.code, "access_denied");
});

Deno.test("what is no fault is undefined, and a body that was read is a TypeError", async () => {
  assertEquals(await readFault(Response.json({ status: 0 })), undefined);
  assertEquals(await readFault(FAILURES.redirect()), undefined);
  const read = FAILURES.quota();
  await read.text();
  await assertRejects(() => readFault(read), TypeError);
});

Deno.test("any JSON at all is taken without a throw", async () => {
  for (
    const body of ["null", "[]", "1", '"x"', '{"error":5}', '{"fault":"x"}', '{"error":null}', "{"]
  ) {
    const fault = await readFault(new Response(body, { status: 400 }));
    assertEquals([fault?.code, fault?.envelope], ["invalid_response", "unknown"], body);
  }
});
