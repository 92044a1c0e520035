/**
 * Seals tokens before they reach a store.
 *
 * @module
 */

import type { TokenStore } from "../stored.ts";
import type { AccessToken } from "../token.ts";

/** A `CryptoKey`; not every platform's types have that name. */
export type SealingKey = Parameters<typeof crypto.subtle.encrypt>[1];

/** How many bytes of nonce stand before what they sealed. */
const NONCE = 12;

/**
 * Wraps `store`, so that it holds tokens encrypted: AES-GCM, a fresh nonce for each, and the
 * store's key as additional data (a token that was moved to another key does not open).
 *
 * @param store Any store; it also excludes, if it can.
 * @param keys AES-GCM keys: the first seals, any of them opens. To rotate, put the new key behind
 * the old one on every machine, then before it, then drop the old one.
 * @throws {RangeError} If there is no key.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "kpn-auth";
 * import { denoKvStore } from "kpn-auth/stores/deno-kv";
 * import { sealedStore } from "kpn-auth/stores/sealed";
 *
 * using kv = await Deno.openKv(":memory:");
 * const secret = crypto.getRandomValues(new Uint8Array(32)); // from your secret manager
 * const usages: KeyUsage[] = ["encrypt", "decrypt"];
 * const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, usages);
 * const source = createTokenSource({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 *   store: sealedStore(denoKvStore(kv), [key]),
 * });
 * console.log((await source.token()).expiresAt);
 * ```
 */
export function sealedStore(
  store: TokenStore,
  keys: readonly SealingKey[],
): TokenStore {
  const ring = [...keys];
  const [first] = ring;
  if (!first) throw new RangeError("Cannot seal a store: there is no key");

  return {
    async get(key) {
      const stored = await store.get(key) as { sealed: string } | null | undefined;
      if (!stored) return stored;
      const bytes = Uint8Array.from(atob(stored.sealed), (char) => char.charCodeAt(0));
      const iv = bytes.slice(0, NONCE);
      const opened = ring.map((secret) =>
        crypto.subtle.decrypt(parameters(iv, key), secret, bytes.slice(NONCE))
      );
      const text = await Promise.any(opened).catch(() => {
        throw new Error("no key opens the stored value");
      });
      return JSON.parse(new TextDecoder().decode(text));
    },

    async set(key, token) {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE));
      const text = utf8(JSON.stringify(token));
      const bytes = await crypto.subtle.encrypt(parameters(iv, key), first, text);
      const chars = [...iv, ...new Uint8Array(bytes)].map((byte) => String.fromCharCode(byte));
      const { requestedAt, expiresAt } = token;
      const record = { sealed: btoa(chars.join("")), requestedAt, expiresAt };
      // All that a store may look at is there: the dates.
      return await store.set(key, record as unknown as AccessToken);
    },

    ...(store.exclusive && { exclusive: (key, hold) => store.exclusive!(key, hold) }),
  };
}

/** The store's key is bound, so that a sealed token cannot be moved. */
const parameters = (iv: Uint8Array<ArrayBuffer>, storeKey: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: utf8(storeKey),
});

const utf8 = (text: string) => new TextEncoder().encode(text);
