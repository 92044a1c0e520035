import {
  type AccessToken,
  createTokenSource,
  KpnAuthError,
  type KpnAuthEvent,
  TOKEN_ENDPOINTS,
  type TokenSourceOptions,
  type TokenStore,
} from "../mod.ts";
import { inVirtualTime, type VirtualTime } from "../scripts/virtual_time.ts";
import type { Layer } from "../src/grant.ts";
import { mockKpn } from "../src/mock/mock.ts";
import { stored, type StoredOptions } from "../src/stored.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import { askLayer, handlingAll, memoryStore, recorder, tokenOf } from "./support/layers.ts";
import { deferred, keyOf } from "./support/source.ts";

const never = () => new Promise<never>(() => {});

const empty: TokenStore = { get: () => Promise.resolve(undefined), set: () => Promise.resolve() };

/** The layer on `store` over a mint that takes `minting` ms, in virtual time. */
function storedOn(
  { now, sleep }: VirtualTime,
  store: TokenStore,
  { minting = 100, layer, ...options }: Partial<StoredOptions> & {
    minting?: number;
    layer?: Layer;
  } = {},
) {
  const { announce, events } = recorder();
  const behind: Promise<unknown>[] = [];
  let mints = 0;
  const mint: Layer = async () => {
    const requestedAt = now();
    mints++;
    await sleep(minting);
    return tokenOf(`minted ${mints}`, requestedAt);
  };
  const timeout = options.timeout ?? 10_000;
  const subject = stored(layer ?? mint, store, {
    timeout,
    now,
    random: () => 0.5,
    announce,
    keyOf: () => Promise.resolve("key"),
    ...options,
  });
  return {
    ask: (ask: Parameters<typeof askLayer>[2] = {}) =>
      askLayer(subject, { now, timeout }, { behind: (work) => void behind.push(work), ...ask }),
    mints: () => mints,
    /** Waits for what goes on behind. */
    settled: async () => {
      for (const work of behind) await work.catch(() => {});
    },
    /** What was announced of the store. */
    told: () =>
      events.splice(0).map((event) => {
        assert(event.type === "storeFailed", event.type);
        return `${event.operation}: ${event.reason}`;
      }),
  };
}

/** A test in virtual time, in which no promise is rejected unheard and no timer is left behind. */
function test(name: string, work: (time: VirtualTime) => Promise<void>): void {
  Deno.test(name, () =>
    handlingAll(() =>
      inVirtualTime(async (time) => {
        await work(time);
        await time.sleep(5_000); // what goes on behind has ended by then
        assertEquals(time.timers(), 0, "a timer is left behind");
      })
    ));
}

Deno.test("B51: the key tells endpoint, client id and secret apart, and shows none of them", async () => {
  const keys = await Promise.all([
    keyOf("https://a.example/t", "id", "s3cret"),
    keyOf("https://b.example/t", "id", "s3cret"),
    keyOf("https://a.example/t", "id2", "s3cret"),
    keyOf("https://a.example/t", "id", "s3cret2"),
  ]);
  assertEquals(new Set(keys).size, 4);
  for (const key of keys) assertMatch(key, /^kpn-auth:[\w+/]{20}$/);
  assertEquals(await keyOf("https://a.example/t", "id", "s3cret"), keys[0]!);
});

Deno.test("B51: the key is the same on every machine and in every version: known answers", async () => {
  const { gateway } = TOKEN_ENDPOINTS;
  const { clientId, clientSecret } = CREDENTIALS;
  // HMAC-SHA-256 as Python has it.
  assertEquals(await keyOf(gateway, clientId, clientSecret), "kpn-auth:IQeJRnY3N1J6A7AcNmCT");
  assertEquals(
    await keyOf(gateway, clientId, clientSecret, { scopes: "operator_lookup", audience: "a b" }),
    "kpn-auth:Id8n86oqQIqoln79OIsP",
  );
  assertEquals(await keyOf(gateway, "id é", "geheim €"), "kpn-auth:MB1yOjeIz9BWbLZEtgNI");
});

Deno.test("B51: the secret cannot be read from the key object that it becomes", async () => {
  const { subtle } = crypto;
  const extractable: boolean[] = [];
  const watched = new Proxy(subtle, {
    get: (_, name: keyof SubtleCrypto) => async (...given: unknown[]) => {
      const made = await Reflect.apply(subtle[name] as () => unknown, subtle, given);
      if (made instanceof CryptoKey) extractable.push(made.extractable);
      return made;
    },
  });
  Object.defineProperty(crypto, "subtle", { value: watched, configurable: true });
  try {
    await keyOf("https://a.example/t", "id", "s3cret");
    assertEquals(extractable, [false]);
  } finally {
    Reflect.deleteProperty(crypto, "subtle");
  }
});

