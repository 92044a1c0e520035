/** Redis Cluster and Sentinel, fail-over included: Redis and Valkey, with the clients that people use. */

import { createTokenSource, type TokenStore } from "../../mod.ts";
import { mockKpn } from "../../src/mock/mock.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { ALL } from "../support/amount.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { CREDENTIALS } from "../support/credentials.ts";
import { testWith } from "../support/programs.ts";
import { clients, documentedCommand, REDIS_LINES, type RedisClient } from "../support/redis.ts";
import {
  type RedisGroup,
  SENTINEL_NAME,
  startCluster,
  startSentinel,
} from "../support/redis_groups.ts";
import { redisInMemory } from "../support/redis_in_memory.ts";
import { keyOf } from "../support/source.ts";
import { checkContract } from "./contract.ts";

type Connect = (ports: readonly number[]) => Promise<RedisClient>;

const IOREDIS = "ioredis, also Cluster and Sentinel";

const hosts = (ports: readonly number[]) => ports.map((port) => ({ host: "127.0.0.1", port }));

/** Waits until a client that connects by itself has done so. */
async function ready(client: { once(event: string, listener: () => void): void }): Promise<void> {
  await new Promise<void>((resolve) => client.once("ready", resolve));
}

const CLUSTER: Readonly<Record<string, Connect>> = {
  async "node-redis"(ports) {
    const rootNodes = ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
    const client = (await clients())("redis").createCluster({ rootNodes });
    client.on("error", () => {}); // it reconnects
    await client.connect();
    return {
      command: documentedCommand("node-redis, Cluster", client),
      [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
    };
  },
  async ioredis(ports) {
    const { Cluster } = (await clients())("ioredis");
    const client = new Cluster(hosts(ports));
    client.on("error", () => {});
    await ready(client);
    return {
      command: documentedCommand(IOREDIS, client),
      [Symbol.asyncDispose]: () => Promise.resolve(client.disconnect()),
    };
  },
};

const SENTINEL: Readonly<Record<string, Connect>> = {
  async "node-redis"(ports) {
    const client = (await clients())("redis")
      .createSentinel({ name: SENTINEL_NAME, sentinelRootNodes: hosts(ports) });
    client.on("error", () => {});
    await client.connect();
    return {
      command: documentedCommand("node-redis, Sentinel", client),
      [Symbol.asyncDispose]: () => client.destroy(),
    };
  },
  async ioredis(ports) {
    const { Redis } = (await clients())("ioredis");
    const client = new Redis({ sentinels: hosts(ports), name: SENTINEL_NAME });
    client.on("error", () => {});
    await ready(client);
    return {
      command: documentedCommand(IOREDIS, client),
      [Symbol.asyncDispose]: () => Promise.resolve(client.disconnect()),
    };
  },
};

const GROUPS = { Cluster: [startCluster, CLUSTER], Sentinel: [startSentinel, SENTINEL] } as const;

for (const server of ["redis-server", "valkey-server"] as const) {
  for (const [group, [startGroup, connects]] of Object.entries(GROUPS)) {
    if (!ALL) continue;
    for (const [name, connect] of Object.entries(connects)) {
      testWith(
        [server],
        `${group} of ${server} through ${name}: the contract, one mint, and a fail-over`,
        async (programs, context) => {
          await using servers = await startGroup(programs[server]);
          await using client = await connect(servers.ports);
          await checkContract(context, {
            store: redisStore(client.command),
            excludes: true,
            plant: (key, text) => client.command(["SET", key, text], key),
          });
          await context.step("a fail-over", () => failOver(servers, connect));
        },
        { sanitizeOps: false, sanitizeResources: false }, // the clients reconnect
      );
    }
  }
}

/** Machines with a client each go on while the primary of their key dies, and share a token after it. */
async function failOver(servers: RedisGroup, connect: Connect): Promise<void> {
  const mock = mockKpn();
  const key = await keyOf(ENDPOINT, CREDENTIALS.clientId, CREDENTIALS.clientSecret);
  await using stack = new AsyncDisposableStack();
  const stores: TokenStore[] = [];
  for (let n = 0; n < 5; n++) {
    stores.push(redisStore(stack.use(await connect(servers.ports)).command));
  }
  const behind: Promise<unknown>[] = [];
  /** Every machine, cold, asks at once: the tokens that it gets. */
  const herd = async () => {
    const asked = stores.map((store) =>
      createTokenSource({
        ...CREDENTIALS,
        tokenEndpoint: ENDPOINT,
        fetch: mock.fetch,
        store,
        waitUntil: (work) => behind.push(work),
      }).token()
    );
    const tokens = await Promise.all(asked);
    await Promise.all(behind.splice(0));
    return new Set(tokens.map(({ value }) => value)).size;
  };
  assertEquals([await herd(), mock.mints], [1, 1]);

  const release = await stores[0]!.exclusive!(key, 3_600_000);
  assert(release, "the lock, which dies with its primary or is released after it");
  const promoted = servers.killPrimaryOf(key);
  const meanwhile = await herd(); // served by the store or by KPN, whichever answers
  assert(meanwhile <= stores.length);
  await promoted;
  await Promise.all(stores.map((store) => answers(() => store.get(key))));
  await answers(release);

  const before = mock.mints;
  mock.revoke();
  const rotated = stores.map((store) =>
    createTokenSource({ ...CREDENTIALS, tokenEndpoint: ENDPOINT, fetch: mock.fetch, store })
  );
  const rejected = await rotated[0]!.token();
  const renewed = await Promise.all(rotated.map((source) => source.token({ rejected })));
  assertEquals(new Set(renewed.map(({ value }) => value)).size, 1, "one token after the fail-over");
  assert(mock.mints - before <= 2, `${mock.mints - before} mints after the fail-over`);
  const lock = await stores[1]!.exclusive!(`${key}:next`, 1_000);
  assertEquals(typeof lock, "function", "a lock can be taken");
}

const ENDPOINT =
  "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials";

/** Waits until a client has found the new primary: a minute at most. */
async function answers(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 0;; tries++) {
    const late = new Promise<never>((_, reject) => setTimeout(reject, 2_000, new Error("late")));
    try {
      return void await Promise.race([work(), late]);
    } catch (error) {
      if (tries === 30) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Clients that take nothing but their own signature. */
const FAKES: Readonly<Record<string, (send: (args: string[]) => Promise<unknown>) => unknown>> = {
  "node-redis": (send) => ({ sendCommand: (args: string[]) => send(args) }),
  "node-redis, Cluster": (send) => ({
    sendCommand(key: string, isReadonly: boolean, args: string[]) {
      assertEquals([key, isReadonly], [args[args[0] === "EVAL" ? 3 : 1]!, false]);
      return send(args);
    },
  }),
  "node-redis, Sentinel": (send) => ({
    sendCommand(isReadonly: boolean, args: string[]) {
      assertEquals(isReadonly, false);
      return send(args);
    },
  }),
  [IOREDIS]: (send) => ({ call: (name: string, ...args: string[]) => send([name, ...args]) }),
  "Upstash": (send) => ({ exec: (args: string[]) => send(args) }),
};

Deno.test("each line of redisStore's docs fits its client, and every client has one", async () => {
  assertEquals(Object.keys(REDIS_LINES), Object.keys(FAKES));
  for (const [kind, fake] of Object.entries(FAKES)) {
    const { command } = redisInMemory();
    const client = fake(([name = "", ...args]) => command([name, ...args], ""));
    const store = redisStore(documentedCommand(kind, client));
    const token = { value: "a", requestedAt: 0, expiresAt: 1_000 } as never;
    await store.set("kpn-auth:a", token);
    assertEquals(await store.get("kpn-auth:a"), token);
    const release = await store.exclusive!("kpn-auth:a", 1_000);
    assertEquals(await store.exclusive!("kpn-auth:a", 1_000), undefined);
    await release!();
    assert(await store.exclusive!("kpn-auth:a", 1_000));
  }
});
