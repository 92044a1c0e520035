import { type AccessToken, KpnAuthError } from "../mod.ts";
import { inVirtualTime, type VirtualTime } from "../scripts/virtual_time.ts";
import { cached, type CachedOptions } from "../src/cached.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
} from "./support/assert.ts";
import { handlingAll, recorder, tokenOf } from "./support/layers.ts";
import { deferred } from "./support/source.ts";

const TIMEOUT = 10_000;
const MINUTE = 60_000;

type Asked = Parameters<Parameters<typeof cached>[0]>[0];

/** A cache over a layer that gives `t1`, `t2` … at once, unless `next` says what comes next. */
function cacheUnderTest({ now }: VirtualTime, options: Partial<CachedOptions> = {}) {
  const clock = { ahead: 0 };
  const { announce, heard } = recorder();
  const asked: Asked[] = [];
  const next: ((ask: Asked) => Promise<AccessToken>)[] = [];
  const background: Promise<unknown>[] = [];
  const time = () => now() + clock.ahead;
  const source = cached((ask) => {
    asked.push(ask);
    return next.shift()?.(ask) ?? Promise.resolve(tokenOf(`t${asked.length}`, time()));
  }, {
    timeout: TIMEOUT,
    margins: { ageing: 5 * MINUTE, stale: 10_000 },
    now: time,
    random: () => 0,
    announce,
    waitUntil: (work) => void background.push(work),
    ...options,
  });
  const get = async (rejected?: string) =>
    (await source.token(rejected === undefined ? undefined : { rejected: { value: rejected } }))
      .value;
  const settled = () => Promise.all(background.splice(0));
  return { source, get, asked, next, clock, heard, settled };
}

/** A test in virtual time, in which no promise is rejected unheard and no timer is left behind. */
function test(name: string, work: (time: VirtualTime) => Promise<void>): void {
  Deno.test(name, () =>
    handlingAll(() =>
      inVirtualTime(async (time) => {
        await work(time);
        await time.sleep(2 * TIMEOUT);
        assertEquals(time.timers(), 0, "a timer is left behind");
      })
    ));
}

const failing = (code: "server_error" | "rate_limited" = "server_error") => () =>
  Promise.reject(new KpnAuthError(code, "KPN is down"));
const hanging = () => new Promise<never>(() => {});

/** As a run of the grant: it ends by its own deadline. */
const inVain = ({ sleep }: VirtualTime) => () =>
  sleep(TIMEOUT).then(() => Promise.reject(new KpnAuthError("timeout", "KPN was too slow")));

// First in its file: Deno runs microtasks inside of a process's first setTimeout.
Deno.test("the wait of one turn is not taken for that of the next, also in a fresh process", async () => {
  const { get, next, asked } = cacheUnderTest({ now: Date.now } as VirtualTime);
  next.push(failing());
  await assertRejects(() => get(), KpnAuthError);
  assertEquals([await get(), asked.length], ["t2", 2]);
});

test("B55: the held token serves everybody else while it is being replaced, and if that fails", async (time) => {
  const { get, next, asked } = cacheUnderTest(time);
  assertEquals(await get(), "t1");
  const answer = deferred<AccessToken>();
  next.push(() => answer.promise, failing());
  const [replacement, another] = [get("t1"), get("older")];
  assertEquals(await Promise.all([get(), get()]), ["t1", "t1"]);
  answer.resolve(tokenOf("t2", time.now()));
  assertEquals([await replacement, await another, asked.length], ["t2", "t2", 2]);

  await assertRejects(() => get("t2"), KpnAuthError, "KPN is down");
  assertEquals(await get(), "t2", "the one who was rejected alone hears of it");
});

test("B55: an API that rejects everything harms nobody while the token endpoint fails for hours", async (time) => {
  const { get, next } = cacheUnderTest(time);
  assertEquals(await get(), "t1");
  next.push(...Array.from({ length: 10_000 }, () => failing("rate_limited")));
  for (let minute = 0; minute < 55; minute++) {
    await assertRejects(() => get("t1"), KpnAuthError);
    assertEquals(await get(), "t1");
    await time.sleep(MINUTE);
  }
});

