import { runs, sample } from "../support/amount.ts";
import { assert, assertEquals, assertNotEquals } from "../support/assert.ts";
import { testWith } from "../support/programs.ts";
import { startRedis } from "../support/redis.ts";
import { npmTools } from "../support/npm.ts";
import { undisturbed } from "./disturbed.ts";
import { type Kpn, type Runtime, serveKpn, startFleet, startMember } from "./fleet.ts";
import type { Order, Report } from "./member.ts";
import { mockKpn, type MockKpnOptions } from "../../src/mock/mock.ts";

const redisAt = async (port: number) => ({
  folder: await npmTools(),
  port,
});

/** Stalls up to so many ms, everywhere and all the time, do not make a lock of 60 s lapse. */
const LOCKED = 5_000;

/** What one lifetime shows, each one shows: more of them for races that are rare. */
const LIFETIMES = runs(2, 10);

/** Lets a cold fleet do what it is told, at a Redis and a KPN of its own that always takes 200 ms. */
async function coldFleet(
  server: string,
  runtimes: readonly Runtime[],
  options: MockKpnOptions,
  order: Order,
): Promise<{ kpn: Omit<Kpn, "mock">; reports: Report[] }> {
  await using redis = await startRedis(server);
  await using kpn = serveKpn(options);
  kpn.mock.respondNext("ok", { delay: 200, times: Infinity });
  await using fleet = await startFleet(runtimes, {
    tokenEndpoint: kpn.tokenEndpoint,
    redis: await redisAt(redis.port),
  });
  return { kpn, reports: await fleet.obey(order) };
}

for (const runtime of sample(["Deno", "Node", "Bun"] as const, 1)) {
  testWith(
    ["redis-server", "node"],
    `B53: 8 processes of ${runtime} with 2,000 callers each, cold, mint once`,
    async (programs) => {
      const runtimes = Array.from({ length: 8 }, () => runtime);
      const { kpn, reports } = await undisturbed(
        LOCKED,
        () => coldFleet(programs["redis-server"], runtimes, {}, { callers: 2_000 }),
      );
      assertEquals(reports.flatMap(({ errors }) => errors), []);
      const [minted, ...more] = kpn.minted;
      assertEquals(more, []);
      assertEquals(reports.map(({ tokens }) => tokens), reports.map(() => [minted!.value]));
    },
  );
}

testWith(
  ["redis-server", "node"],
  `over ${LIFETIMES} lifetimes, 8 processes of three runtimes never mint two at once, at most one at each ageing point, and all use every token`,
  async (programs) => {
    const lifetime = 10_000;
    const runtimes: Runtime[] = ["Deno", "Node", "Bun", "Deno", "Node", "Bun", "Deno", "Node"];
    // Each process ends with its last token: no machine is so slow that another one is under way then.
    const order = { different: LIFETIMES + 1, within: 4 * LIFETIMES * lifetime };
    // A token is stale half a second after the next one is asked for, which is young for 8.5 s more.
    // Who has a caller at least every 4 s gets one in that time, and one that has not waited since before.
    const { kpn, reports } = await undisturbed(
      0.4 * lifetime,
      () => coldFleet(programs["redis-server"], runtimes, { lifetime }, order),
    );
    assertEquals(reports.flatMap(({ errors }) => errors), []);
    assertEquals(kpn.atOnce, 1);
    const tokens = kpn.minted.map(({ value }) => value);
    assertEquals(tokens.length, order.different);
    assertEquals(reports.map((each) => each.tokens), reports.map(() => tokens));
    const times = tokens.map((value) => reports[0]!.askedAt[value]!);
    for (const [n, time] of times.slice(1).entries()) {
      // A token ages in the last tenth of its life, counted from when it was asked for.
      assert(time >= times[n]! + 0.9 * lifetime, "two mints at one ageing point");
    }
  },
);

