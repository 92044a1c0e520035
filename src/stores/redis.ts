/**
 * A store on Redis, or on anything that speaks its commands (Valkey, Upstash), through any client.
 *
 * @module
 */

import type { TokenStore } from "../stored.ts";

/** Sends one command and gives its reply. */
export type RedisCommand = (args: string[]) => Promise<unknown>;

/** Only its owner removes a lock, and in one step: meanwhile it may have lapsed to another. */
const RELEASE =
  'if redis.call("get",KEYS[1])==ARGV[1] then return redis.call("del",KEYS[1]) end return 0';

/**
 * Shares the token through Redis, and excludes others from a mint by `SET NX PX`.
 * Keys are `kpn-auth:…`.
 *
 * @param command How to send a command. node-redis: `(args) => client.sendCommand(args)`;
 * ioredis: `([name, ...args]) => client.call(name!, ...args)`; Upstash: POST `args` as JSON
 * to its REST URL and return `result`.
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
      const reply = await command(["GET", key]);
      // Upstash's own client has parsed it already.
      return typeof reply === "string" ? JSON.parse(reply) : reply;
    },

    set(key, token) {
      const lifetime = String(token.expiresAt - token.requestedAt);
      return command(["SET", key, JSON.stringify(token), "PX", lifetime]);
    },

    async exclusive(key, hold) {
      const lock = `${key}:lock`;
      const owner = crypto.randomUUID();
      const taken = await command(["SET", lock, owner, "NX", "PX", String(hold)]);
      return taken ? () => command(["EVAL", RELEASE, "1", lock, owner]) : undefined;
    },
  };
}
