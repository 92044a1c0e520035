/** What `fetch` threw, as one error that names the cause wherever the runtime tells it. */

import { causeOf, isKpnAuthError, KpnAuthError, wordsOf } from "./errors.ts";

/** Words and codes of Node, Deno, Bun and undici; Chromium and workerd tell little or nothing. */
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

/** How many of the errors that lie below one another are looked at. */
const DEPTH = 9;

/** What `fetch` or the reading of a body threw while asking `url`, unless it is an error of ours already. */
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
  // Some quote the URL or the host, which may hold any of the words.
  const text = `${said}`.split(url).join("").split(hostname).join("");
  const [why, , code = "network_error"] = CAUSES.find(([, words]) => words.test(text))!;
  const cause = causeOf(chain[chain.length - 1], secrets);
  return new KpnAuthError(
    code,
    `Cannot get a token: no answer from ${host}: ${why} (${cause.message}). Check the network.`,
    {
      cause,
      // A text is thrown by a wrapper of fetch, never by a runtime: it would be thrown again.
      retryable: code === "network_error" && why !== CAUSES[0]![0] && typeof thrown === "object",
    },
  );
}
