import { mockKpn } from "../../src/mock/mock.ts";
import { assert, assertEquals, assertNotEquals } from "../support/assert.ts";
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

/** A token as the mock gives it, without being counted there. */
async function tokenAnswer(url: string, body: string): Promise<Response> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return await mockKpn().fetch(url, { method: "POST", headers, body });
}
