import { authorizedFetch, KpnAuthError } from "../mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "./support/assert.ts";
import { fetchUnderTest, sourceUnderTest } from "./support/source.ts";

const PATH = "/communication/nexmo/number-insight/basic";
const POST = { method: "POST", body: new URLSearchParams({ number: "447700900000" }) };

Deno.test("authorizedFetch takes what fetch takes: a path, a string, a URL, a Request", async () => {
  const { kpn, calls } = fetchUnderTest();
  const url = `https://api-prd.kpn.com${PATH}`;
  const inputs: [string | URL | Request, RequestInit?][] = [
    [PATH, POST],
    [url, POST],
    [new URL(url), POST],
    [new Request(url, POST)],
    [new Request(url, { ...POST, headers: { "x-request-id": "1" } }), {
      headers: { "content-type": "application/x-www-form-urlencoded", "x-request-id": "2" },
    }],
    [new Request(url), POST],
  ];
  for (const [input, init] of inputs) {
    const response = await kpn(input, init);
    assertEquals([response.status, (await response.json()).country_code], [200, "GB"]);
  }
  for (const { method, url: sentTo, headers, body } of calls()) {
    assertEquals([method, sentTo, body], ["POST", url, "number=447700900000"]);
    assert(/^Bearer \w{28}$/.test(headers["authorization"]!));
  }
  assertEquals(calls()[4]!.headers["x-request-id"], "2");
});

Deno.test("members of init that are undefined leave a Request as it is, as with fetch", async () => {
  const { kpn, calls } = fetchUnderTest();
  const request = () =>
    new Request(`https://api-prd.kpn.com${PATH}`, { ...POST, headers: { "x-request-id": "1" } });
  const members = ["method", "headers", "body", "signal"];
  for (const member of members) {
    await (await kpn(request(), { [member]: undefined })).body?.cancel();
  }
  for (const { method, headers, body } of calls()) {
    assertEquals([method, headers["x-request-id"], body], ["POST", "1", "number=447700900000"]);
  }
  assertEquals(calls().length, members.length);
  const aborted = new Request(request(), { signal: AbortSignal.abort("mine") });
  const thrown = await kpn(aborted, { signal: undefined } as unknown as RequestInit)
    .catch((error) => error);
  assertEquals([thrown, calls().length], ["mine", members.length]);
});

Deno.test("a Request given as init is not silently sent as a GET", async () => {
  const { kpn, calls } = fetchUnderTest();
  const init = new Request("https://api-prd.kpn.com/", POST) as unknown as RequestInit;
  const outcome = await kpn(PATH, init).then(
    (response) => response.body?.cancel(),
    (error) => error,
  );
  const [call] = calls();
  assert(call ? call.method === "POST" && call.body !== "" : outcome instanceof TypeError);
});

Deno.test("headers are merged in every form that fetch takes, and the caller's stay untouched", async () => {
  const { kpn, calls } = fetchUnderTest();
  const forms: HeadersInit[] = [
    { "X-Request-Id": "7" },
    [["x-request-id", "7"]],
    new Headers({ "x-request-id": "7" }),
  ];
  for (const headers of forms) {
    const before = JSON.stringify([...new Headers(headers)]);
    await (await kpn(PATH, { ...POST, headers })).body?.cancel();
    assertEquals(JSON.stringify([...new Headers(headers)]), before);
    assertEquals(calls().at(-1)!.headers["x-request-id"], "7");
  }
});

Deno.test("B28: a token goes to allowed origins only; the refusal names the origin and the option", async () => {
  const { kpn, mock } = fetchUnderTest();
  const refused = [
    ["https://api-prd.kpn.com.evil.example/x", "https://api-prd.kpn.com.evil.example"],
    ["//evil.example/x", "https://evil.example"],
    ["\\\\evil.example/x", "https://evil.example"],
    ["https://api-prd.kpn.com@evil.example/", "https://evil.example"],
    ["http://api-prd.kpn.com/", "http://api-prd.kpn.com"],
    ["https://api-prd.kpn.com:8443/", "https://api-prd.kpn.com:8443"],
    ["https://API-PRD.KPN.COM.:443/", "https://api-prd.kpn.com."],
    ["https://evil.example\t/x", "https://evil.example"],
    ["data:text/plain,hello", "null"],
    ["blob:https://evil.example/0", "https://evil.example"],
    ["file:///etc/passwd", "null"],
    ["javascript:alert(1)", "null"],
  ];
  for (const [url, origin] of refused) {
    const inputs = [url!, new URL(url!, "https://api-prd.kpn.com")];
    for (const input of inputs) {
      const { message } = await assertRejects(() => kpn(input), TypeError, ` ${origin}:`);
      assertMatch(message, /Cannot send a token to .* origins/);
    }
  }
  await assertRejects(() => kpn(new Request("https://evil.example/x", POST)), TypeError, "evil");
  assertEquals(mock.requests.length, 0);
});

