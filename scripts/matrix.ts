/** Runs the conformance suite in every runtime, and prints the table of it for `.github/RUNTIMES.md`. */

import { runSuiteIn } from "../tests/runtimes/run.ts";
import { RUNTIMES } from "../tests/runtimes/runtimes.ts";
import { failuresOf, type Report } from "../tests/runtimes/suite.ts";
import { tableOf } from "../tests/runtimes/table.ts";

const reports: Record<string, Report[]> = {};
for (const runtime of RUNTIMES) {
  (reports[runtime.column] ??= []).push(await runSuiteIn(runtime));
}
console.log(tableOf(reports));
const failures = Object.values(reports).flat().map(failuresOf).filter((failure) =>
  Object.keys(failure).length
);
if (failures.length) {
  console.error(failures);
  Deno.exit(1);
}
