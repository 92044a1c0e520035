/** Turns what `fetch` threw into one error, which names the cause if the runtime reports it. */

import { causeOf, isKpnAuthError, KpnAuthError, wordsOf } from "./errors.ts";

/** Words and codes of Node, Deno, Bun and undici; Chromium and workerd report little or nothing. */
const CAUSES: readonly (readonly [why: string, words: RegExp, code?: "proxy_refused"])[] = [
  ["no permission: run with --allow-net", /NotCapable|PermissionDenied|ERR_ACCESS/],
  [
    "a proxy refused: check its user, password and rules",
    /proxy response \((?!50)|unsuccessful tunnel|tunnel error|proxy auth/i,
    "proxy_refused",
  ],
  ["DNS failed", /ENOTFOUND|EAI_AGAIN|dns/],
  ["timed out", /time(d.?)?out/i],
  ["connection refused", /refused/i],
  ["TLS failed: check certificate and clock", /cert|ssl|tls|corrupt/i],
  ["connection lost", /reset|closed|lost|SOCKET|broken|eof|end of|a body/i],
  ["runtime does not say why", /^/],
];

/** How many nested errors are looked at. */
const DEPTH = 9;

/** The error for what `fetch` or the reading of a body threw during a request to `url`; a {@linkcode KpnAuthError} as it is. */
export function networkError(
  thrown: unknown,
  url: string,
  secrets: readonly string[],
): KpnAuthError {
  if (isKpnAuthError(thrown)) return thrown;
  const { host, hostname } = new URL(url);
  // Runtimes hide the reason in causes, and in the errors of a group.
  const chain = [thrown];
  for (let i = 0; i < chain.length && chain.length < DEPTH; i++) {
    chain.push(...wordsOf(chain[i]).below.slice(0, DEPTH));
  }
  const said = chain.map(wordsOf).map(({ name, code, message }) => `${name} ${code} ${message}`);
  // Some messages quote the URL or the host, which may contain any of the words.
  const text = `${said}`.split(url).join("").split(hostname).join("");
  const [why, , code = "network_error"] = CAUSES.find(([, words]) => words.test(text))!;
  const cause = causeOf(chain[chain.length - 1], secrets);
  return new KpnAuthError(
    code,
    `Cannot get a token: no answer from ${host}: ${why} (${cause.message}). Check the network.`,
    {
      cause,
      // A runtime throws objects. A string comes from a wrapper of fetch, which would throw it again.
      retryable: code === "network_error" && why !== CAUSES[0]![0] && typeof thrown === "object",
    },
  );
}
