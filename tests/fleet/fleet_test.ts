import { assert, assertEquals, assertNotEquals } from "../support/assert.ts";
import { testWith } from "../support/programs.ts";
import { CLIENTS, redisClients, startRedis } from "../support/redis.ts";
import { npmProject } from "../support/npm.ts";
import { type Kpn, type Runtime, serveKpn, startFleet, startMember } from "./fleet.ts";
import type { Order, Report } from "./member.ts";
import { mockKpn, type MockKpnOptions } from "../../src/mock/mock.ts";

const redisAt = async (port: number) => ({
  folder: await npmProject("redis_clients", CLIENTS),
  port,
});

/**
 * Lets a cold fleet do what it is told, at a KPN and a Redis of its own. On a busy machine
 * Redis may need a second, and then a process rightly mints alone: that is tried again.
 */
async function undisturbed(
  server: string,
  runtimes: readonly Runtime[],
  options: MockKpnOptions,
  order: Order,
): Promise<{ kpn: Omit<Kpn, "mock">; reports: Report[] }> {
  for (let attempt = 1;; attempt++) {
    await using redis = await startRedis(server);
    await using kpn = serveKpn(options);
    kpn.mock.respondNext("ok", { delay: 200 });
    await using fleet = await startFleet(runtimes, {
      tokenEndpoint: kpn.tokenEndpoint,
      redis: await redisAt(redis.port),
      timeout: 60_000,
    });
    const reports = await Promise.all(fleet.members.map((member) => member.obey(order)));
    assertEquals(reports.flatMap(({ errors }) => errors), []);
    const disturbed = reports.some(({ events }) => events.includes("storeFailed"));
    if (!disturbed || attempt === 3) return { kpn, reports };
  }
}

for (const runtime of ["Deno", "Node", "Bun"] as const) {
  testWith(
    ["redis-server", "node"],
    `B53: 8 processes of ${runtime} with 2,000 callers each, cold, mint once`,
    async (programs) => {
      const runtimes = Array.from({ length: 8 }, () => runtime);
      const server = programs["redis-server"];
      const { kpn, reports } = await undisturbed(server, runtimes, {}, { callers: 2_000 });
      const [minted, ...more] = kpn.minted;
      assertEquals(more, []);
      assertEquals(reports.map(({ tokens }) => tokens), reports.map(() => [minted!.value]));
    },
  );
}

testWith(
  ["redis-server", "node"],
  "over 10 lifetimes, 8 processes of three runtimes never mint two at once, at most one at each ageing point, and use every token",
  async (programs) => {
    const lifetime = 2_000;
    const runtimes: Runtime[] = ["Deno", "Node", "Bun", "Deno", "Node", "Bun", "Deno", "Node"];
    const { kpn, reports } = await undisturbed(programs["redis-server"], runtimes, { lifetime }, {
      during: 10 * lifetime,
    });
    assertEquals(kpn.atOnce, 1);
    assert(kpn.minted.length >= 10, `${kpn.minted.length} mints`);
    const used = new Set(reports.flatMap(({ tokens }) => tokens));
    assertEquals(used, new Set(kpn.minted.map(({ value }) => value)));
    const askedAt: Record<string, number> = Object.assign(
      {},
      ...reports.map((each) => each.askedAt),
    );
    const times = kpn.minted.map(({ value }) => askedAt[value]!);
    for (const [n, time] of times.slice(1).entries()) {
      // A token ages in the last tenth of its life, counted from when it was asked for.
      assert(time >= times[n]! + 0.9 * lifetime, "two mints at one ageing point");
    }
  },
);

