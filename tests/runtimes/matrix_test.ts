/** The matrix: the conformance suite in every runtime, and the README's table of it. */

import { assertEquals } from "../support/assert.ts";
import { testWith } from "../support/programs.ts";
import { runSuiteIn } from "./run.ts";
import { RUNTIMES } from "./runtimes.ts";
import { BEHAVIOURS, failuresOf, type Report } from "./suite.ts";
import { tableIn, tableOf } from "./table.ts";

const reports: Record<string, Report[]> = {};

for (const runtime of RUNTIMES) {
  testWith(runtime.needs ?? [], `the suite holds in ${runtime.name}`, async () => {
    const report = await runSuiteIn(runtime);
    (reports[runtime.column] ??= []).push(report);
    assertEquals(Object.keys(report), Object.keys(BEHAVIOURS));
    assertEquals(failuresOf(report), {});
  });
}

testWith(["chromium"], "the README's table of runtimes is the one just produced", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  assertEquals(tableIn(readme), tableOf(reports));
});
