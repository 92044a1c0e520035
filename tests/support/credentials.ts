/** The credentials of KPN's examples, and sentinels that must never show up anywhere. */

export const CREDENTIALS = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

/** A secret whose form encoding differs from it, so that both can be looked for. */
export const SENTINEL = { clientId: "sentinel-id", clientSecret: "sentinel/secret+s3cr3t" };

/** Whether a text holds the sentinel secret, as it is or as a form writes it. */
export function holdsSecret(text: string): boolean {
  return /sentinel\/secret|sentinel%2Fsecret|s3cr3t/i.test(text);
}