test("B56: during the pause the held token is not replaced, and serves who rejects another one", async (time) => {
  const { get, asked, heard } = cacheUnderTest(time);
  for (const value of ["t1", "t2"]) await get(value);
  assertEquals(await get("t2"), "t3");
  const error = await assertRejects(() => get("t3"), KpnAuthError);
  assertEquals([error.code, error.retryAfter! <= MINUTE], ["invalid_token", true]);
  assertEquals(heard().filter((type) => type === "tokenRejected").length, 2, "t1 was nobody's yet");
  assertEquals([await get("t1"), await get("t2"), await get()], ["t3", "t3", "t3"]);
  assertEquals(asked.length, 3);
  await time.sleep(error.retryAfter!);
  assertEquals(await get("t3"), "t4");
});

test("B56: who rejects another token during the pause is served though the run in the air fails", async (time) => {
  const { get, next } = cacheUnderTest(time);
  await get();
  await get("t1");
  const answer = deferred<AccessToken>();
  next.push(() => answer.promise);
  const [replacement, late] = [get("t2"), get("t1")];
  answer.reject(new KpnAuthError("server_error", "KPN is down"));
  await assertRejects(() => replacement, KpnAuthError, "KPN is down");
  assertEquals(await late, "t2");
});

test("B61: none that was rejected comes back, whatever the layer below gives", async (time) => {
  const { get, next, asked } = cacheUnderTest(time);
  assertEquals(await get(), "t1");
  assertEquals(await get("t1"), "t2");
  next.push(() => Promise.resolve(tokenOf("t1", time.now()))); // as a store that is eventually consistent
  const error = await assertRejects(() => get("t2"), KpnAuthError);
  assertEquals([error.code, error.retryAfter], ["invalid_token", MINUTE]);
  await time.sleep(MINUTE);
  assertEquals(await get("t2"), "t4");
  assertEquals(asked.length, 4);
});

test("B61: a late 401 for an older token makes it forget none", async (time) => {
  const { get, next } = cacheUnderTest(time);
  await get();
  assertEquals(await get("t1"), "t2");
  const answer = deferred<AccessToken>();
  next.push((ask) => {
    assertEquals(["t1", "t2", "t3"].map((value) => ask.spares(tokenOf(value, time.now()))), [
      false,
      false,
      true,
    ]);
    return answer.promise;
  });
  const [replacement, late] = [get("t2"), get("t1")];
  answer.resolve(tokenOf("t3", time.now()));
  assertEquals([await replacement, await late], ["t3", "t3"]);
});

test("B9: the layer below hears which token was rejected, also if a late 401 asks", async (time) => {
  const { get, next, asked } = cacheUnderTest(time);
  await get();
  await get("t1");
  next.push(failing());
  await assertRejects(() => get("t2"), KpnAuthError);
  await time.sleep(MINUTE);
  assertEquals(await get("t1"), "t4");
  assertEquals(asked.map(({ rejected }) => rejected), [undefined, "t1", "t2", "t2"]);
});

test("B69: the timeout is total for who joins a refresh that hangs, and for who is rejected again and again", async (time) => {
  const { get, next, settled } = cacheUnderTest(time);
  await get();
  await time.sleep(3_400_000);
  next.push(inVain(time), inVain(time));
  assertEquals(await get(), "t1"); // starts the refresh
  await time.sleep(2_000);
  const since = time.now();
  const error = await assertRejects(() => get("t1"), KpnAuthError);
  assertEquals([error.code, time.now() - since], ["timeout", TIMEOUT + 100]);
  await settled();

  // Each replacement takes four seconds, and is one that was rejected.
  const { sleep, now } = time;
  const slow = cacheUnderTest(time);
  await slow.get("stale");
  slow.next.push(
    ...Array.from({ length: 3 }, () => () => sleep(7_000).then(() => tokenOf("stale", now()))),
  );
  const before = now();
  await assertRejects(() => slow.get("t1"), KpnAuthError);
  assert(now() - before <= TIMEOUT + 100, `${now() - before} ms`);
});

