/** B75: what test environments replace, and what stubs leave out: it works, or a sentence says what is missing. */

import { authorizedFetch, KpnAuthError, readTokenResponse, requestToken } from "../mod.ts";
import { mockKpn } from "../src/mock/mock.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";

const WIRE = { access_token: "s3ntinel", expires_in: "3599" };
// deno-lint-ignore no-explicit-any -- only the value of a token is used
const source = { token: (): Promise<any> => Promise.resolve({ value: "t" }) };

/** A signal of a library's own class, as jsdom's is. What is known of a class is remembered: each test has its own. */
function foreignSignal() {
  return new class ForeignSignal extends EventTarget {
    aborted = false;
    reason: unknown = undefined;
    abort(reason: unknown) {
      Object.assign(this, { aborted: true, reason });
      this.dispatchEvent(new Event("abort"));
    }
  }();
}

const asSignal = (signal: EventTarget) => signal as AbortSignal;

Deno.test("B75: fetch gets a signal of the runtime's own class, which follows a foreign one", async () => {
  const foreign = foreignSignal();
  const reason = new Error("left");
  const given: AbortSignal[] = [];
  const kpn = authorizedFetch(source, {
    fetch: (_url, { signal }) => (given.push(signal), Promise.resolve(new Response())),
  });
  await kpn("/x", { signal: asSignal(foreign) });
  await kpn("/x", { signal: asSignal(foreign) });
  assert(given[0] instanceof AbortSignal && !given[0].aborted);
  assertStrictEquals(given[1], given[0]); // a signal for all calls gets one listener
  foreign.abort(reason);
  assertEquals([given[0].aborted, given[0].reason], [true, reason]);

  const { signal } = new AbortController();
  // A class that nothing is known of yet.
  Object.setPrototypeOf(signal, { __proto__: AbortSignal.prototype, constructor: class {} });
  await kpn("/x", { signal });
  assertStrictEquals(given[2], signal);
});

Deno.test("B75: where Request takes no signal of the runtime's own, a foreign one is given as it is", async () => {
  const { Request } = globalThis;
  const given: AbortSignal[] = [];
  const kpn = authorizedFetch(source, {
    fetch: (_url, { signal }) => (given.push(signal), Promise.resolve(new Response())),
  });
  try {
    globalThis.Request = class {
      constructor() {
        throw new TypeError("not a signal of mine");
      }
    } as unknown as typeof Request;
    const signal = asSignal(foreignSignal());
    await kpn("/x", { signal });
    assertStrictEquals(given[0], signal);
  } finally {
    globalThis.Request = Request;
  }
});

Deno.test("B75: a foreign signal that has aborted ends a call before anything is sent", async () => {
  const foreign = foreignSignal();
  foreign.abort("left");
  let sent = 0;
  const kpn = authorizedFetch(source, {
    fetch: () => (sent++, Promise.resolve(new Response())),
  });
  const left = await kpn("/x", { signal: asSignal(foreign) }).catch((reason) => reason);
  assertEquals([left, sent], ["left", 0]);
});

Deno.test("B75: a signal ends a call also where fetch ignores it, as happy-dom's does during a preflight", async () => {
  for (const signal of [new AbortController(), foreignSignal()]) {
    const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>();
    const kpn = authorizedFetch(source, { fetch: () => (asked(), new Promise(() => {})) });
    const call = kpn("/x", { signal: "signal" in signal ? signal.signal : asSignal(signal) })
      .catch((reason) => reason);
    await isAsked;
    signal.abort("left");
    assertEquals(await call, "left");
  }
});

/** What a test's own fetch may give instead of a Response; each of them holds a token. */
const STUBS: Readonly<Record<string, object>> = {
  "status, headers and json": { status: 200, headers: new Headers(), json: async () => await WIRE },
  "status and json": { status: 200, json: async () => await WIRE },
  "ok and json": { ok: true, json: async () => await WIRE },
  "json alone": { json: async () => await WIRE },
  "a json that waits for nothing": { json: () => WIRE },
  "status and text": { status: 200, text: async () => await JSON.stringify(WIRE) },
  "text alone": { text: () => JSON.stringify(WIRE) },
  "a text as body": { status: 200, body: JSON.stringify(WIRE) },
  "bytes as body": { status: 200, body: new TextEncoder().encode(JSON.stringify(WIRE)) },
  "headers in a record": {
    ok: true,
    headers: { "content-type": "application/json" },
    json: () => WIRE,
  },
  "headers in a Map": { ok: true, headers: new Map([["a", "b"]]), json: () => WIRE },
};

