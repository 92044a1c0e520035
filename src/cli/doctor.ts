/** `kpn-auth doctor`: walks the way that a call takes, and says in plain words what is wrong. */

import { tokenEndpoint } from "../request.ts";
import { environment, parse, target, timeouts, TOKEN_OPTIONS, TOKEN_OPTIONS_HELP } from "./args.ts";
import { type Case, STEPS } from "./doctor_steps.ts";
import { EXIT } from "./exit.ts";
import type { Finding } from "./finding.ts";
import { type Io, painter, withProgress } from "./io.ts";

export const help = `\
kpn-auth doctor [PATH]: walks the way that a call takes, and says what is wrong.

Environment, credentials, proxy, DNS, connection and TLS, endpoint, whether KPN
accepts the credentials, tier, products, clock, and whether an API accepts the
token: PATH is asked by GET; without it, Number Insight is asked for no number.
Each step has a mark (✓ well, ! look at it, ✗ wrong, - not applicable), its
duration, and a remedy. The exit code is that of the step that failed.

${TOKEN_OPTIONS_HELP}`;

const MARKS = {
  ok: ["green", "✓"],
  warning: ["yellow", "!"],
  failed: ["red", "✗"],
  skipped: ["grey", "-"],
} as const;

export async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals: [path] } = parse(args, TOKEN_OPTIONS, 1);
  const { timeout } = timeouts(values);
  const look = await environment(values, io);
  const endpoint = new URL(tokenEndpoint(target(values, look)));
  const about: Case = { io, look, values, timeout, path, endpoint };
  let warnings = 0;
  for (const [name, step] of STEPS) {
    const startedAt = Date.now();
    const finding = await withProgress(io, name, Promise.resolve(about).then(step));
    await io.stdout(lines(name, finding, Date.now() - startedAt, io));
    if (finding.mark === "warning") warnings++;
    if (finding.mark === "failed") {
      await io.stdout("\nThis is what is wrong; the steps after it were not taken.\n");
      return finding.exitCode ?? EXIT.failed;
    }
  }
  await io.stdout(
    warnings ? `\nIt works; look at the ${warnings} marked !.\n` : "\nAll is well.\n",
  );
  return EXIT.done;
}

/** What a server says must not steer the terminal: control characters are left out. */
function lines(name: string, { mark, text, remedy }: Finding, ms: number, io: Io): string {
  const paint = painter(io, "stdout");
  const [colour, sign] = MARKS[mark];
  const clean = text.replace(/\p{Cc}+/gu, " ");
  const line = `${paint(colour, sign)} ${name.padEnd(12)} ${clean} ${paint("grey", `(${ms} ms)`)}`;
  return remedy ? `${line}\n  ${"".padEnd(12)} → ${remedy}\n` : `${line}\n`;
}
