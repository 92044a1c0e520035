/** Any API behind the mock: routes of one's own, and upstreams; the mock is the gateway. */

import { readQuota, TOKEN_ENDPOINTS } from "kpn-auth";
import { type MockKpn, mockKpn, type MockKpnOptions } from "kpn-auth/testing";
import { assert, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";

const KPN = "https://api-prd.kpn.com";
const SMS = `${KPN}/communication/kpn/sms/send`;

/** A call with a token of the mock's. */
async function call(mock: MockKpn, url: string, init: RequestInit = {}): Promise<Response> {
  const token = await (await mock.fetch(TOKEN_ENDPOINTS.gateway, {
    method: "POST",
    body: new URLSearchParams({ client_id: "APP_CLIENT_ID", client_secret: "APP_CLIENT_SECRET" }),
  })).json();
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token.access_token}`);
  return await mock.fetch(url, { method: "POST", redirect: "manual", ...init, headers });
}

/** A mock before an upstream that tells what it was sent. */
function before(upstream: (url: string, init: RequestInit) => Response | Promise<Response>) {
  return (options: MockKpnOptions = { upstream: "http://127.0.0.1:4010" }) =>
    mockKpn({ fetch: async (url, init) => await upstream(url, init), ...options });
}

Deno.test("a route answers once the token has passed, with the gateway's headers", async () => {
  const seen: string[] = [];
  const mock = mockKpn({
    routes: {
      "POST /communication/kpn/sms/send": async (request) => {
        seen.push(`${request.headers.get("x-request-id")} ${await request.text()}`);
        return Response.json({ sent: true }, { status: 201 });
      },
    },
  });
  const refused = await mock.fetch(SMS, { method: "POST", body: "x" });
  assertEquals([refused.status, seen], [401, []]);
  await refused.body?.cancel();
  const response = await call(mock, SMS, { body: "Hallo", headers: { "x-request-id": "mine" } });
  assertEquals([response.status, await response.json()], [201, { sent: true }]);
  assertEquals(seen, ["mine Hallo"]);
  assertEquals(response.headers.get("x-request-id"), "mine");
  assertEquals(readQuota(response)?.used, 1);
  assertEquals(
    mock.requests[2]?.answer?.why,
    "route POST /communication/kpn/sms/send",
  );
});

Deno.test("a route is found by method and path, a star stands for any rest, and it goes before Number Insight", async () => {
  const mock = mockKpn({
    routes: {
      "get /a/*": () => new Response("get"),
      "/a/*": () => new Response("any"),
      "/communication/nexmo/number-insight/basic": () => new Response("mine"),
    },
  });
  const text = async (path: string, method = "GET") =>
    await (await call(mock, KPN + path, { method })).text();
  assertEquals([await text("/a/b/c"), await text("/a/b", "PUT")], ["get", "any"]);
  assertEquals(await text("/communication/nexmo/number-insight/basic", "POST"), "mine");
});

Deno.test("a route that throws, or gives nothing, is told so", async () => {
  const routes = {
    "/throws": () => {
      throw new Error("oops");
    },
    "/nothing": () => undefined as unknown as Response,
  };
  const mock = mockKpn({ routes });
  assertMatch(await (await call(mock, `${KPN}/throws`)).text(), /\/throws threw: oops/);
  assertMatch(await (await call(mock, `${KPN}/nothing`)).text(), /returned no Response/);
});

Deno.test("where there is neither a route nor an upstream, KPN's 404 says how to add one", async () => {
  const response = await mockKpn().fetch(SMS, { method: "POST" });
  const answer = await response.json();
  assertEquals(response.status, 404);
  assertMatch(answer.fault.detail.errorcode, /ApplicationNotFound/);
  assertMatch(answer.hint, /routes: \{ "POST \/communication\/kpn\/sms\/send".*--upstream/);
});

Deno.test("an upstream gets the call as it came, and its answer is handed on", async () => {
  const sent: { url: string; init: RequestInit }[] = [];
  const mock = before((url, init) => {
    sent.push({ url, init });
    const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
    headers.set("connection", "close, X-Answer-Hop");
    headers.set("x-answer-hop", "1");
    headers.set("content-encoding", "gzip"); // which fetch has undone
    return new Response("teapot", { status: 418, headers });
  })();
  const response = await call(mock, `${SMS}?a=1&b=%20`, {
    method: "PUT",
    body: "Hallo",
    headers: {
      "content-type": "text/x",
      "connection": "keep-alive, X-Call-Hop",
      "x-call-hop": "1",
      "accept-encoding": "br",
    },
  });
  assertEquals([response.status, await response.text()], [418, "teapot"]);
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
  for (const name of ["connection", "x-answer-hop", "content-encoding"]) {
    assertEquals(response.headers.get(name), null);
  }
  assert(response.headers.get("x-request-id"));
  const [{ url, init }] = sent as [typeof sent[0]];
  assertEquals(url, "http://127.0.0.1:4010/communication/kpn/sms/send?a=1&b=%20");
  const headers = new Headers(init.headers);
  assertMatch(headers.get("authorization") ?? "", /^Bearer /);
  assertEquals([headers.get("content-type"), headers.get("connection")], ["text/x", null]);
  assertEquals(headers.get("x-call-hop"), null); // RFC 9110 section 7.6.1
  assertEquals([init.method, init.redirect], ["PUT", "manual"]);
});

Deno.test("an upstream's status over 599 is a 502 that says so", async () => {
  const answer = Object.defineProperty(new Response("odd"), "status", { value: 700 });
  const response = await call(before(() => answer)(), SMS, { method: "POST" });
  assertEquals(response.status, 502);
  assertMatch(await response.text(), /The upstream http:\/\/127.0.0.1:4010 answered 700/);
});

Deno.test("an upstream of a base path gets the rest of the path; the longest base path wins", async () => {
  const mock = before((url) => new Response(url))({
    upstream: {
      "/": "http://127.0.0.1:1",
      "/communication/kpn": new URL("http://127.0.0.1:2/base/"),
      "/communication/kpn/sms/": "http://localhost:3",
      "/communication/nexmo/number-insight/": "http://[::1]:4",
    },
  });
  const where = async (path: string) => await (await call(mock, KPN + path)).text();
  assertEquals(await where("/communication/kpn/sms/send?x=1"), "http://localhost:3/send?x=1");
  assertEquals(await where("/communication/kpn/smsx"), "http://127.0.0.1:2/base/smsx");
  assertEquals(await where("/kpn/sim-swap"), "http://127.0.0.1:1/kpn/sim-swap");
  assertEquals(await where("/communication/nexmo/number-insight/basic"), "http://[::1]:4/basic");
});

Deno.test("an upstream for all paths leaves Number Insight to the mock", async () => {
  const mock = before(() => new Response("upstream"))();
  const response = await call(mock, `${KPN}/communication/nexmo/number-insight/basic`, {
    body: new URLSearchParams({ number: "447700900000" }),
  });
  assertEquals((await response.json()).country_code, "GB");
});

Deno.test("a body over 1 MiB reaches the upstream whole, as a stream", async () => {
  let size = 0;
  const mock = before(async (_url, init) => {
    assert(init.body instanceof ReadableStream);
    for await (const chunk of init.body) size += chunk.length;
    return new Response(null, { status: 204 });
  })();
  const response = await call(mock, SMS, { body: new Uint8Array(10_000_000) });
  assertEquals([response.status, size], [204, 10_000_000]);
  assertEquals(mock.requests[1]?.bytesDropped, 1_048_576 - 16_384);
});

Deno.test("an upstream that does not answer is a 502 that says so; scripted failures go before it", async () => {
  const mock = before(() => {
    throw new TypeError("fetch failed", {
      cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
    });
  })();
  const response = await call(mock, SMS);
  assertEquals(response.status, 502);
  assertMatch(await response.text(), /http:\/\/127\.0\.0\.1:4010 did not answer: ECONNREFUSED/);
  mock.respondNext("quota", { to: "api" });
  assertEquals((await call(mock, SMS)).status, 429);
});

Deno.test("an upstream is on this machine, unless it is allowed elsewhere", async () => {
  const wrong: [MockKpnOptions["upstream"], string][] = [
    ["http://prism:4010", "allowRemoteUpstream"],
    ["http://127.0.0.1.evil.example", "allowRemoteUpstream"],
    ["127.0.0.1:4010", "http"],
    ["nonsense", "is not a URL"],
    ["http://127.0.0.1/?a=1", "more than an origin"],
    [{ "kpn/sms": "http://127.0.0.1:1" }, "does not begin with"],
  ];
  for (const [upstream, words] of wrong) {
    assertThrows(() => mockKpn({ upstream }), TypeError, words);
  }
  const mock = before((url) => new Response(url))({
    upstream: "http://prism:4010",
    allowRemoteUpstream: true,
  });
  assertEquals(await (await call(mock, `${KPN}/a`)).text(), "http://prism:4010/a");
  assertThrows(() => mockKpn({ routes: { "nowhere": () => new Response() } }), TypeError, "route");
});

Deno.test("what a route or an upstream throws is quoted, whatever it is", async () => {
  for (const [thrown, words] of [["no route", "no route"], [new Error("down"), "down"]] as const) {
    const route = mockKpn({ routes: { "/x": () => Promise.reject(thrown) } });
    const failed = await call(route, `${KPN}/x`);
    assertEquals(failed.status, 500);
    assertMatch(await failed.text(), new RegExp(`The route /x threw: ${words}`));
  }
  const upstream = before(() => Promise.reject(new Error("socket hang up")))();
  const unanswered = await call(upstream, `${KPN}/x`);
  assertEquals(unanswered.status, 502);
  assertMatch(await unanswered.text(), /did not answer: socket hang up\. Is it running\?/);
});

Deno.test("an upstream that is neither http nor https is refused", () => {
  assertThrows(
    () => mockKpn({ upstream: "ftp://127.0.0.1" }),
    TypeError,
    'the upstream "ftp://127.0.0.1" is neither http nor https',
  );
});

Deno.test("an upstream may leave a body beyond 1 MiB unread", async () => {
  let left: unknown;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1_048_576)),
    cancel: (reason) => void (left = reason),
  });
  const mock = before(async (_url, init) => {
    await (init.body as ReadableStream).cancel("enough");
    return new Response(null, { status: 413 });
  })();
  const response = await call(mock, `${KPN}/x`, { body, duplex: "half" } as RequestInit);
  assertEquals([response.status, left], [413, "enough"]);
});
