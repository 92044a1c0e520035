/** The key under which a store keeps a token. */

import { KpnAuthError } from "./errors.ts";
import type { Run } from "./grant.ts";

/** The `reason` of an event: the source continues without its store. */
const NO_SUBTLE = "crypto.subtle is missing, so no key can be made: serve the page over https";

/**
 * The key of a token: a truncated HMAC-SHA-256 of endpoint, client id and the target's other
 * parameters, under the secret. It does not reveal the secret, and another secret gives another key.
 */
export async function storeKey(
  { clientId, secret, request }: Pick<Run, "clientId" | "secret" | "request">,
): Promise<string> {
  const { subtle } = crypto;
  if (!subtle) throw new KpnAuthError("invalid_request", NO_SUBTLE);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"]);
  const fields = new URLSearchParams(request.body);
  const others = [...fields].slice(2).map((field) => `\n${field}`).join("");
  const mac = await subtle.sign("HMAC", key, bytes(`${request.url}\n${clientId}${others}`));
  // 120 bits: twenty characters of Base64, and no padding.
  return `kpn-auth:${btoa(String.fromCharCode(...new Uint8Array(mac, 0, 15)))}`;
}