test("B12: a run that its runtime orphaned costs its waiters one timeout more", async (time) => {
  const { get, next } = cacheUnderTest(time);
  next.push(hanging);
  const since = time.now();
  assertEquals(await Promise.all([get(), get()]), ["t2", "t2"]);
  assertEquals(time.now() - since, TIMEOUT + 100);

  next.push(hanging, inVain(time));
  const error = await assertRejects(() => get("t2"), KpnAuthError);
  assertEquals([error.code, time.now() - since], ["timeout", 3 * TIMEOUT + 200]);
});

test("B66: a token of the future is neither served nor taken from another machine", async (time) => {
  const { get, clock, asked } = cacheUnderTest(time);
  await get();
  clock.ahead = -10_000;
  assertEquals(await get(), "t1");
  clock.ahead = -10_001;
  assertEquals(await get(), "t2");
  const { spares } = asked[1]!;
  const now = time.now() + clock.ahead;
  assertEquals([9_999.5, 10_000, 10_000.5].map((ahead) => spares(tokenOf("x", now + ahead))), [
    true,
    true,
    false,
  ]);
  clock.ahead = 3_600_000;
  assertEquals(await get(), "t3");
});

test("B66: a token that a clock's jump made unusable while it was minted is minted once more", async (time) => {
  for (const jump of [-3_600_000, 3_600_000]) {
    const { get, next, clock, asked } = cacheUnderTest(time);
    const mint = async () => {
      const requestedAt = time.now() + clock.ahead;
      await time.sleep(100);
      return tokenOf(`minted ${asked.length}`, requestedAt);
    };
    next.push(() => mint().finally(() => clock.ahead += jump), mint);
    assertEquals([await get(), asked.length], ["minted 2", 2]);
  }
});

test("B66: a run that a clock's jump outdated ends with the token of the run that replaced it", async (time) => {
  const { get, next, clock, asked } = cacheUnderTest(time);
  const since = time.now();
  next.push(() => time.sleep(100).then(() => tokenOf("outdated", since)));
  const waiting = get();
  await time.sleep(50);
  clock.ahead = 3_600_000;
  assertEquals([await get(), await waiting, asked.length], ["t2", "t2", 2]);
});

test("B66: a replacement that a clock's jump dates in the future takes no good token away", async (time) => {
  const { get, next, clock, asked } = cacheUnderTest(time);
  assertEquals(await get(), "t1");
  clock.ahead = 30_000;
  next.push(() => {
    const token = tokenOf("of the future", time.now() + clock.ahead);
    clock.ahead = -5_000;
    return Promise.resolve(token);
  }, failing());
  await get("t1").catch(() => {});
  assertEquals([await get(), asked.length], ["t1", 3]);
});

test("B3: a layer that gives expired tokens only is asked twice, and believed", async (time) => {
  const { get, next, asked } = cacheUnderTest(time);
  const expired = () => Promise.resolve(tokenOf("short", time.now() - 5, 5));
  next.push(expired, expired, expired);
  assertEquals([await get(), asked.length], ["short", 2]);
});

test("B56: a layer that gives nothing but the rejected token, and that one expired, is braked too", async (time) => {
  const { get, next, asked } = cacheUnderTest(time);
  next.push(
    ...Array.from({ length: 50 }, () => () => Promise.resolve(tokenOf("same", time.now() - 10, 5))),
  );
  const { code } = await assertRejects(() => get("same"), KpnAuthError);
  assertEquals(code, "invalid_token");
  assertEquals(asked.length, 4);
});

