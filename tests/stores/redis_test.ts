import { redisStore } from "../../src/stores/redis.ts";
import type { AccessToken } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { testWith } from "../support/programs.ts";
import { redisClients, startRedis } from "../support/redis.ts";
import { checkContract } from "./contract.ts";

for (const [name, connect] of Object.entries(redisClients)) {
  testWith(
    ["redis-server"],
    `Redis through ${name} keeps the contract`,
    async (programs, context) => {
      await using redis = await startRedis(programs["redis-server"]);
      await using client = await connect(redis.port);
      await checkContract(context, {
        store: redisStore(client.command),
        excludes: true,
        plant: (key, text) => client.command(["SET", key, text], key),
      });
    },
  );
}

testWith(
  ["redis-server"],
  "Redis forgets a token when its lifetime is over, and a lock when it lapses",
  async (programs) => {
    await using redis = await startRedis(programs["redis-server"]);
    await using client = await redisClients["node-redis"](redis.port);
    const store = redisStore(client.command);
    const token: AccessToken = {
      value: "a-token",
      type: "Bearer",
      requestedAt: 1_000,
      expiresAt: 3_600_000,
      apiProducts: [],
      scope: "",
    };
    await store.set("kpn-auth:ttl", token);
    await store.exclusive!("kpn-auth:ttl", 11_000);
    const left = async (key: string) => Number(await client.command(["PTTL", key], key));
    const [tokenLeft, lockLeft] = [await left("kpn-auth:ttl"), await left("kpn-auth:ttl:lock")];
    assert(tokenLeft > 3_500_000 && tokenLeft <= 3_599_000);
    assert(lockLeft > 0 && lockLeft <= 11_000);
    assertEquals((await client.command(["KEYS", "*"], "") as string[]).sort(), [
      "kpn-auth:ttl",
      "kpn-auth:ttl:lock",
    ]);
  },
);

testWith(["redis-server"], "a key that holds another type counts as absent", async (programs) => {
  await using redis = await startRedis(programs["redis-server"]);
  await using client = await redisClients["node-redis"](redis.port);
  await client.command(["LPUSH", "kpn-auth:list", "a"], "kpn-auth:list");
  const store = redisStore(client.command);
  const failure = await store.get("kpn-auth:list").then(() => "", (error: Error) => error.message);
  assert(failure.includes("WRONGTYPE"));
  await store.set("kpn-auth:list", { requestedAt: 0, expiresAt: 1_000 } as AccessToken);
  assertEquals(await store.get("kpn-auth:list"), { requestedAt: 0, expiresAt: 1_000 });
});
