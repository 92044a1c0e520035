/** The credentials of KPN's examples, and sentinels that must never show up anywhere. */

export { PLACEHOLDERS as CREDENTIALS } from "./cases.ts";

/** A secret whose form encoding differs from it, so that both can be looked for. */
export const SENTINEL = { clientId: "sentinel-id", clientSecret: "sentinel/secret+s3cr3t" };

/** Whether a text holds the sentinel secret, as it is or as a form writes it. */
export function holdsSecret(text: string): boolean {
  return /sentinel\/secret|sentinel%2Fsecret|s3cr3t/i.test(text);
}
