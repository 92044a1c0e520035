/** The stores on engines in memory; on the real ones they are in `tests/stores`. */

import type { TokenStore } from "../mod.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { type CloudflareKv, cloudflareKvStore } from "../src/stores/cloudflare_kv.ts";
import { type DenoKv, type DenoKvAtomic, denoKvStore } from "../src/stores/deno_kv.ts";
import { redisStore } from "../src/stores/redis.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "./support/assert.ts";
import { tokenOf } from "./support/layers.ts";
import { redisInMemory } from "./support/redis_in_memory.ts";

const STORES: Readonly<Record<string, () => TokenStore>> = {
  "Redis": () => redisStore(redisInMemory().command),
  "Workers KV": () => cloudflareKvStore(kvInMemory().namespace),
  "Deno KV": () => denoKvStore(denoKvInMemory().kv),
};

for (const [name, make] of Object.entries(STORES)) {
  Deno.test(`${name} in memory gives what was set last, nothing else, and one lock at a time`, async () => {
    const store = make();
    const [one, other] = [tokenOf("one", Date.now()), tokenOf("other", Date.now())];
    await store.set("kpn-auth:one", other);
    await store.set("kpn-auth:one", one);
    await store.set("kpn-auth:other", other);
    assertEquals(await store.get("kpn-auth:one"), one);
    assertEquals(await store.get("kpn-auth:other"), other);
    assertEquals(await store.get("kpn-auth:none") ?? undefined, undefined);
    if (!store.exclusive) return;
    const release = await store.exclusive("kpn-auth:one", 60_000);
    assertEquals(await store.exclusive("kpn-auth:one", 60_000), undefined);
    assert(await store.exclusive("kpn-auth:other", 60_000));
    await release!();
    const lapsing = await store.exclusive("kpn-auth:one", 0);
    assert(lapsing && await store.exclusive("kpn-auth:one", 60_000), "a lock lapses");
    await lapsing();
    assertEquals(await store.exclusive("kpn-auth:one", 60_000), undefined, "it is another's");
    assertEquals(await store.get("kpn-auth:one"), one);
  });
}

Deno.test("Redis is sent SET with PX, SET with NX, and a script that releases its owner's lock only", async () => {
  const { command, commands } = redisInMemory();
  const store = redisStore(command);
  const token = tokenOf("a-token", 1_000, 3_599_000);
  await store.set("kpn-auth:x", token);
  await store.get("kpn-auth:x");
  await (await store.exclusive!("kpn-auth:x", 5_000))!();
  await (await store.exclusive!("kpn-auth:x", 5_000))!();
  const [set, get, lock, release, another] = commands;
  assertEquals(set, ["SET", "kpn-auth:x", JSON.stringify(token), "PX", "3599000"]);
  assertEquals(get, ["GET", "kpn-auth:x"]);
  const owner = lock![2]!;
  assertMatch(owner, /^[\da-f-]{36}$/);
  assert(another![2] !== owner, "each lock has an owner of its own");
  assertEquals(lock, ["SET", "kpn-auth:x:lock", owner, "NX", "PX", "5000"]);
  const script =
    'if redis.call("get",KEYS[1])==ARGV[1] then return redis.call("del",KEYS[1]) end return 0';
  assertEquals(release, ["EVAL", script, "1", "kpn-auth:x:lock", owner]);
});

Deno.test("a client that parses JSON itself, as Upstash's does, gives the token as well", async () => {
  const token = tokenOf("a-token", 1_000);
  assertEquals(await redisStore(() => Promise.resolve(token)).get("kpn-auth:x"), token);
  assertEquals(await redisStore(() => Promise.resolve(null)).get("kpn-auth:x"), null);
});

/** Workers KV, as one location sees it. */
function kvInMemory() {
  const entries = new Map<string, string>();
  const puts: unknown[] = [];
  const namespace: CloudflareKv = {
    get(key, type) {
      assertEquals(type, "json");
      return Promise.resolve(entries.get(key)).then((text) => text ? JSON.parse(text) : null);
    },
    put(key, value, options) {
      puts.push(options);
      return Promise.resolve(void entries.set(key, value));
    },
  };
  return { namespace, puts };
}

Deno.test("B50: Workers KV gets whole seconds, rounded up, and a minute at least", async () => {
  const { namespace, puts } = kvInMemory();
  const store = cloudflareKvStore(namespace);
  for (const lifetime of [1, 59_999, 60_000, 60_001, 3_599_000]) {
    await store.set("kpn-auth:x", tokenOf("a-token", 5_000, lifetime));
  }
  assertEquals(puts, [60, 60, 60, 61, 3_599].map((expirationTtl) => ({ expirationTtl })));
});

