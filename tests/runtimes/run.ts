/** One run of the conformance suite, with a server of its own. */

import { assertGolden } from "../support/golden.ts";
import type { Programs, Runtime } from "./runtimes.ts";
import { SENTINEL, SuiteServer } from "./server.ts";
import { EXACT_POST, OK, type Report, SHOWS_NOTHING } from "./suite.ts";

/** Runs the suite in a runtime, and looks at what it sent and printed. */
export async function runSuiteIn(runtime: Runtime, programs: Programs = {}): Promise<Report> {
  await using server = await SuiteServer.start();
  const environment = {
    origin: `http://127.0.0.1:${server.port}`,
    refusing: `http://127.0.0.1:${unusedPort()}`,
    tells: runtime.tells,
  };
  const printed = await runtime.run(environment, programs);
  const { report, requests } = server;
  if (!report) throw new Error(`the suite did not run to its end: ${printed}`);
  const outcome: Record<string, string> = JSON.parse(report);
  const sent = requests.find(({ path }) => path.startsWith("/oauth/"));
  if (outcome[EXACT_POST] === OK) {
    outcome[EXACT_POST] = await assertGolden(runtime.golden, withoutReleases(sent!.raw))
      .then(() => OK, String);
  }
  if (!printed.includes("logged:")) outcome[SHOWS_NOTHING] = "nothing was printed at all";
  if (printed.includes(SENTINEL)) outcome[SHOWS_NOTHING] = "a secret or a token was printed";
  return outcome;
}

/** What changes with each release of Chromium, and the page's port. */
function withoutReleases(raw: string): string {
  return raw
    .replace(/^sec-ch-ua: .*$/gm, "sec-ch-ua: BRANDS")
    .replace(/Chrome\/[\d.]+/, "Chrome/VERSION")
    .replace(/localhost:\d+/g, "localhost:PORT");
}

/** A port at which nobody listens. */
function unusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