test("B52: another machine's token spares the mint, if the ask says so", async (time) => {
  const theirs = tokenOf("theirs", time.now());
  const { ask, mints } = storedOn(time, { ...empty, get: () => Promise.resolve(theirs) });
  assertEquals(await ask(), theirs);
  assertEquals(mints(), 0);
  assertEquals((await ask({ spares: ({ value }) => value !== "theirs" })).value, "minted 1");
});

test("B62: the token is handed out before it is stored; storing and releasing go on behind", async (time) => {
  const log: string[] = [];
  const writing = deferred<void>();
  const { ask, settled } = storedOn(time, {
    ...empty,
    set: () => (log.push("set"), writing.promise),
    exclusive: () => Promise.resolve(() => Promise.resolve(void log.push("released"))),
  });
  await ask();
  assertEquals(log, ["set"]);
  writing.resolve();
  await settled();
  assertEquals(log, ["set", "released"]);
});

const FAILING: readonly (readonly [string, () => Promise<never>, RegExp])[] = [
  ["hangs", never, /no answer within 1000 ms$/],
  ["rejects", () => Promise.reject(new TypeError("store is down")), /TypeError(: store is down)?$/],
  ["throws", () => {
    throw new TypeError("store is down");
  }, /TypeError(: store is down)?$/],
  ["throws late", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    throw new TypeError("store is down");
  }, /no answer within 1000 ms$/],
];

for (const [how, fails, reason] of FAILING) {
  for (const operation of ["get", "set", "exclusive", "release"] as const) {
    test(`B62: a store whose ${operation} ${how} costs an event and a second, and no call`, async (time) => {
      const store = memoryStore(time.now);
      const { ask, mints, settled, told } = storedOn(time, {
        ...store,
        ...operation === "release"
          ? { exclusive: () => Promise.resolve(fails) }
          : { [operation]: fails },
      });
      const since = time.now();
      assertEquals((await ask()).value, "minted 1");
      const late = how.startsWith("hangs") || how === "throws late";
      const before = late && operation !== "set" && operation !== "release" ? 1_050 : 0;
      assertEquals(time.now() - since, before + 100);
      await settled();
      assertEquals([mints(), time.now() - since <= before + 1_150], [1, true]);
      const [event, ...more] = told();
      assertMatch(event!, reason);
      assertEquals(event!.split(":")[0], operation === "release" ? "exclusive" : operation);
      assertEquals(more, [], "announced once");
    });
  }
}

test("B62: a store in which nothing works is waited for once before the mint", async (time) => {
  const { ask, settled, told } = storedOn(time, { get: never, set: never, exclusive: never });
  const since = time.now();
  await ask();
  assertEquals(time.now() - since, 1_150);
  await settled();
  assertEquals(told(), [
    "get: no answer within 1000 ms",
    "set: no answer within 1000 ms",
  ]);
});

test("B62: with a short timeout a store gets a quarter of it, so that the mint has time", async (time) => {
  const { ask, mints, told } = storedOn(time, { ...empty, get: never }, { timeout: 1_000 });
  const since = time.now();
  await ask();
  assertEquals([mints(), time.now() - since, told()], [1, 400, [
    "get: no answer within 250 ms",
  ]]);
});

test("B62: with a short timeout storing still has its second: no caller waits for it", async (time) => {
  const { ask, settled, told } = storedOn(time, { ...empty, set: never }, { timeout: 1_000 });
  await ask();
  await settled();
  assertEquals(told(), ["set: no answer within 1000 ms"]);
});

test("B62: without a key nothing is read, locked or written: the source mints alone", async (time) => {
  const asked: PropertyKey[] = [];
  const store = new Proxy(empty, { get: (_, operation) => void asked.push(operation) });
  const { ask, settled, told } = storedOn(time, store, {
    keyOf: () => Promise.reject(new TypeError("no key")),
  });
  assertEquals((await ask()).value, "minted 1");
  await settled();
  assertEquals([asked, told()], [[], ["get: TypeError"]]);
});

test("B62: what is stored and is no token is an event that says so", async (time) => {
  const { ask, told } = storedOn(time, { ...empty, get: () => Promise.resolve("foreign") });
  assertEquals((await ask()).value, "minted 1");
  const [event, ...more] = told();
  assertMatch(event!, /^get: .*not an access token/);
  assertEquals(more, []);
});

