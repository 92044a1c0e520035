/**
 * Seals tokens before they reach a store.
 *
 * @module
 */

import type { TokenStore } from "../store.ts";

/** How many bytes of nonce stand before what they sealed. */
const NONCE = 12;

/**
 * Wraps `store`, so that it holds tokens encrypted: AES-GCM, a fresh nonce for each, and the
 * store's key as additional data (a token that was moved to another key does not open).
 *
 * @param store Any store; it also excludes, if it can.
 * @param keys Secret keys of 16 or 32 random bytes: the first seals, any of them opens. To rotate,
 * put the new key behind the old one on every machine, then before it, then drop the old one.
 * @throws {RangeError} If there is no key, or one has another length.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "@kpn-auth/kpn-auth";
 * import { denoKvStore } from "@kpn-auth/kpn-auth/stores/deno-kv";
 * import { sealedStore } from "@kpn-auth/kpn-auth/stores/sealed";
 * import { mockKpn } from "@kpn-auth/kpn-auth/testing";
 *
 * using kv = await Deno.openKv(":memory:");
 * const key = crypto.getRandomValues(new Uint8Array(32)); // from your secret manager
 * const source = createTokenSource({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 *   store: sealedStore(denoKvStore(kv), [key]),
 *   fetch: mockKpn().fetch, // leave out to ask KPN
 * });
 * console.log((await source.token()).expiresAt);
 * ```
 */
export function sealedStore(
  store: TokenStore,
  keys: readonly Uint8Array<ArrayBuffer>[],
): TokenStore {
  if (!keys.length || keys.some(({ length }) => length !== 16 && length !== 32)) {
    throw new RangeError("Cannot seal a store: it takes keys of 16 or 32 bytes, at least one");
  }
  const ring = keys.map((key) => key.slice());
  const seal = ring[0]!;

  return {
    async get(key) {
      const stored = await store.get(key) as { sealed?: unknown } | null | undefined;
      if (!stored) return stored;
      if (typeof stored.sealed !== "string") throw new TypeError("the stored value is not sealed");
      const bytes = Uint8Array.from(atob(stored.sealed), (char) => char.charCodeAt(0));
      for (const secret of ring) {
        try {
          const [nonce, text] = [bytes.slice(0, NONCE), bytes.slice(NONCE)];
          const opened = await crypt("decrypt", secret, key, nonce, text);
          return JSON.parse(new TextDecoder().decode(opened));
        } catch {
          // Sealed with another key of the ring, or with none of them.
        }
      }
      throw new Error("the stored value opens with none of the keys");
    },

    async set(key, token) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
      const text = new TextEncoder().encode(JSON.stringify(token));
      const bytes = [...nonce, ...await crypt("encrypt", seal, key, nonce, text)];
      const sealed = btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
      const { requestedAt, expiresAt } = token;
      const record = { sealed, requestedAt, expiresAt };
      return await store.set(key, record);
    },

    ...(store.exclusive && { exclusive: (key, hold) => store.exclusive!(key, hold) }),
  };
}

async function crypt(
  direction: "encrypt" | "decrypt",
  secret: Uint8Array<ArrayBuffer>,
  storeKey: string,
  iv: Uint8Array<ArrayBuffer>,
  text: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const { subtle } = crypto;
  const key = await subtle.importKey("raw", secret, "AES-GCM", false, [direction]);
  const additionalData = new TextEncoder().encode(storeKey);
  return new Uint8Array(
    await subtle[direction]({ name: "AES-GCM", iv, additionalData }, key, text),
  );
}
