/** The key under which a store keeps a token. */

import type { Run } from "./grant.ts";

/**
 * The key of a token: a truncated HMAC-SHA-256 under the secret, over endpoint, client id and
 * the target's other parameters. A rotated secret misses, and no secret can be read from it.
 */
export async function storeKey(
  { clientId, secret, request }: Pick<Run, "clientId" | "secret" | "request">,
): Promise<string> {
  const { subtle } = crypto;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"]);
  const fields = new URLSearchParams(request.body);
  const others = [...fields].slice(2).map((field) => `\n${field}`).join("");
  const mac = await subtle.sign("HMAC", key, bytes(`${request.url}\n${clientId}${others}`));
  // 120 bits: twenty characters of Base64, and no padding.
  return `kpn-auth:${btoa(String.fromCharCode(...new Uint8Array(mac, 0, 15)))}`;
}