test("B62: without crypto.subtle the source mints alone, and says so", async ({ now }) => {
  const { subtle } = crypto;
  Object.defineProperty(crypto, "subtle", { value: undefined, configurable: true });
  try {
    const { source, mock, told } = sourceOn(empty, { now });
    await source.token();
    await source.token();
    const [event, ...more] = told();
    assertMatch(event!, /^get: crypto.subtle is missing/);
    assertEquals([mock.mints, more], [1, []]);
  } finally {
    Object.defineProperty(crypto, "subtle", { value: subtle, configurable: true });
  }
});

test("B52: what a store throws is announced without secret and token", async ({ now, sleep }) => {
  const { source, mock, told } = sourceOn({
    get: () => Promise.reject(new Error('cannot parse {"value":"another machine\'s"}')),
    set: (_, token) => {
      throw new TypeError(`no room for ${JSON.stringify(token)}`);
    },
    exclusive: () => Promise.reject("a string"),
  }, { now });
  const { value } = await source.token();
  await sleep(0);
  assertEquals(mock.mints, 1);
  const [get, exclusive, set, ...more] = told();
  assertEquals(more, []);
  assertEquals(get, "get: Error", "it may quote another machine's token");
  assertMatch(exclusive!, /^exclusive: /);
  assertMatch(set!, /^set: TypeError: no room for \{"value":"\*\*\*"/);
  assertEquals(told().join().includes(value), false);
});

test("B62: whatever a store throws or gives, it is an event and no call's error", async (time) => {
  const strange: readonly unknown[] = [
    undefined,
    null,
    Symbol("odd"),
    { message: Symbol("odd") },
    Object.create(null),
    {
      get message() {
        throw new Error("even its message throws");
      },
    },
  ];
  for (const thrown of strange) {
    const fails = () => Promise.reject(thrown);
    for (const operation of ["get", "set", "exclusive"] as const) {
      const store = { ...memoryStore(time.now), [operation]: fails };
      const { ask, settled, told } = storedOn(time, store);
      assertEquals((await ask()).value, "minted 1");
      await settled();
      assertEquals(told().map((event) => event.split(":")[0]), [operation]);
    }
    const odd = { ...memoryStore(time.now), exclusive: () => Promise.resolve(thrown as never) };
    const { ask, settled } = storedOn(time, odd);
    assertEquals((await ask()).value, "minted 1");
    await settled();
  }
});

test("a lock that comes too late is released", async (time) => {
  let released = 0;
  const lock = deferred<() => Promise<void>>();
  const { ask, mints, told } = storedOn(time, { ...empty, exclusive: () => lock.promise });
  await ask();
  assertEquals(told(), ["exclusive: no answer within 1000 ms"]);
  lock.resolve(() => Promise.resolve(void released++));
  await time.sleep(0);
  assertEquals([mints(), released], [1, 1]);
});

test("a lock that comes when its machine has minted without it is released", async (time) => {
  let released = 0;
  const lock = deferred<() => Promise<void>>();
  const since = time.now();
  const { ask, mints } = storedOn(time, {
    ...empty,
    // Another machine has it, until this one is about to give up.
    exclusive: () => time.now() - since < 8_400 ? Promise.resolve(undefined) : lock.promise,
  }, { minting: 10 });
  await ask();
  assertEquals([mints(), time.now() - since], [1, 8_510]);
  lock.resolve(() => Promise.resolve(void released++));
  await time.sleep(0);
  assertEquals(released, 1);
});

test("B53: the lock is shorter than a waiter's patience, covers the storing, and is released after it", async (time) => {
  const log: string[] = [];
  const note = (what: string) => Promise.resolve(void log.push(what));
  const { ask, settled } = storedOn(time, {
    get: () => note("get"),
    set: () => note("set"),
    exclusive: (_, hold) => note(`lock for ${hold}`).then(() => () => note("released")),
  }, { timeout: 7_001, minting: 10 });
  await ask();
  await settled();
  assertEquals(log, ["get", "lock for 3501", "get", "set", "released"]);
});

test("B53: a deadline that ends the mint releases the lock, under waitUntil", async (time) => {
  const store = memoryStore(time.now);
  const { ask, settled, told } = storedOn(time, store, { layer: never, timeout: 4_000 });
  const error = await assertRejects(() => ask(), KpnAuthError, "timeout (4000 ms) ran out");
  assertMatch(error.message, /while waiting for the store/);
  await settled();
  assertEquals([error.code, store.locked(), told()], ["timeout", false, []]);
});

test("B53: after the deadline nothing is looked for any more", async (time) => {
  const looked: number[] = [];
  const since = time.now();
  const { ask, settled } = storedOn(time, {
    ...empty,
    get: () => Promise.resolve(void looked.push(time.now() - since)),
  }, {
    timeout: 4_000,
    layer: ({ run: { signal } }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  await assertRejects(() => ask(), KpnAuthError, "timeout (4000 ms) ran out");
  await settled();
  assertEquals(looked, [0]);
});

test("B59: who gets no lock keeps trying for it and looking, then mints alone before its deadline", async (time) => {
  for (const [timeout, alone] of [[10_000, 8_500], [2_000, 1_000]] as const) {
    const looked: number[] = [];
    const tried: number[] = [];
    const since = time.now();
    const { ask, told } = storedOn(time, {
      ...empty,
      get: () => Promise.resolve(void looked.push(time.now() - since)),
      exclusive: () => Promise.resolve(void tried.push(time.now() - since)),
    }, { timeout });
    assertEquals((await ask()).value, "minted 1");
    assertEquals(time.now() - since, alone + 100);
    assertEquals(told(), []);
    assertEquals(tried, Array.from({ length: alone / 100 }, (_, n) => n * 100));
    assertEquals(looked.at(-1), alone, "it looks once more before it mints alone");
  }
});

test("B59: who waits for a lock looks every 50 to 150 ms, by chance, so that machines spread", async (time) => {
  for (const [random, every] of [[0, 50], [0.9, 140]] as const) {
    const tried: number[] = [];
    const since = time.now();
    const { ask } = storedOn(time, {
      ...empty,
      exclusive: () => Promise.resolve(void tried.push(time.now() - since)),
    }, { random: () => random });
    await ask();
    assertEquals(tried.slice(0, 3), [0, every, 2 * every]);
  }
});

test("B59: what a slow store took of its time, a machine does not wait for a lock", async (time) => {
  const since = time.now();
  const { ask } = storedOn(time, {
    ...empty,
    get: () => time.sleep(time.now() === since ? 900 : 0),
    exclusive: () => Promise.resolve(undefined),
  });
  await ask();
  assertEquals(time.now() - since, 8_500 + 100);
});

test("B59: a clock that is set ahead while it waits ends the wait for a lock", async (time) => {
  let ahead = 0;
  const now = () => time.now() + ahead;
  const get = () => (ahead = 3_600_000, Promise.resolve(undefined));
  const { ask } = storedOn({ ...time, now }, {
    ...empty,
    get,
    exclusive: () => Promise.resolve(undefined),
  });
  const since = time.now();
  assertEquals((await ask()).value, "minted 1");
  assertEquals(time.now() - since, 100);
});

test("B59: a clock that is set back while it waits does not make it wait for its deadline", async (time) => {
  let ahead = 0;
  const exclusive = () => {
    ahead = -3_600_000;
    return Promise.resolve(undefined);
  };
  const now = () => time.now() + ahead;
  const get = () => (ahead = -3_600_000, Promise.resolve(undefined));
  const { ask } = storedOn({ ...time, now }, { ...empty, get, exclusive });
  assertEquals((await ask()).value, "minted 1");
});

test("B59: a token that another machine stores while this one mints is taken, and ends the mint", async (time) => {
  let found: AccessToken | undefined;
  const { ask, mints } = storedOn(time, {
    get: () => Promise.resolve(found),
    set: () => Promise.resolve(),
    exclusive: () => Promise.resolve(() => Promise.resolve()),
  }, { minting: 5_000 });
  const since = time.now();
  setTimeout(() => found = tokenOf("theirs", time.now()), 1_001);
  assertEquals((await ask()).value, "theirs");
  assertEquals([mints(), time.now() - since], [1, 1_100]);
});

test("B59: a mint that fails looks once more: another machine may have succeeded", async (time) => {
  let found: AccessToken | undefined;
  const { ask } = storedOn(time, { ...empty, get: () => Promise.resolve(found) }, {
    layer() {
      found = tokenOf("theirs", time.now());
      return Promise.reject(new KpnAuthError("rate_limited", "KPN has seen enough of us"));
    },
  });
  assertEquals((await ask()).value, "theirs");
});

test("a lock that comes while time runs out is released", async (time) => {
  const hanging = deferred<undefined>();
  let tries = 0;
  let released = 0;
  const { ask } = storedOn(time, {
    get: () => tries === 2 ? hanging.promise : Promise.resolve(undefined),
    set: () => Promise.resolve(),
    async exclusive() {
      await time.sleep(900);
      return ++tries === 2 ? () => Promise.resolve(void released++) : undefined;
    },
  }, { timeout: 4_000 });
  await ask();
  await time.sleep(0);
  assertEquals([tries, released], [2, 1]);
});

const FLEET = 50;

/** Fifty cold machines that ask at once; `answer` is KPN's to each machine's nth POST. */
async function fleet(
  { now, sleep }: VirtualTime,
  store: TokenStore | undefined,
  answer: (nth: number, signal: AbortSignal) => Promise<unknown>,
) {
  let posts = 0;
  const machines = Array.from({ length: FLEET }, () => {
    let mine = 0;
    return createTokenSource({
      ...CREDENTIALS,
      now,
      store,
      async fetch(_, { signal }) {
        posts++;
        await answer(++mine, signal);
        return Response.json({ access_token: "t", expires_in: "3599" });
      },
    });
  });
  const since = now();
  const outcomes = await Promise.allSettled(machines.map((source) => source.token()));
  await sleep(0);
  const served = outcomes.filter(({ status }) => status === "fulfilled").length;
  return { served, posts, took: now() - since };
}

test("B59: KPN loses each machine's first POST and answers the next after 3.5 s: all served, 3 POSTs at most", async (time) => {
  const { served, posts, took } = await fleet(
    time,
    memoryStore(time.now),
    (nth) => nth === 1 ? never() : time.sleep(3_500),
  );
  assertEquals(served, FLEET);
  assert(posts <= 3 && took < 8_500, `${posts} POSTs in ${took} ms`);
});

test("B59: a lock's owner died: one mint, at most the lock's lifetime later", async (time) => {
  const store = memoryStore(time.now);
  await store.exclusive("", 5_000);
  const { served, posts, took } = await fleet(time, store, () => time.sleep(100));
  assertEquals([served, posts], [FLEET, 1]);
  assert(took < 5_500, `${took} ms`);
});

test("B62: a store in which one operation hangs serves the whole fleet", async (time) => {
  const hanging = [{ get: never }, { set: never }, { exclusive: never }, {
    exclusive: () => Promise.resolve(never),
  }];
  for (const broken of hanging) {
    const store = { ...memoryStore(time.now), ...broken };
    const { served } = await fleet(time, store, () => time.sleep(100));
    assertEquals(served, FLEET, Object.keys(broken).join());
  }
});

/** A source on `store`, its KPN, and what it told of the store. */
function sourceOn(store: TokenStore, options: Partial<TokenSourceOptions> = {}) {
  const mock = mockKpn(options.now ? { now: options.now } : {});
  const events: KpnAuthEvent[] = [];
  const source = createTokenSource({
    ...CREDENTIALS,
    fetch: mock.fetch,
    store,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const told = () =>
    events.flatMap((event) =>
      event.type === "storeFailed" ? [`${event.operation}: ${event.reason}`] : []
    );
  return { source, mock, told };
}

test("a caller who leaves while the store hangs leaves at once; the mint goes on for the others", async ({ now }) => {
  const { source, mock } = sourceOn({ ...empty, get: never }, { now });
  const caller = new AbortController();
  const left = assertRejects(() => source.token({ signal: caller.signal }), Error, "left");
  const other = source.token();
  caller.abort(new Error("left"));
  await left;
  assertEquals(mock.mints, 0);
  assertEquals(typeof (await other).value, "string");
});

test("B61: a rejected token is not taken back from a store that cannot write", async ({ now }) => {
  const stuck = await sourceOn(empty, { now }).source.token();
  const { source } = sourceOn({ get: () => Promise.resolve(stuck), set: never }, {
    fetch: mockKpn({ seed: 2, now }).fetch,
    now,
  });
  const rejected = await source.token();
  assertEquals(rejected.value, stuck.value);
  const next = await source.token({ rejected });
  assertNotEquals(next.value, stuck.value);
  assert(await source.token() === next);
});

test("B53: waitUntil covers the release of a lock, also after a deadline that ended the mint", async ({ now, sleep }) => {
  for (const fetch of [never, mockKpn({ now }).fetch]) {
    const kept: Promise<unknown>[] = [];
    let released = false;
    const { source } = sourceOn({
      ...empty,
      exclusive: () => Promise.resolve(() => sleep(500).then(() => released = true)),
    }, { now, fetch, timeout: 2_000, waitUntil: (work) => void kept.push(work) });
    await source.token().catch(() => {});
    assertEquals([kept.length, released], [1, false]);
    await Promise.all(kept);
    assertEquals(released, true);
  }
});

test("B62: a store whose exclusive cannot even be read costs an event and no call", async (time) => {
  const { ask, told } = storedOn(time, {
    ...empty,
    get exclusive(): never {
      throw new TypeError("store is down");
    },
  });
  assertEquals((await ask()).value, "minted 1");
  assertEquals(told(), ["exclusive: TypeError: store is down"]);
});
