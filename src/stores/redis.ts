/**
 * A store on Redis, or on a server with its commands (Valkey, Upstash), through any client.
 *
 * @module
 */

import type { TokenStore } from "../stored.ts";

/**
 * Sends one command and returns its reply. `key` is the command's only key, which some clients need
 * to find the node of a cluster.
 */
export type RedisCommand = (
  args: [name: string, ...args: string[]],
  key: string,
) => Promise<unknown>;

/** Removes the lock in one step, if it still is this owner's: it may have expired, and another may have it. */
const RELEASE =
  'if redis.call("get",KEYS[1])==ARGV[1] then return redis.call("del",KEYS[1]) end return 0';

/**
 * Shares the token through Redis, and locks token requests with `SET NX PX`. Keys begin with
 * `kpn-auth:`. If a fail-over loses the lock, one more token is requested, and no call fails.
 *
 * @param command How your client sends a command, always to a primary:
 *
 * - node-redis: `(args) => client.sendCommand(args)`
 * - node-redis, Cluster: `(args, key) => client.sendCommand(key, false, args)`
 * - node-redis, Sentinel: `(args) => client.sendCommand(false, args)`
 * - ioredis, also Cluster and Sentinel: `([name, ...args]) => client.call(name, ...args)`
 * - Upstash: `(args) => client.exec(args)`
 *
 * @returns A store that locks. Share it between your sources, like the client.
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
      // Upstash's own client returns it parsed.
      return typeof reply === "string" ? JSON.parse(reply) : reply;
    },

    set(key, token) {
      // Redis accepts only whole milliseconds; a clock may have fractions.
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
