/** Number Insight as its documentation has it, with its errors, its callback and CORS. */

import { KPN_ORIGIN, readFault, readQuota, TOKEN_ENDPOINTS } from "kpn-auth";
import { type MockKpn, mockKpn } from "kpn-auth/testing";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

const FORM = "application/x-www-form-urlencoded";

/** A call with a valid token, but for what `init` changes. */
async function call(
  mock: MockKpn,
  level: string,
  body: string,
  init: RequestInit = {},
): Promise<Response> {
  const token = await (await mock.fetch(TOKEN_ENDPOINTS.gateway, {
    method: "POST",
    headers: { "content-type": FORM },
    body: "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET",
  })).json();
  return await mock.fetch(`${KPN_ORIGIN}/communication/nexmo/number-insight/${level}`, {
    method: "POST",
    headers: { "content-type": FORM, authorization: `Bearer ${token.access_token}` },
    body,
    ...init,
  });
}

Deno.test("basic answers KPN's own example", async () => {
  const response = await call(mockKpn(), "basic", "number=447700900000");
  assertEquals(await response.json(), {
    status: 0,
    status_message: "Success",
    request_id: "mock-request-1",
    international_format_number: "447700900000",
    national_format_number: "07700 900000",
    country_code: "GB",
    country_code_iso3: "GBR",
    country_name: "United Kingdom",
    country_prefix: "44",
  });
});

Deno.test("a Dutch number is read with its country, and with the signs that the pattern allows", async () => {
  const answer = await (await call(mockKpn(), "basic", "number=(06)+1234-5678&country=NL")).json();
  assertEquals(
    [answer.international_format_number, answer.national_format_number, answer.country_code_iso3],
    ["31612345678", "06 12345678", "NLD"],
  );
});

Deno.test("standard adds carriers, advanced adds reachability, cnam the caller", async () => {
  const standard = await (await call(mockKpn(), "standard", "number=31612345678&cnam=true")).json();
  assertEquals(
    [standard.current_carrier.country, standard.caller_name, standard.reachable],
    ["NL", "Mock Caller", undefined],
  );
  const advanced = await (await call(mockKpn(), "advanced", "number=31612345678")).json();
  assertEquals(
    [advanced.reachable, advanced.valid_number, advanced.caller_name],
    ["reachable", "valid", undefined],
  );
});

Deno.test("answers carry quota headers that the library reads", async () => {
  const quota = readQuota(await call(mockKpn(), "basic", "number=447700900000"));
  assertEquals(quota, { limit: 1000, interval: 1, timeUnit: "hour", used: 1 });
});

/** Wrong calls: level, body, status, words. */
const WRONG: readonly (readonly [string, string, number, RegExp])[] = [
  ["basic", "", 400, /number is required/],
  ["basic", "number=", 400, /number is required/],
  ["basic", "number=abc", 400, /number must match/],
  ["basic", "number=1&number=2", 400, /number is given more than once/],
  ["basic", "number=1&country=nl", 400, /country must match/],
  ["advanced", "number=1&cnam=yes", 400, /cnam must match/],
  ["advanced/async", "number=1", 400, /callback is required/],
  ["advanced/async", "number=1&callback=nowhere", 400, /callback must be an http or https URL/],
  ["advanced/async", "number=1&callback=ftp://127.0.0.1/", 400, /must be an http or https URL/],
  ["premium", "number=1", 404, /ApplicationNotFound/],
  ["basic/", "number=1", 404, /ApplicationNotFound/],
];

for (const [level, body, status, words] of WRONG) {
  Deno.test(`${level} refuses "${body}" with ${status}`, async () => {
    const mock = mockKpn({ fetch: () => Promise.reject(new Error("no callback is due")) });
    const response = await call(mock, level, body);
    assertEquals(response.status, status);
    assertMatch(await response.text(), words);
    assertEquals(mock.callbacks.length, 0);
  });
}

Deno.test("without a token, or with a broken header, the answer is KPN's 401", async () => {
  for (const headers of [{}, { authorization: "Basic abc" }, { authorization: "Bearer" }]) {
    const response = await call(mockKpn(), "basic", "number=1", { headers });
    assertEquals((await readFault(response))?.code, "invalid_token");
    await response.body?.cancel();
  }
});

