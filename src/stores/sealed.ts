/**
 * Encrypts tokens before they reach a store.
 *
 * @module
 */

import type { TokenStore } from "../stored.ts";
import type { AccessToken } from "../token.ts";

/** A `CryptoKey`; the types of some platforms do not have that name. */
export type SealingKey = Parameters<typeof crypto.subtle.encrypt>[1];

/** The length of the nonce before the encrypted bytes. */
const NONCE = 12;

/**
 * Wraps `store` so that it holds encrypted tokens: AES-GCM with a new nonce for each token, and the
 * store's key as additional data, so that a token moved to another key cannot be decrypted.
 *
 * @param store Any store; if it can lock, so can the wrapped one.
 * @param keys AES-GCM keys: the first one encrypts, any of them decrypts. To rotate, add the new key
 * after the old one on every machine, then move it before the old one, then remove the old one.
 * @returns A store to pass to a token source.
 * @throws {RangeError} If `keys` is empty.
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
  if (!first) throw new RangeError("Cannot seal a store: keys is empty");

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
        throw new Error("no key decrypts the stored value");
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
      // A store may read the dates of a token, and nothing else of it.
      return await store.set(key, record as unknown as AccessToken);
    },

    ...(store.exclusive && { exclusive: (key, hold) => store.exclusive!(key, hold) }),
  };
}

/** The store's key is authenticated too, so that a sealed token cannot be moved to another key. */
const parameters = (iv: Uint8Array<ArrayBuffer>, storeKey: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: utf8(storeKey),
});

const utf8 = (text: string) => new TextEncoder().encode(text);
