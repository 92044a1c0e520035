/** A real Redis server, and the clients that people use. */

import { createRequire } from "node:module";
import type { RedisCommand } from "../../src/stores/redis.ts";
import { npmTools } from "./npm.ts";
import { freePort } from "./ports.ts";
import { type Running, start } from "./run.ts";

/** A Redis on a port of its own, which can be stopped and started again. */
export interface Redis extends AsyncDisposable {
  readonly port: number;
  start(): Promise<void>;
  /** Kills it: it has no time to say goodbye. */
  stop(): Promise<void>;
}

/** Starts the program at `path` without a disk. */
export async function startRedis(path: string): Promise<Redis> {
  const port = freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  let server: Running | undefined;
  const redis: Redis = {
    port,
    async start() {
      server = await start(path, args, /Ready to accept connections/);
    },
    async stop() {
      await server?.kill();
      server = undefined;
    },
    [Symbol.asyncDispose]: () => redis.stop(),
  };
  await redis.start();
  return redis;
}

/** A client, as `redisStore` takes it. */
export interface RedisClient extends AsyncDisposable {
  readonly command: RedisCommand;
}

/** How the docs of `redisStore` send a command, by the client that they name. */
export const REDIS_LINES: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from(
    (await Deno.readTextFile(new URL("../../src/stores/redis.ts", import.meta.url)))
      .matchAll(/^ \* - (.*): `(.*)`$/gm),
    ([, name, line]) => [name, line],
  ),
);

/** The line of the docs for this kind of client, with a client. */
export function documentedCommand(kind: string, client: unknown): RedisCommand {
  return new Function("client", `return ${REDIS_LINES[kind]}`)(client);
}

/** Connects each of the clients to `port`, on first use. */
export const redisClients: Readonly<
  Record<"node-redis" | "ioredis" | "Upstash", (port: number) => Promise<RedisClient>>
> = {
  async "node-redis"(port) {
    const client = (await clients())("redis").createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    return {
      command: documentedCommand("node-redis", client),
      [Symbol.asyncDispose]: () => client.close(),
    };
  },

  async ioredis(port) {
    const { Redis } = (await clients())("ioredis");
    const client = new Redis(port, "127.0.0.1");
    return {
      command: documentedCommand("ioredis, also Cluster and Sentinel", client),
      [Symbol.asyncDispose]: () => client.quit(),
    };
  },

  /** Upstash's own client, over a REST endpoint like theirs in front of the real Redis. */
  async Upstash(port) {
    const below = await redisClients.ioredis(port);
    const serve = async (request: Request): Promise<Response> => {
      try {
        return Response.json({ result: await below.command(await request.json(), "") });
      } catch (error) {
        return Response.json({ error: (error as Error).message }, { status: 400 });
      }
    };
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, serve);
    const { Redis } = (await clients())("@upstash/redis");
    const url = `http://127.0.0.1:${server.addr.port}`;
    const client = new Redis({ url, token: "t", responseEncoding: false, enableTelemetry: false });
    return {
      command: documentedCommand("Upstash", client),
      async [Symbol.asyncDispose]() {
        await server.shutdown();
        await below[Symbol.asyncDispose]();
      },
    };
  },
};

// deno-lint-ignore no-explicit-any -- the clients are no dependency, so their types are not here
export async function clients(): Promise<(name: string) => any> {
  return createRequire(await npmTools());
}
