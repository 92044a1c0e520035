import { createTokenSource, KpnAuthError, type TokenSource } from "../../mod.ts";
import { durableObjectSource, TokenObject } from "../../src/stores/durable_object.ts";
import { inVirtualTime } from "../../scripts/virtual_time.ts";
import { mockKpn } from "../../src/mock/mock.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "../support/assert.ts";
import { CREDENTIALS } from "../support/credentials.ts";
import { assertSpyCalls, spy } from "../support/mock.ts";
import { type Failure, startWorkers, type Workers } from "../support/workers.ts";

const failureOf = (asked: Promise<unknown>): Promise<Failure> =>
  asked.then(() => assert(false, "it succeeded") as never, (error: Failure) => error);

/** Each has an object of its own, by name, so that none disturbs another. */
const IN_WORKERD: Readonly<Record<string, (workers: Workers, name: string) => Promise<void>>> = {
  async "B53: callers in three isolates, cold, mint once through one object"(workers, name) {
    const before = workers.mock.mints;
    const tokens = await Promise.all(
      Array.from({ length: 60 }, (_, n) => workers.ask("/object/token", [name, {}], n % 3)),
    );
    assertEquals(new Set(tokens.map(({ value }) => value)).size, 1);
    assertEquals(workers.mock.mints - before, 1);
  },

  async "B9: a caller's rejected token travels to the object, and a late one does not mint again"(
    workers,
    name,
  ) {
    const rejected = await workers.ask("/object/token", [name, {}]);
    const before = workers.mock.mints;
    const renewed = await Promise.all(
      Array.from(
        { length: 20 },
        (_, n) => workers.ask("/object/token", [name, { rejected }], n % 2),
      ),
    );
    assertEquals(new Set(renewed.map(({ value }) => value)).size, 1);
    assertNotEquals(renewed[0].value, rejected.value);
    assertEquals(workers.mock.mints - before, 1);
  },

  async "the object's error reaches the caller as itself, its cool-down too"(workers, name) {
    const before = workers.mock.requests.length;
    workers.mock.respondNext("invalid_client_500", { to: "token" });
    const error = await failureOf(workers.ask("/object/token", [name, {}]));
    assertEquals(error.name, "KpnAuthError");
    assertEquals(error.code, "invalid_client");
    assertEquals(error.retryable, false);
    assertEquals(error.status, 500);
    assertEquals(error.transactionId, "mock-transaction-id");
    assertEquals(error.retryAfter, 60_000);
    assert(error.message.includes("The next token request follows in 60 s"), error.message);
    const next = await failureOf(workers.ask("/object/token", [name, {}], 1));
    assertEquals(next.code, "invalid_client");
    assertEquals(workers.mock.requests.length - before, 1);
  },

  async "B12: the client that started the mint leaves; the next gets the token of that mint"(
    workers,
    name,
  ) {
    const before = workers.mock.requests.length;
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    workers.mock.respondNext(async (request) => {
      asked.resolve();
      await answer.promise;
      return await tokenAnswer(request.url, request.body);
    }, { to: "token" });
    const gone = new AbortController();
    const first = workers.ask("/object/token", [name, {}], 0, gone.signal).catch(() => "gone");
    await asked.promise;
    const second = workers.ask("/object/token", [name, {}], 1);
    gone.abort();
    assertEquals(await first, "gone");
    answer.resolve();
    assertEquals(typeof (await second).value, "string");
    assertEquals(workers.mock.requests.length - before, 1);
  },

  async "an object that gives no answer in time, or that is another, is an error and no hang"(
    workers,
    name,
  ) {
    const before = workers.mock.requests.length;
    const answer = Promise.withResolvers<void>();
    workers.mock.respondNext(async (request) => {
      await answer.promise;
      return await tokenAnswer(request.url, request.body);
    }, { to: "token" });
    const late = await failureOf(workers.ask("/object/token", [name, {}, 50]));
    assertEquals([late.name, late.code, late.retryable], ["KpnAuthError", "timeout", true]);
    const next = workers.ask("/object/token", [name, {}]);
    answer.resolve();
    assertEquals(typeof (await next).value, "string");
    assertEquals(workers.mock.requests.length - before, 1);
    const stranger = await failureOf(workers.ask("/stranger/token", [name]));
    assertEquals([stranger.name, stranger.code], ["KpnAuthError", "invalid_response"]);
  },
};

Deno.test("a Durable Object in workerd mints for all isolates", async (context) => {
  await using workers = await startWorkers(3);
  for (const [name, check] of Object.entries(IN_WORKERD)) {
    await context.step(name, () => check(workers, name));
  }
});

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
    createTokenSource({
      clientId: "APP_CLIENT_ID",
      clientSecret: "APP_CLIENT_SECRET",
      fetch: mock.fetch,
      now,
    }),
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
  time += 2;
  assertEquals((await source.token()).value, first.value); // asks the object, which refreshes in the background
  await settled();
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
  for (const left of [240_000, 30_000, 10_001]) {
    time = first.expiresAt - left;
    assertEquals((await source.token()).value, first.value);
    await Promise.all(background.splice(0));
  }
  time = first.expiresAt - 10_000;
  assertEquals((await failureOf(source.token())).code, "network_error");
  down = false;
  assertNotEquals((await source.token()).value, first.value);
});

Deno.test("what is no TokenObject is called so, whatever it answers", async () => {
  const answers = [{ error: "not found" }, { error: {} }, "text", null, [1], { error: null }];
  for (const answer of answers) {
    const foreign = { fetch: () => Promise.resolve(Response.json(answer)) };
    const { code, message } = await failureOf(durableObjectSource(() => foreign).token());
    assertEquals([code, message.includes("no TokenObject")], ["invalid_response", true]);
  }
});

/** A token as the mock gives it, without being counted there. */
async function tokenAnswer(url: string, body: string): Promise<Response> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return await mockKpn().fetch(url, { method: "POST", headers, body });
}