test("callers of one turn share one wait, and each can leave alone", async (time) => {
  const { source, asked, next } = cacheUnderTest(time);
  const answer = deferred<AccessToken>();
  next.push(() => answer.promise);
  const timers = time.timers();
  const herd = Array.from({ length: 100 }, () => source.token());
  assertEquals(time.timers() - timers, 1);
  const leaver = new AbortController();
  const left = source.token({ signal: leaver.signal });
  leaver.abort("left");
  assertStrictEquals(await left.catch((reason) => reason), "left");
  answer.resolve(tokenOf("t1", time.now()));
  assertEquals(new Set(await Promise.all(herd)).size, 1);
  assertEquals([asked.length, time.timers() - timers], [1, 0]);
});

test("waitUntil covers what goes on behind", async (time) => {
  const { get, next, settled } = cacheUnderTest(time);
  let done = false;
  next.push(({ behind }) => {
    behind(time.sleep(1_000).then(() => void (done = true)));
    return Promise.resolve(tokenOf("t1", time.now()));
  });
  assertEquals([await get(), done], ["t1", false]);
  await settled();
  assertEquals(done, true);
});

test("a clock that throws is the caller's error, and nobody else's", async (time) => {
  let broken = false;
  const { get, next, settled } = cacheUnderTest(time, {
    now() {
      if (broken) throw new RangeError("no time");
      return time.now();
    },
  });
  broken = true;
  await assertRejects(() => get(), RangeError, "no time");
  await assertRejects(() => get("t0"), RangeError, "no time");
  broken = false;
  next.push(() => {
    broken = true;
    return failing()();
  });
  await get().catch(() => {});
  broken = false;
  await settled();
  assertEquals((await get()).length, 2);
});

test("B17, B18: a listener that asks for a token while it hears an event breaks nothing", async (time) => {
  let asked = 0;
  const subject = cacheUnderTest(time, {
    announce: ({ type }) => {
      asked++;
      const rejected = type === "tokenRejected" ? "t1" : undefined;
      subject.get(rejected).catch(() => {});
    },
  });
  await subject.get();
  assertEquals(await subject.get("t1"), "t2");
  subject.next.push(failing(), failing());
  await assertRejects(() => subject.get("t2"), KpnAuthError);
  assertNotEquals(await subject.get(), "t1");
  await subject.settled();
  assert(asked >= 3 && asked < 10, `${asked} events`);
});

test("B11: a refresh that brought nothing is tried again after 10 s, and no sooner", async (time) => {
  const { get, next, clock, asked, settled } = cacheUnderTest(time);
  await get();
  clock.ahead = 56 * MINUTE;
  next.push(failing());
  for (const [ahead, asks] of [[0, 2], [9_999, 2], [10_000, 3]] as const) {
    clock.ahead = 56 * MINUTE + ahead;
    await get();
    await settled();
    assertEquals([ahead, asked.length], [ahead, asks]);
  }
});

test("a refresh adopts neither the token it renews nor another one that ages; a mint takes any that is good", async (time) => {
  const { get, next, clock, asked, settled } = cacheUnderTest(time);
  await get();
  const requestedAt = time.now();
  clock.ahead = 56 * MINUTE;
  next.push(failing());
  await get();
  await settled();
  const { renewing, spares } = asked[1]!;
  const fresh = requestedAt + MINUTE;
  assertEquals([renewing, spares(tokenOf("x", fresh)), spares(tokenOf("x", fresh + 1))], [
    true,
    false,
    true,
  ]);
  clock.ahead = 50 * MINUTE; // set back: now it looks fresh
  assertEquals([spares(tokenOf("t1", requestedAt)), spares(tokenOf("x", requestedAt))], [
    false,
    true,
  ]);

  clock.ahead = 60 * MINUTE - 10_000;
  await get();
  const minting = asked[2]!;
  assertEquals(minting.renewing, false);
  const stale = requestedAt;
  assertEquals([0, 1].map((later) => minting.spares(tokenOf("x", stale + later))), [false, true]);
});

test("B60: a stale token that has not expired is served if no other can be obtained", async (time) => {
  const { get, next, source } = cacheUnderTest(time);
  const first = await source.token();
  await time.sleep(first.expiresAt - time.now() - 8_000);
  next.push(failing(), failing());
  assertEquals(await get(), "t1");
  await time.sleep(7_999);
  assertEquals(await get(), "t1");
  await time.sleep(1);
  next.push(failing());
  await assertRejects(() => get(), KpnAuthError, "KPN is down");
});