/** Deno KV in memory, which keeps what it is told; `refuse` says whether a write fails, and with what. */
function denoKvInMemory(refuse: () => Error | undefined = () => undefined) {
  const entries = new Map<string, { readonly value: unknown; readonly versionstamp: string }>();
  const expiries: number[] = [];
  let version = 0;
  const entry = (key: readonly string[]) =>
    entries.get(key.join()) ?? { value: null, versionstamp: null };
  const write = (key: readonly string[], value: unknown, { expireIn }: { expireIn: number }) => {
    expiries.push(expireIn);
    entries.set(key.join(), { value, versionstamp: `${++version}` });
  };
  function atomic(): DenoKvAtomic {
    const steps: (() => unknown)[] = [];
    let ok = true;
    const transaction: DenoKvAtomic = {
      check({ key, versionstamp }) {
        steps.push(() => ok &&= entry(key).versionstamp === versionstamp);
        return transaction;
      },
      set(...args) {
        steps.push(() => ok && write(...args));
        return transaction;
      },
      delete(key) {
        steps.push(() => ok && entries.delete(key.join()));
        return transaction;
      },
      commit: () =>
        ended(() => steps.forEach((step) => step()), () => ({ ok, versionstamp: `${version}` })),
    };
    return transaction;
  }
  const ended = <T>(work: () => void, result: () => T): Promise<T> => {
    const error = refuse();
    if (error) return Promise.reject(error);
    work();
    return Promise.resolve(result());
  };
  const kv: DenoKv = {
    get: (key) => Promise.resolve(entry(key)),
    set: (...args) => ended(() => write(...args), () => ({ ok: true })),
    atomic,
  };
  return {
    kv,
    expiries,
    entry,
    plant: (key: string, value: unknown) => kv.set([key], value, { expireIn: 1 }),
  };
}

Deno.test("Deno KV is told how long a token and a lock last; the lock says it too", async () => {
  const { kv, expiries, entry } = denoKvInMemory();
  const store = denoKvStore(kv);
  await store.set("kpn-auth:x", tokenOf("a-token", 5_000, 3_599_000));
  const before = Date.now();
  const release = await store.exclusive!("kpn-auth:x", 7_000);
  const after = Date.now();
  assertEquals(expiries, [3_599_000, 7_000]);
  const until = entry(["kpn-auth:x", "lock"]).value as number;
  assert(until >= before + 7_000 && until <= after + 7_000);
  await release!();
  assertEquals(entry(["kpn-auth:x", "lock"]).value, null);
});

Deno.test("of two machines that see a free lock of Deno KV at once, one gets it", async () => {
  const { kv } = denoKvInMemory();
  const gate = Promise.withResolvers<void>();
  const slow: DenoKv = {
    ...kv,
    async get(key) {
      const entry = await kv.get(key);
      await gate.promise; // until both have read it
      return entry;
    },
  };
  const tries = [1, 2].map(() => denoKvStore(slow).exclusive!("kpn-auth:x", 60_000));
  gate.resolve();
  const locks = await Promise.all(tries);
  assertEquals(locks.filter(Boolean).length, 1);
});

Deno.test("B53: a lock of Deno KV that lapsed to another machine is not released", async () => {
  const { kv, plant, entry } = denoKvInMemory();
  const release = await denoKvStore(kv).exclusive!("kpn-auth:x", 60_000);
  await plant("kpn-auth:x,lock", 5); // as that machine would write it
  await release!();
  assertEquals(entry(["kpn-auth:x", "lock"]).value, 5);
});

Deno.test("a locked database is waited for: 2 ms, twice as long each time, for half a second", () =>
  inVirtualTime(async ({ now }) => {
    const since = now();
    const tries: number[] = [];
    const locked = new TypeError("database is locked");
    const store = denoKvStore(
      denoKvInMemory(() => {
        tries.push(now() - since);
        return locked;
      }).kv,
    );
    const token = tokenOf("a-token", 0);
    assertEquals(await assertRejects(() => store.set("kpn-auth:x", token)), locked);
    assertEquals(tries, [0, 2, 6, 14, 30, 62, 126, 254, 510]);
    tries.length = 0;
    assertEquals(await assertRejects(() => store.exclusive!("kpn-auth:x", 1)), locked);
    assertEquals(tries.length, 9);
  }));

Deno.test("another failure of Deno KV is not waited for", async () => {
  let tries = 0;
  const full = new TypeError("value too large");
  const store = denoKvStore(denoKvInMemory(() => (tries++, full)).kv);
  assertEquals(await assertRejects(() => store.set("kpn-auth:x", tokenOf("a-token", 0))), full);
  assertEquals(tries, 1);
});