for (const [name, stub] of Object.entries(STUBS)) {
  Deno.test(`B75: a token is read from a stub with ${name}`, async () => {
    const fetch = () => Promise.resolve(stub);
    assertEquals((await requestToken({ ...CREDENTIALS, fetch })).value, "s3ntinel");
    assertEquals(await readTokenResponse(stub), WIRE);
  });
}

Deno.test("B75: a stub's error is read like any other, its headers in whatever form", async () => {
  const fault = { ErrorCode: "invalid_client", Error: "ClientId is Invalid" };
  for (
    const headers of [undefined, { "x-request-id": "id-1" }, new Map([["x-request-id", "id-1"]])]
  ) {
    const stub = { status: 401, headers, json: () => fault };
    const fetch = () => Promise.resolve(stub);
    const error = await assertRejects(() => requestToken({ ...CREDENTIALS, fetch }), KpnAuthError);
    assertEquals(error.code, "invalid_client");
    assertEquals(error.transactionId, headers && "id-1");
  }
});

Deno.test("B75: a json() that finds no JSON is an unusable answer, not the network's fault", async () => {
  let posts = 0;
  const fetch = () => {
    posts++;
    return Promise.resolve({ status: 200, json: () => JSON.parse("<html>") });
  };
  const error = await assertRejects(() => requestToken({ ...CREDENTIALS, fetch }), KpnAuthError);
  assertEquals([error.code, posts], ["invalid_response", 1]);
});

Deno.test("B75: an API's stub is handed back as it came, without ok as well", async () => {
  for (const stub of [{ status: 200, json() {} }, { json() {} }, { status: 204, headers: {} }]) {
    let sent = 0;
    const kpn = authorizedFetch(source, { fetch: () => (sent++, Promise.resolve(stub)) });
    assertStrictEquals(await kpn("/x") as unknown, stub);
    assertEquals(sent, 1);
  }
});

Deno.test("B75: a stub's rejected token is known by its headers, in a record as well", async () => {
  let tokens = 0;
  // deno-lint-ignore no-explicit-any -- only the value of a token is used
  const source = { token: (): Promise<any> => Promise.resolve({ value: `t${++tokens}` }) };
  const rejected = { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } };
  const stubs: object[] = [rejected, { status: 200, json() {} }];
  const kpn = authorizedFetch(source, { fetch: () => Promise.resolve(stubs.shift()) });
  assertEquals([(await kpn("/x")).status, stubs.length], [200, 0]);
});

Deno.test("B75: where there is no fetch, as in Jest's jsdom, that is what is said, and nothing is tried again", async () => {
  const { fetch } = globalThis;
  const words = "there is no global `fetch` here. Pass one as the option fetch.";
  try {
    Object.assign(globalThis, { fetch: undefined });
    const error = await assertRejects(() => requestToken(CREDENTIALS), KpnAuthError, words);
    assertEquals([error.code, error.retryable], ["network_error", false]);
    await assertRejects(() => authorizedFetch(source)("/x"), KpnAuthError, words);
  } finally {
    Object.assign(globalThis, { fetch });
  }
});

Deno.test("B75: a stub's JSON is read without TextDecoder, which Jest's jsdom does not have", async () => {
  const { TextDecoder } = globalThis;
  try {
    Object.assign(globalThis, { TextDecoder: undefined });
    assertEquals(await readTokenResponse({ ok: true, json: () => WIRE }), WIRE);
  } finally {
    Object.assign(globalThis, { TextDecoder });
  }
});

Deno.test("B75: the mock names the class that it lacks", () => {
  const { Response } = globalThis;
  try {
    Object.assign(globalThis, { Response: undefined });
    const error = (() => {
      try {
        return mockKpn();
      } catch (error) {
        return error;
      }
    })();
    assert(error instanceof TypeError);
    assertEquals(
      error.message,
      "Cannot make a mock: there is no global `Response` here. In Jest, use the environment node.",
    );
  } finally {
    Object.assign(globalThis, { Response });
  }
});
