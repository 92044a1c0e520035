/** The Durable Object and its client in one process; in workerd they are in `tests/stores`. */

import {
  createTokenSource,
  KpnAuthError,
  type TokenSource,
  type TokenSourceOptions,
} from "../mod.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { mockKpn } from "../src/mock/mock.ts";
import {
  durableObjectSource,
  type DurableObjectSourceOptions,
  TokenObject,
} from "../src/stores/durable_object.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import type { DurableObjectNamespace } from "./support/wrangler_types.ts";
import { assertSpyCalls, spy } from "./support/mock.ts";

const failureOf = (asked: Promise<unknown>): Promise<KpnAuthError> =>
  asked.then(() => assert(false, "it succeeded") as never, (error: KpnAuthError) => error);

/** The `fetch` of an object in this process. */
function objectHere(source: TokenSource) {
  const object = new TokenObject(source);
  return spy((url: string, init: RequestInit) => object.fetch(new Request(url, init)));
}

Deno.test("its client keeps a token until it ages, then asks until the object has a new one", async () => {
  let time = Date.now();
  const now = () => time;
  const mock = mockKpn({ now });
  const fetch = objectHere(
    createTokenSource({ ...CREDENTIALS, fetch: mock.fetch, now }),
  );
  const background: Promise<unknown>[] = [];
  const settled = () => Promise.all(background.splice(0));
  const source = durableObjectSource(() => ({ fetch }), {
    now,
    waitUntil: (work) => void background.push(work),
  });
  const first = await source.token();
  await settled();
  time += 3_599_000 - 240_001;
  assertEquals(await source.token(), first);
  assertSpyCalls(fetch, 1);
  time += 1;
  assertEquals((await source.token()).value, first.value); // asks the object, which refreshes in the background
  await settled();
  assertSpyCalls(fetch, 2);
  let next = first;
  for (let asks = 0; next.value === first.value && asks < 10; asks++) {
    time += 10_000; // it asks no sooner for what it did not get
    next = await source.token();
    await settled();
  }
  assertNotEquals(next.value, first.value);
  const before = fetch.calls.length;
  assertEquals(await source.token({ rejected: first }), next); // a late 401
  assertSpyCalls(fetch, before);
  assertEquals(mock.mints, 2);
});

Deno.test("its client tells a broken object from a caller who left, without the token", async () => {
  const broken = { fetch: () => Promise.reject(new Error("reset while it held s3ntinel")) };
  const error = await assertRejects(
    () => durableObjectSource(() => broken).token({ rejected: { value: "s3ntinel" } }),
    KpnAuthError,
    "Durable Object failed",
  );
  assertEquals([error.code, error.retryable], ["network_error", true]);
  assertEquals(Deno.inspect(error).includes("s3ntinel"), false);

  await inVirtualTime(async ({ now, sleep, timers }) => {
    const hanging = { fetch: () => new Promise<never>(() => {}) };
    const source = durableObjectSource(() => hanging, { now });
    const caller = new AbortController();
    const reason = new Error("left");
    const left = failureOf(source.token({ signal: caller.signal }));
    caller.abort(reason);
    assertEquals(await left as Error, reason);
    await sleep(12_000);
    assertEquals(timers(), 0);
  });
});

Deno.test("B60: a token that is valid is served though the object cannot be reached", async () => {
  let time = Date.now();
  const now = () => time;
  const fetch = objectHere(
    createTokenSource({ ...CREDENTIALS, fetch: mockKpn({ now }).fetch, now }),
  );
  let down = false;
  const background: Promise<unknown>[] = [];
  const source = durableObjectSource(() => {
    if (down) throw new Error("Network connection lost.");
    return { fetch };
  }, { now, waitUntil: (work) => void background.push(work) });
  const first = await source.token();
  down = true;
  for (const left of [240_000, 30_000, 10_001, 10_000, 1]) {
    time = first.expiresAt - left;
    assertEquals((await source.token()).value, first.value);
    await Promise.all(background.splice(0));
  }
  time = first.expiresAt;
  assertEquals((await failureOf(source.token())).code, "network_error");
  down = false;
  assertNotEquals((await source.token()).value, first.value);
});

Deno.test("what is no TokenObject is called so, whatever it answers", async () => {
  const answers = [{ error: "not found" }, { error: {} }, "text", null, [1], { error: null }];
  for (const answer of answers) {
    const foreign = { fetch: () => Promise.resolve(Response.json(answer)) };
    const { code, message } = await failureOf(durableObjectSource(() => foreign).token());
    assertEquals([code, message.includes("not a TokenObject")], ["invalid_response", true]);
  }
});

/** A client of an object in this process, whose source asks a mock. */
function clientUnderTest(options: DurableObjectSourceOptions = {}) {
  const now = () => 1_000_000_000_000;
  const mock = mockKpn({ now });
  const fetch = objectHere(
    createTokenSource({ ...CREDENTIALS, fetch: mock.fetch, now, random: () => 0 }),
  );
  return { mock, fetch, source: durableObjectSource(() => ({ fetch }), { now, ...options }) };
}

Deno.test("B9: a rejected token travels to the object, and is never handed out in spite of that", async () => {
  const { source, mock, fetch } = clientUnderTest();
  const first = await source.token();
  const second = await source.token({ rejected: first });
  assertNotEquals(second.value, first.value);
  assertEquals((await source.token()).value, second.value);
  assertEquals([mock.mints, fetch.calls.length], [2, 2]);
  const [asked, rejecting] = fetch.calls.map((
    { args: [url, { method, body }] },
  ) => [url, method, body]);
  assertEquals(asked, ["https://kpn-auth", "POST", "{}"]);
  assertEquals(rejecting![2], JSON.stringify({ rejected: { value: first.value } }));
});