testWith(
  ["redis-server", "node"],
  "B53: kill -9 the process that holds the right in mid-mint: another mints within the right's life, and nobody hangs",
  async (programs) => {
    await using redis = await startRedis(programs["redis-server"]);
    await using client = await redisClients.ioredis(redis.port);
    await using kpn = serveKpn({});
    const asked = Promise.withResolvers<void>();
    const never = Promise.withResolvers<Response>();
    kpn.mock.respondNext(() => {
      asked.resolve();
      return never.promise;
    });
    const member = {
      tokenEndpoint: kpn.tokenEndpoint,
      redis: await redisAt(redis.port),
      timeout: 6_000,
    };
    await using fleet = await startFleet(["Node", "Deno", "Bun", "Node"], member);
    const [victim, ...others] = fleet.members;
    const lost = victim!.obey({ callers: 1 }).catch(() => "lost");
    await asked.promise;
    await victim!.kill();
    const waiting = others.map((member) => member.obey({ callers: 500 }));
    const reports = await Promise.all(waiting);
    const [lock] = await client.command(["KEYS", "*:lock"]) as string[];
    assert(Number(await client.command(["PTTL", lock!])) > 0, "the dead owner's right has lapsed");
    never.resolve(Response.json({}));
    assertEquals(await lost, "lost");
    assertEquals(reports.flatMap(({ errors }) => errors), []);
    assertEquals(reports.map(({ tokens }) => tokens.length), others.map(() => 1));
  },
);

testWith(
  ["redis-server", "node"],
  "B52: without Redis everybody mints alone and an event tells; with it again, they share again",
  async (programs) => {
    await using redis = await startRedis(programs["redis-server"]);
    await using kpn = serveKpn({});
    await using fleet = await startFleet(["Node", "Deno", "Bun"], {
      tokenEndpoint: kpn.tokenEndpoint,
      redis: await redisAt(redis.port),
    });
    const all = async (reject: boolean) => {
      const reports = [];
      for (const member of fleet.members) reports.push(await member.obey({ callers: 100, reject }));
      assertEquals(reports.flatMap(({ errors }) => errors), []);
      return {
        mints:
          reports.flatMap(({ events }) => events).filter((type) => type === "mintSucceeded").length,
        told: reports.map(({ events }) => events.includes("storeFailed")),
      };
    };
    assertEquals(await all(false), { mints: 1, told: [false, false, false] });
    await redis.stop();
    assertEquals(await all(true), { mints: 3, told: [true, true, true] });
    await redis.start();
    // The clients reconnect when they please.
    for (let round = 1; round <= 20; round++) {
      const { mints, told } = await all(true);
      if (mints === 1 && !told.includes(true)) return;
    }
    assert(false, "they did not share again");
  },
);

testWith(
  ["redis-server", "node"],
  "B51: after the secret was rotated nobody gets the old token from Redis",
  async (programs) => {
    await using redis = await startRedis(programs["redis-server"]);
    await using kpn = serveKpn({});
    const member = { tokenEndpoint: kpn.tokenEndpoint, redis: await redisAt(redis.port) };
    await using old = await startMember("Node", member);
    const { tokens: [before] } = await old.obey({ callers: 10 });
    kpn.mock = mockKpn({ clientSecret: "ROTATED", seed: 2 });
    await using cold = await startMember("Bun", member);
    await cold.obey({ secret: "ROTATED" });
    const { tokens: [after] } = await cold.obey({ callers: 10 });
    assertNotEquals(after, before);
    await old.obey({ secret: "ROTATED" });
    assertEquals((await old.obey({ callers: 10, reject: true })).tokens, [after!]);
    assertEquals(kpn.minted.map(({ value }) => value), [before, after]);
  },
);

Deno.test("B53: two processes on one SQLite file of Deno KV, cold, mint once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using kpn = serveKpn({});
    kpn.mock.respondNext("ok", { delay: 200 });
    const member = { tokenEndpoint: kpn.tokenEndpoint, kv: `${folder}/tokens.sqlite` };
    await using fleet = await startFleet(["Deno", "Deno"], member);
    const reports = await Promise.all(fleet.members.map((member) => member.obey({ callers: 500 })));
    const [minted, ...more] = kpn.minted;
    assertEquals(more, []);
    assertEquals(reports.map(({ tokens }) => tokens), [[minted!.value], [minted!.value]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