Deno.test("another method or another content type is refused in the mock's own words", async () => {
  const mock = mockKpn();
  const token = (await (await mock.fetch(TOKEN_ENDPOINTS.gateway, {
    method: "POST",
    body: new URLSearchParams({ client_id: "APP_CLIENT_ID", client_secret: "APP_CLIENT_SECRET" }),
  })).json()).access_token;
  const headers = { authorization: `Bearer ${token}` };
  const get = await call(mock, "basic", "", { method: "GET", headers, body: null });
  assertEquals([get.status, get.headers.get("allow")], [405, "POST"]);
  assertMatch(await get.text(), /the mock's own answer/);
  const json = { ...headers, "content-type": "application/json" };
  const response = await call(mock, "basic", '{"number":"1"}', { headers: json });
  assertEquals(response.status, 415);
  assertMatch(await response.text(), /the mock's own answer/);
});

Deno.test("advanced/async answers at once and calls back with the insight", async () => {
  const sent: { url: string; body: string; redirect: string | undefined }[] = [];
  const mock = mockKpn({
    fetch: (url, init) => {
      sent.push({ url, body: String(init.body), redirect: init.redirect });
      return Promise.resolve(new Response(null, { status: 204 }));
    },
  });
  const url = "http://127.0.0.1:9/hook";
  const answer = await (await call(mock, "advanced/async", `number=447700900000&callback=${url}`))
    .json();
  assertEquals([answer.request_id, answer.number, answer.status], [
    "mock-request-1",
    "447700900000",
    0,
  ]);
  assertEquals(await Promise.all(mock.callbacks), [{ url, sent: true, status: 204 }]);
  assertEquals(sent.map(({ url, redirect }) => [url, redirect]), [[url, "manual"]]);
  const insight = JSON.parse(sent[0]!.body);
  assertEquals([insight.request_id, insight.reachable], ["mock-request-1", "reachable"]);
});

for (const host of ["https://hooks.example", "http://127.0.0.1.evil.example"]) {
  Deno.test(`B90: a callback at ${host} is accepted, not sent, and the record says so`, async () => {
    const mock = mockKpn({
      strict: true,
      fetch: () => Promise.reject(new Error("no callback is due")),
    });
    const url = `${host}/insight`;
    const response = await call(mock, "advanced/async", `number=447700900000&callback=${url}`);
    assertEquals(response.status, 200);
    assertEquals((await response.json()).status, 0);
    assertEquals(await Promise.all(mock.callbacks), [{ url, sent: false }]);
    assertMatch(mock.requests[1]?.answer?.why ?? "", /the callback is not sent/);
  });
}

Deno.test("standard and advanced have the fields of KPN's definition", async () => {
  const body = "number=31612345678&cnam=true&ip=192.0.2.1";
  const standard = await (await call(mockKpn(), "standard", body)).json();
  assertEquals(
    [standard.refund_price, standard.caller_identity.first_name, standard.last_name, standard.ip],
    ["0.00000000", "Mock", "Caller", undefined],
  );
  const advanced = await (await call(mockKpn(), "advanced", body)).json();
  assertEquals([advanced.ip.address, advanced.ip_warnings], ["192.0.2.1", "no_warning"]);
});

Deno.test("a callback that nobody answers is told in the state, and breaks nothing", async () => {
  const mock = mockKpn({ fetch: () => Promise.reject(new TypeError("fetch failed")) });
  const url = "http://localhost:9/";
  await (await call(mock, "advanced/async", `number=1&callback=${url}`)).body?.cancel();
  assertEquals(await Promise.all(mock.callbacks), [{ url, sent: true }]);
});

Deno.test("CORS: a preflight is answered, not recorded, and consumes no script", async () => {
  const mock = mockKpn();
  mock.respondNext("server_error");
  const preflight = await mock.handle(
    new Request(TOKEN_ENDPOINTS.gateway, {
      method: "OPTIONS",
      headers: {
        origin: "http://localhost:1",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-requested-with",
      },
    }),
  );
  assertEquals(preflight.status, 204);
  assertEquals(preflight.headers.get("access-control-allow-origin"), "*");
  assertEquals(
    preflight.headers.get("access-control-allow-headers"),
    "authorization,x-requested-with",
  );
  assertEquals(mock.requests.length, 0);
  const answer = await mock.handle(
    new Request(TOKEN_ENDPOINTS.gateway, {
      method: "POST",
      headers: { origin: "http://localhost:1" },
    }),
  );
  assertEquals(answer.status, 500);
  assertEquals(answer.headers.get("access-control-allow-origin"), "*");
  assert(answer.headers.get("access-control-expose-headers")?.includes("quota-used"));
  await answer.body?.cancel();
});

Deno.test("CORS: who sends no Origin gets no CORS headers", async () => {
  const response = await mockKpn().handle(new Request(TOKEN_ENDPOINTS.gateway, { method: "POST" }));
  assertEquals(response.headers.get("access-control-allow-origin"), null);
  await response.body?.cancel();
});

Deno.test("CORS: OPTIONS without an Origin is no preflight", async () => {
  const mock = mockKpn();
  const headers = { "access-control-request-method": "POST" };
  const response = await mock.handle(
    new Request(TOKEN_ENDPOINTS.gateway, { method: "OPTIONS", headers }),
  );
  assertEquals([response.status, mock.requests.length], [405, 1]);
  await response.body?.cancel();
});

Deno.test("a body of more than 1 MiB is refused", async () => {
  const response = await call(mockKpn(), "basic", `number=${"1".repeat(1_048_577)}`);
  assertEquals(response.status, 413);
  assertMatch(await response.text(), /No request of KPN's is over 1 MiB/);
});
