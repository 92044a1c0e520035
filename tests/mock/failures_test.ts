/** B37: the mock can fail in every listed way, once or often, at once or late, and leaves nothing behind. */

import { type FaultCode, readFault, TOKEN_ENDPOINTS } from "kpn-auth";
import { type MockFailure, type MockKpn, mockKpn } from "kpn-auth/testing";
import golden from "../golden/faults.json" with { type: "json" };
import { assertEquals, assertMatch, assertRejects, assertThrows } from "../support/assert.ts";

function ask(mock: MockKpn, init: RequestInit = {}): Promise<Response> {
  return mock.fetch(TOKEN_ENDPOINTS.gateway, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET",
    redirect: "manual",
    ...init,
  });
}

for (const [name, { status, code, envelope }] of Object.entries(golden)) {
  Deno.test(`B37: scripted, ${name} comes once, as KPN sends it`, async () => {
    const mock = mockKpn();
    mock.respondNext(name as MockFailure);
    const response = await ask(mock);
    assertEquals(response.status, status);
    const fault = await readFault(response);
    assertEquals([fault?.code, fault?.envelope], [code, envelope]);
    await response.body?.cancel();
    const next = await ask(mock);
    assertEquals(next.status, 200);
    await next.body?.cancel();
  });
}

/** The library's own names; a redirect is no fault to `readFault`. */
const CODES: Readonly<Record<Exclude<FaultCode, "redirected">, true>> = {
  invalid_client: true,
  not_approved: true,
  key_expired: true,
  invalid_request: true,
  invalid_token: true,
  not_entitled: true,
  rate_limited: true,
  not_found: true,
  access_denied: true,
  proxy_refused: true,
  server_error: true,
  invalid_response: true,
};

Deno.test("B37: every code of the library's names an answer that it reads so", async () => {
  for (const code of Object.keys(CODES)) {
    const mock = mockKpn();
    mock.respondNext(code as MockFailure);
    const response = await ask(mock);
    assertEquals((await readFault(response))?.code, code);
    await response.body?.cancel();
  }
  const mock = mockKpn();
  mock.respondNext("redirected");
  assertEquals((await ask(mock)).status, 302);
});

/** Answers that are none, with the status 200: what stands in them. */
const NONSENSE: readonly (readonly [MockFailure, RegExp])[] = [
  ["html", /^<html>/],
  ["empty", /^$/],
  ["broken_json", /^\{"access_token":"half$/],
  ["error_in_200", /"ErrorCode":"invalid_client"/],
  ["oversized", /^.{100000,}$/],
];

for (const [failure, text] of NONSENSE) {
  Deno.test(`B37: scripted, ${failure} comes with status 200`, async () => {
    const mock = mockKpn();
    mock.respondNext(failure);
    const response = await ask(mock);
    assertEquals(response.status, 200);
    assertMatch(await response.text(), text);
    assertEquals(mock.mints, 0);
  });
}

Deno.test("B37: redirect comes as it is with redirect: manual, and rejects where it would be followed", async () => {
  const mock = mockKpn();
  mock.respondNext("redirect", { times: 3 });
  const response = await ask(mock);
  assertEquals([response.status, response.headers.get("location")], [
    302,
    "https://evil.example/token",
  ]);
  await assertRejects(
    () => ask(mock, { redirect: "follow" }),
    TypeError,
    "would follow a redirect",
  );
  await assertRejects(
    () => ask(mock, { redirect: "error" }),
    TypeError,
    "would follow a redirect",
  );
});

Deno.test("B37: dropped rejects as fetch does, with a cause", async () => {
  const mock = mockKpn();
  mock.respondNext("dropped");
  const error = await assertRejects(() => ask(mock), TypeError, "fetch failed");
  assertEquals((error.cause as { code: string }).code, "ECONNRESET");
  assertEquals(mock.requests.length, 1);
});

Deno.test("B37: truncated breaks while its body is read", async () => {
  const mock = mockKpn();
  mock.respondNext("truncated");
  const response = await ask(mock);
  assertEquals(response.status, 200);
  await assertRejects(() => response.text(), TypeError, "half-way");
});

Deno.test("B37: stalled sends half a body, and breaks when the caller gives up", async () => {
  const mock = mockKpn();
  mock.respondNext("stalled");
  const caller = new AbortController();
  const response = await ask(mock, { signal: caller.signal });
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), '{"access_tok');
  const rest = reader.read();
  caller.abort(new Error("enough"));
  await assertRejects(() => rest, Error, "enough");
});

Deno.test("B37: never is over when the caller gives up", async () => {
  const mock = mockKpn();
  mock.respondNext("never");
  const caller = new AbortController();
  const answer = ask(mock, { signal: caller.signal });
  caller.abort(new Error("enough"));
  await assertRejects(() => answer, Error, "enough");
});

