/**
 * A store on Deno KV: SQLite on one machine, FoundationDB on Deno Deploy.
 *
 * @module
 */

import type { TokenStore } from "../stored.ts";

/** The part of `Deno.Kv` that is used here. */
export interface DenoKv {
  /** Reads an entry; a missing one has no versionstamp. */
  get(key: readonly string[]): Promise<{ value: unknown; versionstamp: string | null }>;
  /** Writes an entry that expires after `expireIn` ms, or some time later. */
  set(key: readonly string[], value: unknown, options: { expireIn: number }): Promise<unknown>;
  /** Starts a transaction. */
  atomic(): DenoKvAtomic;
}

/** The part of `Deno.AtomicOperation` that is used here. */
export interface DenoKvAtomic {
  /** Makes the transaction fail if the entry has another versionstamp. */
  check(entry: { key: readonly string[]; versionstamp: string | null }): DenoKvAtomic;
  /** Writes an entry. */
  set(key: readonly string[], value: unknown, options: { expireIn: number }): DenoKvAtomic;
  /** Removes an entry. */
  delete(key: readonly string[]): DenoKvAtomic;
  /** Executes the whole transaction, or nothing of it. */
  commit(): Promise<{ ok: boolean; versionstamp?: string }>;
}

/**
 * Shares the token through Deno KV, and locks token requests with an atomic check. Deno KV limits
 * values to 64 KiB; KPN's token takes about 1 KiB.
 *
 * @param kv The database, from `Deno.openKv`.
 * @returns A store that locks.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "kpn-auth";
 * import { denoKvStore } from "kpn-auth/stores/deno-kv";
 *
 * using kv = await Deno.openKv(":memory:"); // deno run --unstable-kv
 * const source = createTokenSource({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 *   store: denoKvStore(kv),
 * });
 * console.log((await source.token()).expiresAt);
 * ```
 */
export function denoKvStore(kv: DenoKv): TokenStore {
  return {
    async get(key) {
      return (await kv.get([key])).value;
    },

    set(key, token) {
      // Deno KV accepts only whole milliseconds; a clock may have fractions.
      const expireIn = Math.ceil(token.expiresAt - token.requestedAt);
      return patiently(() => kv.set([key], token, { expireIn }));
    },

    async exclusive(key, hold) {
      const lock = [key, "lock"];
      // Deno KV removes expired entries late: the lock's value says when it expires.
      const { value, versionstamp } = await kv.get(lock);
      const now = Date.now();
      if (typeof value === "number" && now < value) return undefined;
      const { ok, versionstamp: mine } = await patiently(() =>
        kv.atomic()
          .check({ key: lock, versionstamp })
          .set(lock, now + hold, { expireIn: hold })
          .commit()
      );
      if (!ok) return undefined;
      return () =>
        patiently(() =>
          kv.atomic().check({ key: lock, versionstamp: mine! }).delete(lock).commit()
        );
    },
  };
}

/** Retries for half a second at most while another process writes: SQLite itself does not wait. */
async function patiently<T>(write: () => Promise<T>): Promise<T> {
  for (let pause = 2;; pause *= 2) {
    try {
      return await write();
    } catch (error) {
      if (pause > 256 || !String(error).includes("database is locked")) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
