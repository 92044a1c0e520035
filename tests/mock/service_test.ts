/** The mock as a service: bounded memory (B88), several clients, aimed scripts, a clock, a reset (B89). */

import { TOKEN_ENDPOINTS } from "kpn-auth";
import { type MockKpn, mockKpn, type RecordedRequest } from "kpn-auth/testing";
import { assert, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";

const INSIGHT = "https://api-prd.kpn.com/communication/nexmo/number-insight/basic";

/** Asks for a token, and gives the answer's body. */
async function ask(
  mock: MockKpn,
  { id = "APP_CLIENT_ID", secret = "APP_CLIENT_SECRET", requestId = "", more = "" } = {},
): Promise<{ status: number; token: string; level: string }> {
  const form = { client_id: id, client_secret: secret, ...more && { more } };
  const response = await mock.fetch(TOKEN_ENDPOINTS.gateway, {
    method: "POST",
    headers: requestId ? { "x-request-id": requestId } : {},
    body: new URLSearchParams(form),
  });
  const { access_token: token, level } = await response.json().catch(() => ({}));
  return { status: response.status, token, level };
}

async function call(mock: MockKpn, token: string): Promise<Response> {
  return await mock.fetch(INSIGHT, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: new URLSearchParams({ number: "447700900000" }),
  });
}

Deno.test("B88: the last 1,000 requests are kept, and what was dropped is counted", async () => {
  const mock = mockKpn();
  for (let i = 0; i < 1_003; i++) await ask(mock, { requestId: `${i}` });
  assertEquals([mock.requests.length, mock.requestsDropped], [1_000, 3]);
  assertEquals(mock.requests[0]?.headers["x-request-id"], "3");
});

Deno.test("B88: of a body 16 KiB are kept, no half character among them, and the rest is counted", async () => {
  const mock = mockKpn();
  const body = `a${"é".repeat(20_000)}`;
  await (await mock.fetch(TOKEN_ENDPOINTS.gateway, { method: "POST", body })).body?.cancel();
  assertEquals(mock.requests[0]?.body, `a${"é".repeat(8_191)}`);
  assertEquals(mock.requests[0]?.bytesDropped, 40_001 - 16_384);
});

Deno.test("B88: a long form is read as a whole, though its record is cut", async () => {
  const mock = mockKpn();
  assertEquals((await ask(mock, { more: "x".repeat(100_000) })).status, 200);
  assert(mock.requests[0]!.bytesDropped > 80_000);
});

Deno.test("of a body that goes on and on, only the first MiB is read", async () => {
  const mock = mockKpn();
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const request = new Request(TOKEN_ENDPOINTS.gateway, { method: "POST", headers, body });
  const response = await mock.handle(request);
  assertEquals(response.status, 413);
  assert(sent < 1_300_000, `${sent}`);
  assertEquals(mock.requests[0]?.body.length, 16_384);
  await response.body?.cancel();
});

Deno.test("B88: callbacks are bounded too", async () => {
  const mock = mockKpn({ fetch: () => Promise.resolve(new Response(null)) });
  const { token } = await ask(mock);
  for (let i = 0; i < 1_002; i++) {
    const response = await mock.fetch(INSIGHT.replace("basic", "advanced/async"), {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams({ number: "1", callback: "http://127.0.0.1:9/" }),
    });
    await response.body?.cancel();
  }
  assertEquals(mock.callbacks.length, 1_000);
  await Promise.all(mock.callbacks);
});

Deno.test("B89: several clients at once, each with its tier and its own token", async () => {
  const mock = mockKpn({
    clients: [{ clientId: "project", clientSecret: "p", level: "prod" }, {
      clientId: "sandbox",
      clientSecret: "s",
    }],
  });
  assertEquals((await ask(mock)).level, "demo");
  assertEquals((await ask(mock, { id: "project", secret: "p" })).level, "prod");
  assertEquals((await ask(mock, { id: "sandbox", secret: "s" })).level, "demo");
  assertEquals((await ask(mock, { id: "sandbox", secret: "p" })).status, 401);
  const { token } = await ask(mock, { id: "project", secret: "p" });
  await (await call(mock, token)).body?.cancel();
  assertEquals(mock.requests.map(({ clientId }) => clientId), [
    "APP_CLIENT_ID",
    "project",
    "sandbox",
    "sandbox",
    "project",
    "project",
  ]);
  assertEquals(mock.requests[3]?.answer, {
    status: 401,
    why: "invalid_client: the secret is wrong",
  });
  const twice = { clients: [{ clientId: "APP_CLIENT_ID", clientSecret: "x" }] };
  assertThrows(() => mockKpn(twice), TypeError, "given twice");
});

