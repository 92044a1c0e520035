/** Sharing a token between machines: the contract of a store, and the key it is kept under. */

import type { AccessToken } from "./token.ts";

/**
 * Where token sources share their token. A store may lose tokens, hand out expired
 * or foreign values, hang or throw: the source checks what it reads, gives a
 * store a second, and mints for itself where it fails.
 */
export interface TokenStore {
  /** What stands under `key`, or `undefined` or `null`. Whatever it is, the source checks it. */
  get(key: string): Promise<unknown>;
  /**
   * Keeps `token`, which is plain JSON, under `key`: at least for its lifetime
   * (`expiresAt - requestedAt`, in ms), so that a store needs no clock.
   */
  set(key: string, token: AccessToken): Promise<unknown>;
  /**
   * Takes the exclusive right to mint under `key`, which lapses after `hold` ms (its
   * owner may die). Resolves at once: to the function that hands it back, or
   * to `undefined` while another machine has it. Leave it out where a store can exclude nobody.
   */
  exclusive?(key: string, hold: number): Promise<(() => Promise<unknown>) | undefined>;
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
  // 120 bits: twenty characters of Base64, and no padding.
  return `kpn-auth:${btoa(String.fromCharCode(...new Uint8Array(mac, 0, 15)))}`;
}
