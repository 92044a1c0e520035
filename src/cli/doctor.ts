/** `kpn-auth doctor`: checks every step of a call, and says what is wrong. */

import { apiUrl } from "./api_call.ts";
import { command } from "./command.ts";
import { endpointFor, environment, timeouts, TOKEN_OPTIONS } from "./credentials.ts";
import { type Case, STEPS } from "./doctor_steps.ts";
import { EXIT } from "./exit.ts";
import type { Finding } from "./finding.ts";
import { type Io, painter, withProgress } from "./io.ts";
import type { Parsed } from "./options.ts";

const OPTIONS = {
  json: { help: "print the findings as JSON" },
  ...TOKEN_OPTIONS,
} as const;

export const doctor = command({
  summary: "find out what is wrong",
  takes: "PATH|URL",
  help: `\
kpn-auth doctor [PATH]: checks every step of a call, and says what is wrong.

Checks the environment, the credentials, the proxy, DNS, connection and TLS, the
endpoint, whether KPN accepts the credentials, the tier, the products, the
clock, and whether an API accepts the token. It sends a GET to PATH; without
PATH, it calls Number Insight without a number, which costs nothing.
Each step shows a mark (✓ fine, ! warning, ✗ failed, - not applicable), its
duration, and what to do. The exit code is that of the step that failed.
`,
  options: OPTIONS,
  run,
});

/** A step that was done. */
interface Taken extends Finding {
  readonly name: string;
  readonly ms: number;
}

async function run(
  { values, positionals: [path] }: Parsed<typeof OPTIONS>,
  io: Io,
): Promise<number> {
  const { timeout } = timeouts(values);
  const variables = await environment(values, io);
  const endpoint = await endpointFor(values, variables.look, io);
  if (path !== undefined) apiUrl(path, endpoint.origin); // refuses a wrong PATH before anything is sent
  const about: Case = { io, variables, values, timeout, path, endpoint };
  const taken: Taken[] = [];
  for (const [name, step] of STEPS) {
    const startedAt = Date.now();
    const finding = await withProgress(io, name, Promise.resolve(about).then(step));
    const step_ = { name, ms: Date.now() - startedAt, ...finding };
    taken.push(step_);
    if (!values.json) await io.stdout(lines(step_, io));
    if (finding.mark === "failed") break;
  }
  const failed = taken.find(({ mark }) => mark === "failed");
  const exitCode = failed ? failed.exitCode ?? EXIT.failed : EXIT.done;
  await io.stdout(values.json ? asJson(taken, exitCode) : `\n${summary(taken)}\n`);
  return exitCode;
}

function summary(taken: readonly Taken[]): string {
  if (taken.some(({ mark }) => mark === "failed")) {
    return "The step marked ✗ failed; the steps after it were skipped.";
  }
  const warnings = taken.filter(({ mark }) => mark === "warning").length;
  if (!warnings) return "Everything works.";
  return `Everything works, with ${warnings} ${warnings === 1 ? "warning" : "warnings"} (!).`;
}

function asJson(taken: readonly Taken[], exitCode: number): string {
  const steps = taken.map(({ name, mark, text, remedy, ms }) => ({ name, mark, text, remedy, ms }));
  return `${JSON.stringify({ exitCode, summary: summary(taken), steps }, null, 2)}\n`;
}

const MARKS = {
  ok: ["green", "✓"],
  warning: ["yellow", "!"],
  failed: ["red", "✗"],
  skipped: ["grey", "-"],
} as const;

function lines({ name, mark, text, remedy, ms }: Taken, io: Io): string {
  const paint = painter(io, "stdout");
  const [colour, sign] = MARKS[mark];
  const line = `${paint(colour, sign)} ${name.padEnd(12)} ${harmless(text)} ${
    paint("grey", `(${ms} ms)`)
  }`;
  return remedy ? `${line}\n  ${"".padEnd(12)} → ${harmless(remedy)}\n` : `${line}\n`;
}

/** Removes control characters: a server's words must not control the terminal. */
function harmless(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
