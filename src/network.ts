/** What `fetch` threw, as one error that names the cause wherever the runtime tells it. */

import { causeOf, KpnAuthError } from "./errors.ts";

/** Words and codes of Node, Deno, Bun and undici; Chromium and workerd tell little or nothing. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/NotCapable/, "start Deno with --allow-net"],
  [/ENOTFOUND|EAI_AGAIN|dns/, "DNS does not know the host: check its name and the network"],
  [/refused/i, "the connection was refused: check host, port and firewall"],
  [/cert|ssl|tls/i, "TLS failed: check the certificate, the clock, and for a proxy in between"],
  [/reset|closed|terminated|lost|SOCKET|broken|eof|end of/i, "the connection was lost: try again"],
  [/(?:)/, "the runtime does not say why: check the network"],
];

/** The error for a `fetch` that rejected, or a body that broke off, while asking `url`. */
export function networkError(error: unknown, url: string, secret: string): KpnAuthError {
  let text = "";
  let deepest = error;
  // Node hides the reason in the cause of a cause. Bounded, since causes can form a ring.
  for (let link = error, depth = 0; link && depth < 9; link = (link as Error).cause, depth++) {
    deepest = link;
    const { name, code, message } = link as Error & { code?: unknown };
    text += `${name} ${code} ${message} `;
  }
  const cause = causeOf(deepest, secret);
  const [words, advice] = CAUSES.find(([words]) => words.test(text))!;
  return new KpnAuthError(
    "network_error",
    `Cannot get a token: no answer from ${new URL(url).host} (${cause.message}); ${advice}.`,
    { cause, retryable: words !== CAUSES[0]![0] },
  );
}