Deno.test("what the object's source throws is thrown here, with all that it says", async () => {
  const { source, mock } = clientUnderTest();
  mock.respondNext("invalid_client_500", { to: "token" });
  const error = await assertRejects(() => source.token(), KpnAuthError);
  assertEquals([error.code, error.status, error.retryable], ["invalid_client", 500, false]);
  assertEquals([error.transactionId, error.envelope], ["mock-transaction-id", "kpn"]);
  assertEquals(error.retryAfter, 60_000);
  assert(error.message.includes("The next token request follows in 60 s"), error.message);
});

Deno.test("the object is waited for as long as its own source may take, or as the caller says", () =>
  inVirtualTime(async ({ now, sleep }) => {
    for (const timeout of [undefined, 500]) {
      const ms = timeout ?? 12_000;
      let given: AbortSignal | undefined;
      const hanging = {
        fetch: (_url: string, { signal }: RequestInit) => {
          given = signal!;
          return new Promise<never>(() => {});
        },
      };
      const since = now();
      const asked = failureOf(durableObjectSource(() => hanging, { now, timeout }).token());
      await sleep(ms - 1);
      assertEquals(given!.aborted, false);
      const { code, message, retryable } = await asked;
      assertEquals([code, retryable, now() - since], ["timeout", true, ms]);
      assertEquals(message, `Cannot get a token: the Durable Object took over ${ms} ms.`);
      assert(given!.aborted, "the request is given up");
    }
    for (const timeout of [-1, Infinity]) {
      assertThrows(() => durableObjectSource(() => ({} as never), { timeout }), RangeError);
    }
  }));

Deno.test("its client tells its events, and has the origin that it is given", async () => {
  const events: string[] = [];
  const { source, mock } = clientUnderTest({
    origin: "https://gateway.example",
    onEvent: ({ type }) => events.push(type),
  });
  assertEquals(source.origin, "https://gateway.example");
  assertEquals(clientUnderTest().source.origin, undefined);
  const second = await source.token({ rejected: await source.token() });
  mock.respondNext("invalid_client", { to: "token" });
  await assertRejects(() => source.token({ rejected: second }), KpnAuthError);
  assertEquals(events, ["tokenRejected", "tokenRejected", "mintFailed"]);
});

Deno.test("what another object answers is named, whatever it looks like", async () => {
  const answers = [
    { error: "not found" },
    { error: { code: "BadRequest", name: "x", message: "m" } },
    { error: { code: "not_found" } },
    [],
    null,
  ];
  for (const answer of answers) {
    let asked = 0;
    const foreign = { fetch: () => (asked++, Promise.resolve(Response.json(answer))) };
    const error = await assertRejects(
      () => durableObjectSource(() => foreign).token(),
      KpnAuthError,
      "is not a TokenObject",
    );
    assertEquals([error.code, asked], ["invalid_response", 1]);
  }
});

/** A source of an object in memory, whose own source has these options. */
function through(options: Partial<TokenSourceOptions>) {
  const object = new TokenObject(createTokenSource({ ...CREDENTIALS, retries: 0, ...options }));
  return durableObjectSource(() => ({
    fetch: (url, init) => object.fetch(new Request(url, init)),
  }));
}

Deno.test("B24: an error of the object's source arrives with its cause", async () => {
  const fetch = () => Promise.reject(new TypeError("fetch failed"));
  const { code, cause } = await assertRejects(() => through({ fetch }).token(), KpnAuthError);
  assertEquals([code, (cause as Error).message], ["network_error", "fetch failed"]);
});

Deno.test("a mistake in the object is an error with a code", async () => {
  const waitUntil = () => {
    throw new TypeError("Illegal invocation");
  };
  const error = await assertRejects(() => through({ waitUntil }).token(), KpnAuthError);
  assertEquals(error.code, "network_error");
  assertStringIncludes(error.message, "Pass the ctx that has it");
});

Deno.test("B28: an origin on http beyond loopback is refused", () => {
  for (const origin of ["http://api.example.com", "file:///x", "api.example.com"]) {
    assertThrows(
      () => durableObjectSource(() => ({ fetch: () => Promise.reject() }), { origin }),
      TypeError,
      `Cannot use origin "${origin}"`,
    );
  }
});

/** An object as a Worker exports it. */
class KpnToken extends TokenObject {
  constructor() {
    super(createTokenSource({ ...CREDENTIALS, fetch: mockKpn().fetch }));
  }
}

Deno.test("B77: the object fits the namespace that wrangler types writes, and its brand is a type alone", async () => {
  const object = new KpnToken();
  const namespace: Pick<DurableObjectNamespace<KpnToken>, "getByName"> = {
    getByName: () => ({ fetch: (input, init) => object.fetch(new Request(input, init)) }),
  };
  const { value } = await durableObjectSource(() => namespace.getByName("kpn")).token();
  assertEquals([typeof value, Object.keys(object)], ["string", []]);
  assertEquals("__DURABLE_OBJECT_BRAND" in object, false);
});

Deno.test("B77: 20 cold calls make one request to the object", async () => {
  const { source, fetch, mock } = clientUnderTest();
  const tokens = await Promise.all(Array.from({ length: 20 }, () => source.token()));
  assertEquals(new Set(tokens.map(({ value }) => value)).size, 1);
  assertEquals([fetch.calls.length, mock.mints], [1, 1]);
});
