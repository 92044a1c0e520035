/**
 * A store on Cloudflare Workers KV.
 *
 * @module
 */

import type { TokenStore } from "../stored.ts";

/** The part of a `KVNamespace` that is used here. */
export interface CloudflareKv {
  /** Reads a value and parses it. */
  get(key: string, type: "json"): Promise<unknown>;
  /** Writes a value that expires after `expirationTtl` seconds. */
  put(key: string, value: string, options: { expirationTtl: number }): Promise<unknown>;
}

/** The shortest time to live that Cloudflare accepts, in seconds. */
const SHORTEST_TTL = 60;

/**
 * Shares the token through Workers KV. KV is eventually consistent (another location may see a
 * token a minute later) and cannot lock: locations that start at the same time each request a
 * token. A key accepts one write per second. For one token in all locations, use a Durable Object.
 *
 * @param namespace The `KVNamespace`.
 * @returns A store that does not lock.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "kpn-auth";
 * import { type CloudflareKv, cloudflareKvStore } from "kpn-auth/stores/cloudflare-kv";
 *
 * interface Env {
 *   readonly TOKENS: CloudflareKv; // a KVNamespace
 *   readonly KPN_CLIENT_ID: string;
 *   readonly KPN_CLIENT_SECRET: string;
 * }
 * const sourceOf = (env: Env) =>
 *   createTokenSource({
 *     clientId: env.KPN_CLIENT_ID,
 *     clientSecret: env.KPN_CLIENT_SECRET,
 *     store: cloudflareKvStore(env.TOKENS),
 *   });
 * ```
 */
export function cloudflareKvStore(namespace: CloudflareKv): TokenStore {
  return {
    get: (key) => namespace.get(key, "json"),

    set(key, token) {
      const lifetime = Math.ceil((token.expiresAt - token.requestedAt) / 1_000);
      const expirationTtl = Math.max(SHORTEST_TTL, lifetime);
      return namespace.put(key, JSON.stringify(token), { expirationTtl });
    },
  };
}
