/** Runs the conformance suite in every runtime, and prints the README's table of it. */

import { findProgram } from "../tests/support/programs.ts";
import { runSuiteIn } from "../tests/runtimes/run.ts";
import { RUNTIMES } from "../tests/runtimes/runtimes.ts";
import { failuresOf, type Report } from "../tests/runtimes/suite.ts";
import { tableOf } from "../tests/runtimes/table.ts";

const reports: Record<string, Report[]> = {};
await Promise.all(RUNTIMES.map((runtime) => runtime.install()));
for (const { column, needs = [], ...runtime } of RUNTIMES) {
  const programs = Object.fromEntries(needs.map((name) => [name, findProgram(name) ?? name]));
  (reports[column] ??= []).push(await runSuiteIn({ column, ...runtime }, programs));
}
console.log(tableOf(reports));
const failures = Object.values(reports).flat().map(failuresOf).filter((failure) =>
  Object.keys(failure).length
);
if (failures.length) {
  console.error(failures);
  Deno.exit(1);
}