testWith(
  ["redis-server", "node"],
  "B53: kill -9 the process that holds the lock in mid-mint: the others get a token, and nobody hangs",
  async (programs) => {
    // The others have six turns to take once half their timeout is over, and twelve seconds for them.
    const { lost, reports } = await undisturbed(2_000, async () => {
      await using redis = await startRedis(programs["redis-server"]);
      await using kpn = serveKpn({});
      const asked = Promise.withResolvers<void>();
      const never = Promise.withResolvers<Response>();
      kpn.mock.respondNext(() => {
        asked.resolve();
        return never.promise;
      });
      await using fleet = await startFleet(["Node", "Deno", "Bun", "Node"], {
        tokenEndpoint: kpn.tokenEndpoint,
        redis: await redisAt(redis.port),
        timeout: 24_000,
      });
      const [victim, ...others] = fleet.members;
      const lost = victim!.obey({ callers: 1 }).catch(() => "lost");
      await Promise.race([asked.promise, lost]);
      await victim!.kill();
      const waiting = others.map((member) => member.obey({ callers: 500 }));
      const reports = await Promise.all(waiting)
        .finally(() => never.resolve(Response.json({}))); // KPN can end
      return { lost: await lost, reports };
    });
    assertEquals(lost, "lost");
    assertEquals(reports.flatMap(({ errors }) => errors), []);
    assertEquals(reports.map(({ tokens }) => tokens.length), [1, 1, 1]);
  },
);

testWith(
  ["redis-server", "node"],
  "B52: without Redis everybody mints alone and an event tells; with it again, they share again",
  async (programs) => {
    const { shared, alone, again } = await undisturbed(LOCKED, async () => {
      await using redis = await startRedis(programs["redis-server"]);
      await using kpn = serveKpn({});
      await using fleet = await startFleet(["Node", "Deno", "Bun"], {
        tokenEndpoint: kpn.tokenEndpoint,
        redis: await redisAt(redis.port),
      });
      const shared = await fleet.obey({ callers: 100 });
      await redis.stop();
      const alone = await fleet.obey({ callers: 100, reject: true });
      await redis.start();
      await fleet.obey({ connected: true });
      const again = await fleet.obey({ callers: 100, reject: true });
      return { shared, alone, again, reports: [...shared, ...again] };
    });
    const mints = (reports: Report[]) =>
      reports.flatMap(({ events }) => events).filter((type) => type === "mintSucceeded").length;
    assertEquals([shared, alone, again].map(mints), [1, 3, 1]);
    assertEquals(alone.map(({ events }) => events.includes("storeFailed")), [true, true, true]);
    assertEquals([...shared, ...alone, ...again].flatMap(({ errors }) => errors), []);
  },
);

testWith(
  ["redis-server", "node"],
  "B51: after the secret was rotated nobody gets the old token from Redis",
  async (programs) => {
    const { minted, before, after, replaced } = await undisturbed(LOCKED, async () => {
      await using redis = await startRedis(programs["redis-server"]);
      await using kpn = serveKpn({});
      const member = { tokenEndpoint: kpn.tokenEndpoint, redis: await redisAt(redis.port) };
      await using old = await startMember("Node", member);
      const before = await old.obey({ callers: 10 });
      kpn.mock = mockKpn({ clientSecret: "ROTATED", seed: 2 });
      await using cold = await startMember("Bun", member);
      await cold.obey({ secret: "ROTATED" });
      const after = await cold.obey({ callers: 10 });
      await old.obey({ secret: "ROTATED" });
      const replaced = await old.obey({ callers: 10, reject: true });
      return { minted: kpn.minted, before, after, replaced, reports: [before, after, replaced] };
    });
    assertNotEquals(after.tokens, before.tokens);
    assertEquals(replaced.tokens, after.tokens);
    assertEquals(minted.map(({ value }) => value), [...before.tokens, ...after.tokens]);
  },
);

Deno.test("B53: two processes on one SQLite file of Deno KV, cold, mint once", async () => {
  const { kpn, reports } = await undisturbed(LOCKED, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await using kpn = serveKpn({});
      kpn.mock.respondNext("ok", { delay: 200 });
      const member = { tokenEndpoint: kpn.tokenEndpoint, kv: `${folder}/tokens.sqlite` };
      await using fleet = await startFleet(["Deno", "Deno"], member);
      return { kpn, reports: await fleet.obey({ callers: 500 }) };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
  const [minted, ...more] = kpn.minted;
  assertEquals(more, []);
  assertEquals(reports.map(({ tokens }) => tokens), [[minted!.value], [minted!.value]]);
});
