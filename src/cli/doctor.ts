/** `kpn-auth doctor`: walks the way that a call takes, and says in plain words what is wrong. */

import { apiUrl } from "./api_call.ts";
import { command } from "./command.ts";
import { endpointFor, environment, timeouts, TOKEN_OPTIONS } from "./credentials.ts";
import { type Case, STEPS } from "./doctor_steps.ts";
import { EXIT } from "./exit.ts";
import type { Finding } from "./finding.ts";
import { type Io, painter, withProgress } from "./io.ts";
import type { Parsed } from "./options.ts";

const OPTIONS = {
  json: { help: "the findings as JSON" },
  ...TOKEN_OPTIONS,
} as const;

export const doctor = command({
  summary: "find out what is wrong",
  takes: "PATH|URL",
  help: `\
kpn-auth doctor [PATH]: walks the way that a call takes, and says what is wrong.

Environment, credentials, proxy, DNS, connection and TLS, endpoint, whether KPN
accepts the credentials, tier, products, clock, and whether an API accepts the
token: PATH is asked by GET; without it, Number Insight is asked for no number.
Each step has a mark (✓ well, ! look at it, ✗ wrong, - not applicable), its
duration, and a remedy. The exit code is that of the step that failed.
`,
  options: OPTIONS,
  run,
});

/** A step that was taken. */
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
  if (path !== undefined) apiUrl(path, endpoint.origin); // refused before anything is sent
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
    return "This is what is wrong; the steps after it were not taken.";
  }
  const warnings = taken.filter(({ mark }) => mark === "warning").length;
  return warnings ? `It works; look at the ${warnings} marked !.` : "All is well.";
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

/** What a server says must not steer the terminal. */
function harmless(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
