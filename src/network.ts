/** What `fetch` threw, as one error that names the cause wherever the runtime tells it. */

import { causeOf, KpnAuthError } from "./errors.ts";

/** Words and codes of Node, Deno, Bun and undici; Chromium and workerd tell little or nothing. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/NotCapable/, "start Deno with --allow-net"],
  [/ENOTFOUND|EAI_AGAIN|dns/, "DNS does not know the host"],
  [/refused/i, "the connection was refused"],
  [/cert|ssl|tls/i, "TLS failed: check the certificate and the clock"],
  [/reset|closed|terminated|lost|SOCKET|broken|eof|end of/i, "the connection was lost"],
  [/(?:)/, "the runtime does not say why"],
];

/** The error for a `fetch` that rejected, or a body that broke off, while asking `url`. */
export function networkError(error: unknown, url: string, secret: string): KpnAuthError {
  // Node hides the reason in the cause.
  const cause = causeOf((error as Error | undefined)?.cause ?? error, secret);
  const text = `${error} ${cause.code} ${cause}`;
  const why = CAUSES.find(([words]) => words.test(text))![1];
  return new KpnAuthError(
    "network_error",
    `Cannot get a token: no answer from ${new URL(url).host}: ${why} (${cause.message}). ` +
      "Check the network, and for a proxy in between.",
    { cause, retryable: why !== CAUSES[0]![1] },
  );
}
