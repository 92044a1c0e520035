/** What `fetch` threw, as one error that names the cause wherever the runtime tells it. */

import { causeOf, KpnAuthError } from "./errors.ts";

/** Words and codes of Node, Deno, Bun and undici; Chromium and workerd tell little or nothing. */
const CAUSES: readonly (readonly [string, RegExp])[] = [
  ["no permission", /NotCapable/],
  ["DNS failed", /ENOTFOUND|EAI_AGAIN|dns/],
  ["connection refused", /refused/i],
  ["TLS failed: check certificate and clock", /cert|ssl|tls|corrupt/i],
  ["connection lost", /reset|closed|lost|SOCKET|broken|eof|end of|a body/i],
  ["runtime does not say why", /^/],
];

/** What `fetch` or the reading of a body threw while asking `url`, unless it is an error of ours already. */
export function networkError(error: unknown, url: string, secret: string): KpnAuthError {
  if (error instanceof KpnAuthError) return error;
  // Node hides the reason in the cause.
  const cause = causeOf((error as Error | undefined)?.cause ?? error, secret);
  // Deno quotes the URL, which may hold any of the words.
  const text = `${error} ${cause.code} ${cause}`.split(url).join("");
  const [why] = CAUSES.find(([, words]) => words.test(text))!;
  return new KpnAuthError(
    "network_error",
    `Cannot get a token: no answer from ${new URL(url).host}: ${why} (${cause.message}). ` +
      "Check the network.",
    { cause, retryable: cause.name !== "NotCapable" },
  );
}