Deno.test("B28: a blob: URL of an allowed origin, or a user in it, does not pass for the origin", async () => {
  const { kpn, mock } = fetchUnderTest();
  for (
    const url of [
      "blob:https://api-prd.kpn.com/0",
      "https://user:pass@api-prd.kpn.com/",
      "https://user@api-prd.kpn.com/",
    ]
  ) {
    const { message } = await assertRejects(() => kpn(url), TypeError);
    assert(!message.includes("pass@"));
  }
  assertEquals(mock.requests.length, 0);
});

Deno.test("B28: origins are compared as origins, https only but for loopback and on the caller's word", async () => {
  const sent: string[] = [];
  const fetch = (url: string) => (sent.push(url), Promise.resolve(new Response("ok")));
  const origins = ["https://one.example:443/", new URL("http://localhost:1/x"), "http://[::1]:2"];
  const { source } = sourceUnderTest();
  const kpn = authorizedFetch(source, { origins, fetch });
  for (const url of ["/a?b#c", "https://ONE.example/", "http://localhost:1/", "http://[::1]:2/"]) {
    assertEquals((await kpn(url)).status, 200);
  }
  assertEquals(sent[0], "https://one.example/a?b#c");
  for (const origin of ["http://one.example", "ftp://one.example", "one.example", "data:,x", ""]) {
    assertThrows(() => authorizedFetch(source, { origins: [origin] }), TypeError, "origins");
  }
  const open = { origins: ["http://mock:8080"], allowInsecureHttp: true, fetch };
  assertEquals((await authorizedFetch(source, open)("/x")).status, 200);
});

Deno.test("B44: a caller's own authorization is left alone: no token, no replay, and still the origin check", async () => {
  const { kpn, mock, calls } = fetchUnderTest();
  const headers = { Authorization: "Basic abc" };
  const request = new Request(`https://api-prd.kpn.com${PATH}`, { ...POST, headers });
  for (const response of [await kpn(PATH, { ...POST, headers }), await kpn(request)]) {
    assertEquals(response.status, 401);
    await response.body?.cancel();
  }
  assertEquals(calls().map((call) => call.headers["authorization"]), ["Basic abc", "Basic abc"]);
  assertEquals([mock.mints, mock.requests.length], [0, 2]);
  await assertRejects(() => kpn("https://evil.example/", { headers }), TypeError);
});

Deno.test("B15: fetch is called as a bare function with a string, and redirect: manual whatever was asked", async () => {
  const { source } = sourceUnderTest();
  const seen: unknown[] = [];
  const fetch = function (this: unknown, url: unknown, init: RequestInit) {
    seen.push(this, typeof url, init.redirect);
    return Promise.resolve(new Response(null, { status: 302, headers: { location: "/y" } }));
  };
  const kpn = authorizedFetch(source, { fetch });
  const response = await kpn(new Request("https://api-prd.kpn.com/x"), { redirect: "follow" });
  assertEquals([response.status, response.headers.get("location")], [302, "/y"]);
  assertEquals(seen, [undefined, "string", "manual"]);
});

Deno.test("B49: without a token the API is not called", async () => {
  const { kpn, mock, calls } = fetchUnderTest();
  mock.respondNext("invalid_client", { to: "token" });
  const { code } = await assertRejects(() => kpn(PATH, POST), KpnAuthError);
  await assertRejects(() => kpn(PATH, POST), KpnAuthError);
  assertEquals([code, calls().length], ["invalid_client", 0]);
});

Deno.test("a call without a signal asks its source for a token and says no more", async () => {
  const asked: unknown[][] = [];
  const { source } = sourceUnderTest();
  const token: typeof source.token = (...call) => {
    asked.push(call);
    return source.token(...call);
  };
  const kpn = authorizedFetch({ token }, { fetch: () => Promise.resolve(new Response()) });
  await kpn("/x");
  assertEquals(asked, [[undefined]]);
});
