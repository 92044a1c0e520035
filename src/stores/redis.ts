/**
 * A store on Redis, or on anything that speaks its commands (Valkey, Upstash), through any client.
 *
 * @module
 */

import type { TokenStore } from "../stored.ts";

/**
 * Sends one command, and gives its reply. `key` is the one key that the command is about: a client
 * that does not read commands finds by it the node of a cluster.
 */
export type RedisCommand = (
  args: [name: string, ...args: string[]],
  key: string,
) => Promise<unknown>;

/** Only its owner removes a lock, and in one step: meanwhile it may have lapsed to another. */
const RELEASE =
  'if redis.call("get",KEYS[1])==ARGV[1] then return redis.call("del",KEYS[1]) end return 0';

/**
 * Shares the token through Redis, and excludes others from a mint by `SET NX PX`.
 * Keys are `kpn-auth:…`. A fail-over that loses the lock costs a mint, and no call.
 *
 * @param command How your client sends a command, always to a primary:
 *
 * - node-redis: `(args) => client.sendCommand(args)`
 * - node-redis, Cluster: `(args, key) => client.sendCommand(key, false, args)`
 * - node-redis, Sentinel: `(args) => client.sendCommand(false, args)`
 * - ioredis, also Cluster and Sentinel: `([name, ...args]) => client.call(name, ...args)`
 * - Upstash: `(args) => client.exec(args)`
 *
 * @returns A store that locks. Share it between your sources, as you share the client.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "kpn-auth";
 * import { redisStore } from "kpn-auth/stores/redis";
 *
 * const sourceWith = (client: { sendCommand(args: string[]): Promise<unknown> }) =>
 *   createTokenSource({
 *     clientId: "APP_CLIENT_ID",
 *     clientSecret: "APP_CLIENT_SECRET",
 *     store: redisStore((args) => client.sendCommand(args)),
 *   });
 * ```
 */
export function redisStore(command: RedisCommand): TokenStore {
  return {
    async get(key) {
      const reply = await command(["GET", key], key);
      // Upstash's own client has parsed it already.
      return typeof reply === "string" ? JSON.parse(reply) : reply;
    },

    set(key, token) {
      // Redis takes whole milliseconds; a clock may have fractions.
      const lifetime = Math.ceil(token.expiresAt - token.requestedAt);
      return command(["SET", key, JSON.stringify(token), "PX", `${lifetime}`], key);
    },

    async exclusive(key, hold) {
      const lock = `${key}:lock`;
      const owner = crypto.randomUUID();
      const taken = await command(["SET", lock, owner, "NX", "PX", String(hold)], lock);
      return taken ? () => command(["EVAL", RELEASE, "1", lock, owner], lock) : undefined;
    },
  };
}
