/** The matrix: the conformance suite in every runtime, and the table of it in `.github/RUNTIMES.md`. */

import { ALL } from "../support/amount.ts";
import { assertEquals } from "../support/assert.ts";
import { CHROMIUM, testWith } from "../support/programs.ts";
import { runSuiteIn } from "./run.ts";
import { RUNTIMES } from "./runtimes.ts";
import { BEHAVIOURS, failuresOf, type Report } from "./suite.ts";
import { cellsIn, tableIn, tableOf } from "./table.ts";

const reports: Record<string, Report[]> = {};

for (const runtime of RUNTIMES) {
  if (runtime.heavy && !ALL) continue;
  testWith(runtime.needs ?? [], `the suite holds in ${runtime.name}`, async () => {
    const report = await runSuiteIn(runtime);
    (reports[runtime.column] ??= []).push(report);
    assertEquals(Object.keys(report), Object.keys(BEHAVIOURS));
    assertEquals(failuresOf(report), {});
  });
}

testWith([CHROMIUM], "the table in .github/RUNTIMES.md is the one just produced", async () => {
  const document = await Deno.readTextFile(new URL("../../.github/RUNTIMES.md", import.meta.url));
  const produced = tableOf(reports);
  if (ALL) return assertEquals(tableIn(document), produced);
  const written = cellsIn(tableIn(document));
  for (const [column, cells] of Object.entries(cellsIn(produced))) {
    assertEquals(written[column], cells, column);
  }
});
