/** One run of the conformance suite, with a server of its own. */

import { assertGolden, stableRequest } from "../support/golden.ts";
import { freePort } from "../support/ports.ts";
import type { Runtime } from "./runtimes.ts";
import { SENTINEL, SuiteServer } from "./server.ts";
import { EXACT_POST, OK, type Report, SHOWS_NOTHING } from "./suite.ts";

const VECTORS = new URL("../golden/webhook.json", import.meta.url);

/** Runs the suite in a runtime, and looks at what it sent and printed. */
export async function runSuiteIn(runtime: Runtime): Promise<Report> {
  await using server = new SuiteServer();
  const environment = {
    origin: server.origin,
    refusing: `http://127.0.0.1:${freePort()}`,
    tells: runtime.tells,
    vectors: JSON.parse(await Deno.readTextFile(VECTORS)),
  };
  const printed = await runtime.run(environment);
  const { report, post } = server;
  if (!report) throw new Error(`the suite did not run to its end: ${printed}`);
  const outcome: Record<string, string> = JSON.parse(report);
  if (outcome[EXACT_POST] === OK) {
    outcome[EXACT_POST] = await assertGolden(`${runtime.golden}.http`, withoutReleases(post!))
      .then(() => OK, String);
  }
  if (!printed.includes("logged:")) outcome[SHOWS_NOTHING] = "nothing was printed at all";
  if (printed.includes(SENTINEL)) outcome[SHOWS_NOTHING] = "a secret or a token was printed";
  return outcome;
}

/** Without what changes with each release of a browser, and with its reader. */
function withoutReleases(raw: string): string {
  return stableRequest(raw)
    .replace(/^sec-ch-ua: .*$/gm, "sec-ch-ua: BRANDS")
    .replace(/^(accept-language): (?!\*).*$/gim, "$1: LANGUAGE")
    .replace(/(Chrome|Firefox|Version)\/[\d.]+/, "$1/VERSION")
    .replace(/rv:[\d.]+/, "rv:VERSION");
}