Deno.test("an aborted signal sends nothing", async () => {
  const mock = mockKpn();
  await assertRejects(
    () => ask(mock, { signal: AbortSignal.abort(new Error("before")) }),
    Error,
    "before",
  );
  assertEquals(mock.requests.length, 0);
});

Deno.test("B37: never is over at once for a caller who gave up before", async () => {
  const mock = mockKpn();
  mock.respondNext("never");
  const signal = AbortSignal.abort(new Error("before"));
  const request = new Request(TOKEN_ENDPOINTS.gateway, { method: "POST", signal });
  await assertRejects(() => mock.handle(request), Error, "before");
});

Deno.test("B37: a late answer lets a later request's answer pass", async () => {
  const mock = mockKpn();
  mock.respondNext("ok", { delay: 3_600_000 });
  const caller = new AbortController();
  const late = ask(mock, { signal: caller.signal });
  assertEquals((await ask(mock)).status, 200);
  caller.abort(new Error("enough"));
  await assertRejects(() => late, Error, "enough");
});

Deno.test("B37: a late answer comes, and leaves no timer behind if the caller gives up", async () => {
  const mock = mockKpn();
  mock.respondNext("ok", { delay: 1 });
  assertEquals((await ask(mock)).status, 200);
  mock.respondNext("ok", { delay: 3_600_000 });
  const caller = new AbortController();
  const answer = ask(mock, { signal: caller.signal });
  while (mock.requests.length < 2) await Promise.resolve();
  caller.abort(new Error("enough"));
  await assertRejects(() => answer, Error, "enough"); // the op sanitizer knows of the timer
});

Deno.test("B37: scripts hold for their kind of request and their number of times, in order", async () => {
  const mock = mockKpn();
  mock.respondNext("camara", { to: "api" });
  mock.respondNext("unavailable", { to: "token", times: 2 });
  mock.respondNext(() => new Response("mine", { status: 418 }));
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await ask(mock)).status);
  assertEquals(statuses, [503, 503, 418, 200]);
  const api = await mock.fetch("https://api-prd.kpn.com/anything");
  assertEquals(api.status, 404);
  assertMatch(await api.text(), /SIM_SWAP/);
});

Deno.test("an answer of one's own sees the request; times: Infinity never ends", async () => {
  const mock = mockKpn();
  mock.respondNext(({ body }) => new Response(body.split("&")[0]), { times: Infinity });
  for (let i = 0; i < 3; i++) {
    assertEquals(await (await ask(mock)).text(), "client_id=APP_CLIENT_ID");
  }
});

Deno.test("what cannot be scripted is refused at once", () => {
  const mock = mockKpn();
  const refused = (work: () => void, words: string) => assertThrows(work, TypeError, words);
  refused(() => mock.respondNext("teapot" as MockFailure), "Cannot script an answer");
  refused(() => mock.respondNext("toString" as MockFailure), "Cannot script an answer");
  refused(() => mock.respondNext("ok", { times: 0 }), "times");
  refused(() => mock.respondNext("ok", { times: 1.5 }), "times");
  refused(() => mock.respondNext("ok", { delay: -1 }), "delay");
  refused(() => mock.respondNext("ok", { to: "both" as "api" }), "to must be");
});

Deno.test("B37: a caller's own signal keeps no listener of the mock", async () => {
  const mock = mockKpn();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const request = new Request(TOKEN_ENDPOINTS.gateway, { method: "POST" });
  Object.defineProperty(request, "signal", { value: signal });
  mock.respondNext("ok", { delay: 1 });
  await (await mock.handle(request)).body?.cancel();
  assertEquals(listeners, 0);
});

Deno.test("a scripted answer that is no text is refused with the names that are known", () => {
  for (const answer of [5, undefined]) {
    const { message } = assertThrows(() => mockKpn().respondNext(answer as never), TypeError);
    assertMatch(message, new RegExp(`there is no answer ${answer}; known: .*invalid_client`));
  }
});

Deno.test("what a scripted function throws is recorded, and is the call's error", async () => {
  for (
    const [thrown, why] of [
      ["no answer of mine", "no answer: no answer of mine"],
      [new Error("broken"), "no answer: broken"],
      [new Error("broken", { cause: new Error("pipe") }), "no answer: broken: pipe"],
    ] as const
  ) {
    const mock = mockKpn();
    mock.respondNext(() => Promise.reject(thrown));
    assertEquals(await ask(mock).catch((error) => error), thrown);
    assertEquals(mock.requests[0]?.answer?.why, why);
  }
});
