import { KpnAuthError } from "../mod.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { createSingleFlight } from "../src/flight.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "./support/assert.ts";
import { deferred, sourceUnderTest } from "./support/source.ts";

const flightOn = (timeout: number, now: () => number) =>
  createSingleFlight<string>({ timeout, now, land() {} });

for (const callers of [1_000, 100_000]) {
  Deno.test(`B7: ${callers} callers on a cold source: one POST, and one token for all`, async () => {
    const { source, mock } = sourceUnderTest();
    const tokens = await Promise.all(Array.from({ length: callers }, () => source.token()));
    assertEquals([new Set(tokens).size, mock.requests.length], [1, 1]);
  });

  Deno.test(`B8: ${callers} callers, and the mint fails: one POST, all reject, the next call mints`, async () => {
    const { source, mock, told } = sourceUnderTest({ retries: 0 });
    mock.respondNext("unavailable");
    const herd = Array.from({ length: callers }, () => source.token());
    const outcomes = await Promise.allSettled(herd);
    const reasons = outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason);
    assertEquals([new Set(reasons).size, mock.requests.length], [1, 1]);
    assert(reasons[0] instanceof KpnAuthError);
    assertEquals(told(), ["mintStarted", "mintFailed"]);
    await source.token();
    assertEquals(mock.requests.length, 2);
  });
}

Deno.test("B8: a failure that comes late never clears a newer mint", async () => {
  const old = deferred<string>();
  const recent = deferred<string>();
  const clock = { now: 0 };
  const flight = flightOn(1_000, () => clock.now);
  const launch = (promise: Promise<string>) => () => flight.launch(() => promise);
  const left = flight.join(launch(old.promise));
  clock.now += 2_000; // the old one is dead
  const waiter = flight.join(launch(recent.promise));
  old.reject(new KpnAuthError("network_error", "late"));
  await assertRejects(() => left, KpnAuthError, "late");
  assertEquals(flight.busy(), true);
  const third = flight.join(() => Promise.reject(new Error("a third mint")));
  recent.resolve("token");
  assertEquals(await Promise.all([waiter, third]), ["token", "token"]);
});

Deno.test("B9: a late 401 for an old token does not throw away the new one", async () => {
  const { source, mock, clock, told, settled } = sourceUnderTest();
  const first = await source.token();
  const second = await source.token({ rejected: first });
  told();
  assertEquals(await source.token({ rejected: first }), second);
  assertEquals(await source.token({ rejected: { value: first.value } }), second);
  clock.now += 56 * 60_000; // the new one is ageing
  assertEquals(await source.token({ rejected: first }), second);
  await settled();
  assertEquals(mock.mints, 3); // a refresh, not a rejection
  assertEquals(told().includes("tokenRejected"), false);
});

Deno.test("B9: 50 parallel rejections of one token cause one mint", async () => {
  const { source, mock } = sourceUnderTest();
  const rejected = await source.token();
  const others = await Promise.all(Array.from({ length: 50 }, () => source.token({ rejected })));
  assertEquals([new Set(others).size, mock.mints], [1, 2]);
  assert(others[0]!.value !== rejected.value);
});

Deno.test("B9: a token that is rejected while it is being refreshed is not handed out again", async () => {
  const { source, mock, clock } = sourceUnderTest();
  const first = await source.token();
  clock.now += 56 * 60_000;
  const answer = deferred<Response>();
  mock.respondNext(() => answer.promise);
  assertEquals(await source.token(), first); // starts the refresh
  const waiting = source.token({ rejected: first });
  const alsoWaiting = source.token();
  answer.resolve(Response.json({ access_token: "new", expires_in: 3600 }));
  assertEquals(await alsoWaiting, first, "the held token serves everybody else");
  assertEquals((await waiting).value, "new");
  assertEquals(mock.requests.length, 2);
});

Deno.test("a refresh that fails is no outcome for those who joined it: they mint", async () => {
  const { source, mock, clock, told } = sourceUnderTest();
  const first = await source.token();
  told();
  clock.now += 56 * 60_000;
  const answer = deferred<Response>();
  mock.respondNext(() => answer.promise);
  await source.token();
  const waiting = source.token({ rejected: first });
  answer.resolve(new Response("", { status: 503 }));
  assert((await waiting).value !== first.value);
  const events = ["tokenRejected", "mintStarted", "refreshFailed", "mintStarted", "mintSucceeded"];
  assertEquals(told(), events);
});