Deno.test("B89: a script is for the requests that it is aimed at, so that tests run side by side", async () => {
  const mock = mockKpn({ clients: [{ clientId: "other", clientSecret: "o" }] });
  mock.respondNext("unavailable", { requestId: "of-this-test" });
  mock.respondNext("server_error", { client: "other", to: "api" });
  mock.respondNext("quota", { path: "/communication/nexmo/*", method: "get" });
  mock.respondNext("spike_arrest", { path: "/oauth/grip/msm/accesstoken" });
  const mine = await ask(mock);
  const theirs = await ask(mock, { id: "other", secret: "o" });
  assertEquals([mine.status, theirs.status], [200, 200]);
  assertEquals((await call(mock, mine.token)).status, 200);
  assertEquals((await call(mock, theirs.token)).status, 500);
  assertEquals((await call(mock, theirs.token)).status, 200);
  assertEquals((await ask(mock, { requestId: "of-this-test" })).status, 503);
  const get = await mock.fetch(INSIGHT);
  assertEquals(get.status, 429);
  const msm = await mock.fetch(TOKEN_ENDPOINTS.msm, { method: "POST" });
  assertEquals(msm.status, 429);
  const why = mock.requests.map(({ answer }) => answer?.why);
  assertEquals(why[3], "scripted: server_error");
});

Deno.test("B89: what is misspelt in a script is refused, with the nearest name", () => {
  const mock = mockKpn();
  const script = (answer: string, options = {}) => () => mock.respondNext(answer as "ok", options);
  assertThrows(script("unavailble"), TypeError, 'did you mean "unavailable"?');
  assertThrows(script("Invalid-Client"), TypeError, 'did you mean "invalid_client"?');
  assertThrows(script("ok", { tmies: 2 }), TypeError, 'did you mean "times"?');
  assertThrows(script("ok", { "x-request-id": "a" }), TypeError, 'did you mean "requestId"?');
  assertThrows(script("ok", { wherever: 1 }), TypeError, "known: to, method, path");
  assertThrows(script("ok", { times: "2" }), TypeError, 'not "2"');
  assertThrows(script("ok", { path: "oauth" }), TypeError, 'path must begin with "/"');
  assertThrows(script("ok", { client: 7 }), TypeError, "client must be a string, not 7");
  assertThrows(script("ok", { delay: 2 ** 31 }), TypeError, "delay must be from 0");
});

Deno.test("B89: the clock is put forward, and a token expires by it", async () => {
  const mock = mockKpn({ now: () => 1_000 });
  const { token } = await ask(mock);
  mock.advance(3_598_999);
  assertEquals((await call(mock, token)).status, 200);
  mock.advance(1);
  const late = await call(mock, token);
  assertMatch(await late.text(), /access_token_expired/);
  assertEquals([mock.now(), mock.requests[2]?.time], [3_600_000, 3_600_000]);
  for (const wrong of [-1, NaN, Infinity, "1" as unknown as number]) {
    assertThrows(() => mock.advance(wrong), RangeError, "Cannot advance the clock");
  }
});

Deno.test("B89: a reset mock is as new", async () => {
  const mock = mockKpn({ now: () => 0 });
  const { token } = await ask(mock);
  mock.advance(5);
  mock.respondNext("unavailable", { times: Infinity });
  mock.reset();
  assertEquals([mock.requests.length, mock.mints, mock.now(), mock.requestsDropped], [0, 0, 0, 0]);
  assertEquals((await call(mock, token)).status, 401);
  assertEquals((await ask(mock)).token, token, "the sequence of tokens begins again");
});

Deno.test("each request is told once it is answered, its record complete, no secret in its reason", async () => {
  const told: RecordedRequest[] = [];
  const mock = mockKpn({ onAnswer: (request) => told.push(request) });
  await ask(mock);
  await ask(mock, { secret: "not-the-secret" });
  mock.respondNext("dropped");
  await ask(mock).catch(() => {});
  assertEquals(told.map(({ answer }) => answer), [
    { status: 200, why: "token 1, for APP_CLIENT_ID" },
    { status: 401, why: "invalid_client: the secret is wrong" },
    { why: "no answer: fetch failed: read ECONNRESET" },
  ]);
  assert(told[0] === mock.requests[0]);
});

Deno.test("what is told of a request shows no secret that was sent in the wrong place", async () => {
  const secret = "s3cretInTheWrongPlace";
  const form = "application/x-www-form-urlencoded";
  const requests: [body: string, query?: string, type?: string][] = [
    [JSON.stringify({ client_id: "APP_CLIENT_ID", client_secret: secret })], // by curl -d
    [`client_id=APP_CLIENT_ID&${secret}`],
    [`${secret}=&${secret}=`],
    ["", `&${secret}&${secret}`],
    ["", "", `${form}; client_secret=${secret}`],
  ];
  for (const strict of [false, true]) {
    const mock = mockKpn({ strict });
    for (const [body, query = "", type = form] of requests) {
      const response = await mock.fetch(TOKEN_ENDPOINTS.gateway + query, {
        method: "POST",
        headers: { "content-type": type },
        body,
      });
      const { answer, differences } = mock.requests.at(-1)!;
      const said = JSON.stringify([answer, differences, await response.text()]);
      assert(!said.includes(secret), said);
    }
  }
});