test("B69: a token that has expired on arrival is asked for again within one timeout", async (time) => {
  const { get, next } = cacheUnderTest(time);
  const short = async () => {
    const requestedAt = time.now();
    await time.sleep(9_000);
    return { ...tokenOf("short", requestedAt), expiresAt: requestedAt + 1_000 };
  };
  next.push(short, short);
  const since = time.now();
  await assertRejects(() => get(), KpnAuthError);
  assertEquals(time.now() - since, TIMEOUT + 100);
});

test("B55: a revoked token is replaced 10 s after a replacement failed", async (time) => {
  const { get, next, asked } = cacheUnderTest(time);
  await get();
  next.push(failing());
  await assertRejects(() => get("t1"), KpnAuthError, "KPN is down");
  const { code, retryAfter } = await assertRejects(() => get("t1"), KpnAuthError);
  assertEquals([code, retryAfter, await get()], ["invalid_token", 10_000, "t1"]);
  await time.sleep(10_000);
  assertEquals([await get("t1"), asked.length], ["t3", 3]);
});

test("B12: an error of the package's other copy is an outcome, not the runtime's doing", async (time) => {
  const { get, next, asked } = cacheUnderTest(time);
  const foreign = Object.assign(new Error("no route"), {
    name: "KpnAuthError",
    code: "network_error",
  });
  next.push(() => Promise.reject(foreign));
  assertStrictEquals(await get().catch((error) => error), foreign);
  assertEquals(asked.length, 1);
});

test("B17: a waitUntil that rejects is nobody's error", async (time) => {
  const waitUntil = () => Promise.reject(new Error("late"));
  const { get } = cacheUnderTest(time, { waitUntil });
  assertEquals(await get(), "t1");
});

test("B69: a wait below the timeout counts, a longer one is a clock that jumped", async (time) => {
  for (const [wait, gives] of [[TIMEOUT - 1, "timeout"], [TIMEOUT, "later"]] as const) {
    const { get, next, clock } = cacheUnderTest(time);
    const later = () => time.sleep(200).then(() => tokenOf("later", time.now() + wait));
    next.push(() => {
      const requestedAt = time.now();
      clock.ahead += wait;
      return Promise.resolve(tokenOf("short", requestedAt, 1_000));
    }, later);
    assertEquals(await get().catch(({ code }) => code), gives);
  }
});

test("B11: a refresh that brings the token in hand once more is tried again after 10 s", async (time) => {
  const { source, get, next, clock, asked, settled } = cacheUnderTest(time);
  const first = await source.token();
  for (const [ahead, asks] of [[0, 2], [9_999, 2], [10_000, 3]] as const) {
    clock.ahead = 56 * MINUTE + ahead;
    next[0] = () => Promise.resolve(first);
    await get();
    await settled();
    assertEquals([ahead, asked.length], [ahead, asks]);
  }
});

test("B10: a replacement that fails after its caller has left is nobody's unhandled rejection", async (time) => {
  const leaver = new AbortController();
  const { source, next, settled } = cacheUnderTest(time, {
    announce: ({ type }) => type === "tokenRejected" && leaver.abort("left"),
  });
  const rejected = await source.token();
  next.push(failing());
  const { signal } = leaver;
  assertEquals(await source.token({ rejected, signal }).catch((reason) => reason), "left");
  await settled();
});

test("a run that fails after all of its turn have left is nobody's unhandled rejection", async (time) => {
  const leaver = new AbortController();
  const { source, next, settled } = cacheUnderTest(time, {
    now() {
      leaver.abort("left"); // after it was looked at, before anybody waits
      return time.now();
    },
  });
  next.push(failing());
  assertEquals(await source.token({ signal: leaver.signal }).catch((reason) => reason), "left");
  await settled();
});