Deno.test("B10: a caller's signal rejects that caller only, with its own reason", async () => {
  const { source, mock } = sourceUnderTest();
  const answer = deferred<Response>();
  mock.respondNext(() => answer.promise);
  const controller = new AbortController();
  const reason = { mine: true };
  const starter = source.token({ signal: controller.signal });
  const other = source.token();
  const before = source.token({ signal: AbortSignal.abort(reason) });
  assertStrictEquals(await before.catch((thrown) => thrown), reason);
  controller.abort(reason);
  assertStrictEquals(await starter.catch((thrown) => thrown), reason);
  answer.resolve(Response.json({ access_token: "a" }));
  assertEquals((await other).value, "a");
  assertStrictEquals(
    await source.token({ signal: AbortSignal.abort(reason) }).catch((thrown) => thrown),
    reason,
  );
  assertEquals(mock.requests.length, 1);
});

Deno.test("B10: the shared mint has a deadline of its own, also for a fetch that ignores its signal", async () => {
  const { source } = sourceUnderTest({ timeout: 20, fetch: () => new Promise(() => {}) });
  const herd = [source.token(), source.token()].map((call) => call.catch((error) => error));
  const [error, same] = await Promise.all(herd);
  assert(error instanceof KpnAuthError);
  assertEquals([error.code, same], ["timeout", error]);
});

Deno.test("B12: a waiter leaves a mint that never settles, mints for itself, and frees the slot", async () => {
  const flight = flightOn(10, Date.now);
  flight.launch(() => new Promise<string>(() => {})); // its request has ended
  let launches = 0;
  const launch = () => {
    launches++;
    return flight.launch(() => Promise.resolve("token"));
  };
  assertEquals(await flight.join(launch), "token");
  assertEquals([launches, flight.busy()], [1, false]);
});

Deno.test("B12: another call's mint that is rejected by no KpnAuthError is no outcome: three rounds, then an error", async () => {
  for (const foreign of [new Error("request has since ended"), undefined]) {
    const flight = flightOn(1_000, Date.now);
    let launches = 0;
    const launch = () => {
      launches++;
      return flight.launch(() => Promise.reject(foreign));
    };
    // In each round another waiter is the first, and launches what the others join.
    const waiters = Array.from({ length: 4 }, () => flight.join(launch).catch((error) => error));
    const [first, second, third, last] = await Promise.all(waiters);
    assertEquals([first, second, third], [foreign, foreign, foreign]);
    assert(last instanceof KpnAuthError);
    assertEquals([last.code, launches, flight.busy()], ["timeout", 3, false]);
    const why = foreign ? " (request has since ended)" : "";
    assertEquals(
      last.message,
      `Cannot get a token: another call's token request came to nothing${why}. ` +
        "On an edge runtime, pass waitUntil.",
    );
  }
});

Deno.test("a mistake in a program's own clock or randomness is thrown as it is, after one mint", async () => {
  for (const option of ["now", "random"]) {
    const mistake = new TypeError("is not a function");
    let broken = false;
    const given = () => {
      if (broken) throw mistake;
      return 0;
    };
    const { source, mock } = sourceUnderTest({
      [option]: given,
      fetch: (url, init) => (broken = true, mock.fetch(url, init)),
    });
    assertStrictEquals(await source.token().catch((error) => error), mistake);
    assertEquals(mock.requests.length, 1, option);
  }
});

Deno.test("clientSecret is asked once for each mint, however many wait, and never in between", async () => {
  let asked = 0;
  const { source, mock } = sourceUnderTest({ clientSecret: () => (asked++, "APP_CLIENT_SECRET") });
  mock.respondNext("unavailable", { times: 2 });
  const tokens = await Promise.all(Array.from({ length: 100 }, () => source.token()));
  await source.token();
  assertEquals([asked, mock.requests.length], [1, 3]);
  await source.token({ rejected: tokens[0]! });
  assertEquals(asked, 2);
});

