/** Sharing a token between machines: the contract of a store, and the key it is kept under. */

import type { AccessToken } from "./token.ts";

/**
 * Where token sources share their token. A store may lose tokens, hand out expired
 * or foreign values, hang or throw: the source checks what it reads, gives a
 * store a second, and mints for itself where it fails.
 */
export interface TokenStore {
  /** What stands under `key`, or `undefined`. Whatever it is, the source checks it. */
  get(key: string): Promise<unknown>;
  /** Keeps `token` under `key`, at least until about `token.expiresAt` (epoch ms). */
  set(key: string, token: AccessToken): Promise<unknown>;
  /**
   * Does `work` while no other machine does work under the same `key`. Who cannot
   * have the lock within `wait` ms does its work all the same; a lock whose owner
   * died is free after `hold` ms.
   */
  exclusive?<T>(
    key: string,
    work: () => Promise<T>,
    limits: { readonly wait: number; readonly hold: number },
  ): Promise<T>;
}

/**
 * The key of a token: a truncated HMAC-SHA-256 under the secret, over endpoint and
 * client id. A rotated secret misses, and no secret can be read from it.
 */
export async function storeKey(
  tokenEndpoint: string,
  clientId: string,
  clientSecret: string,
): Promise<string> {
  const { subtle } = crypto;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", bytes(clientSecret), algorithm, false, ["sign"]);
  const mac = await subtle.sign("HMAC", key, bytes(`${tokenEndpoint}\n${clientId}`));
  const hex = Array.from(new Uint8Array(mac, 0, 16), (byte) => byte.toString(16).padStart(2, "0"));
  return `kpn-auth:${hex.join("")}`;
}