Deno.test("a clientSecret that hangs, throws or returns rubbish is a KpnAuthError, and no lasting one", async () => {
  const answers: [() => unknown, string][] = [
    [() => new Promise(() => {}), "timeout"],
    [() => Promise.reject(new Error("vault is sealed")), "secret_unavailable"],
    [() => {
      throw undefined;
    }, "secret_unavailable"],
    [() => 42, "secret_unavailable"],
    [() => " padded ", "secret_unavailable"],
    [() => null, "secret_unavailable"],
  ];
  for (const [answer, expected] of answers) {
    let secret = answer as () => string;
    const { source, mock } = sourceUnderTest({ timeout: 200, clientSecret: () => secret() });
    const { code } = await assertRejects(() => source.token(), KpnAuthError);
    assertEquals([code, mock.requests.length], [expected, 0]);
    secret = () => "APP_CLIENT_SECRET";
    assertEquals((await source.token()).value.length, 28);
  }
});

Deno.test("B8: what lands is the newest run's, never that of one whose place was taken", async () => {
  const clock = { now: 0 };
  const landed: string[] = [];
  const flight = createSingleFlight<string>({
    timeout: 1_000,
    now: () => clock.now,
    land: (value) => void landed.push(value),
  });
  const old = deferred<string>();
  const late = flight.launch(() => old.promise);
  clock.now += 2_000;
  assertEquals(flight.busy(), false, "it is dead");
  await flight.launch(() => Promise.resolve("new"));
  old.resolve("old");
  assertEquals([await late, landed], ["old", ["new"]]);

  const alone = deferred<string>();
  const slow = flight.launch(() => alone.promise);
  clock.now += 2_000;
  alone.resolve("late, and nothing newer");
  await slow;
  assertEquals(landed, ["new", "late, and nothing newer"]);
});

const RAN_OUT = "timeout (1000 ms) ran out while waiting for another call's token request";

Deno.test("B69: who waits in several rounds waits for one timeout in all; an orphan costs one more", () =>
  inVirtualTime(async ({ now, sleep, timers }) => {
    const flight = flightOn(1_000, now);
    /** Runs of other calls: each dies after 600 ms, when the next is in the air. */
    const others = (count: number) => {
      flight.launch(async () => {
        await sleep(600);
        if (count > 1) others(count - 1);
        throw undefined;
      }).catch(() => {});
    };
    const wait = (since?: number) =>
      assertRejects(() => flight.join(() => Promise.reject("never"), since), KpnAuthError, RAN_OUT);
    const since = now();
    others(3);
    await wait();
    assertEquals(now() - since, 1_100);
    await sleep(1_000);

    const before = now();
    others(3);
    await wait(before - 900);
    assertEquals(now() - before, 200);
    await sleep(2_000);

    const orphaned = now();
    flight.launch(() => new Promise(() => {}));
    const late = () => Promise.reject(new KpnAuthError("timeout", "its own deadline"));
    const own = () => flight.launch(() => sleep(1_000).then(late));
    await assertRejects(() => flight.join(own), KpnAuthError, "its own deadline");
    assertEquals(now() - orphaned, 2_100);
    assertEquals(timers(), 0);
  }));

Deno.test("a clock that is set back holds nobody longer than one timeout, and no orphan for ever", () =>
  inVirtualTime(async ({ now, timers }) => {
    let ahead = 0;
    const flight = flightOn(1_000, () => now() + ahead);
    flight.launch(() => new Promise(() => {}));
    ahead = -3_600_000;
    const since = now();
    assertEquals(await flight.join(() => flight.launch(() => Promise.resolve("token"))), "token");
    assertEquals([now() - since, timers()], [1_100, 0]);
  }));

Deno.test("B12: a run is in the air until 100 ms after its deadline, to the ms", async () => {
  let time = 0;
  const flight = flightOn(1_000, () => time);
  const run = flight.launch(() => Promise.resolve("t1"));
  const busy = [0, 1_099, 1_100].map((now) => (time = now, flight.busy()));
  assertEquals(busy, [true, true, false]);
  await run;
});

Deno.test("who waited for runs that all died is told so, with no words in parentheses", () =>
  inVirtualTime(async ({ now }) => {
    const flight = flightOn(1_000, now);
    const error = await assertRejects(
      () => flight.join(() => flight.launch(() => new Promise(() => {}))),
      KpnAuthError,
    );
    assertEquals([error.code, error.message.includes("(")], ["timeout", false]);
  }));
