/** A process that runs tests against faults, as `deno task mutants` sees it. */

import { type Learn, type Learnt, MARK, type Tried, type Try } from "./mutant_tests.ts";

/** No net but this machine's: a test looks at what is said without the permission. */
const FLAGS = [
  ...["read", "write", "env", "run", "sys", "net=127.0.0.1,localhost"].map((one) =>
    `--allow-${one}`
  ),
  ...["--no-prompt", "--no-check"],
];

/** A process that is silent while it takes so many seconds of the processor is in an endless loop. */
const PATIENCE = 30;

/** A process that runs tests in the copy. */
export interface Tester extends AsyncDisposable {
  /** Answers `undefined` if the process ends, or does not answer in time. */
  ask(command: Learn): Promise<Learnt | undefined>;
  ask(command: Try): Promise<Tried | undefined>;
}

/** Starts one, with one of the faults from the start or with none. */
export function startTester(folder: string, mutant = 0): Tester {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...FLAGS, "scripts/mutant_tests.ts", "--untimed", `--mutant=${mutant}`],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const answer = answersOf(output, child);
  return {
    async ask(command: Learn | Try) {
      const line = `${JSON.stringify(command)}\n`;
      await input.write(new TextEncoder().encode(line)).catch(() => {}); // it has ended
      const answered = await answer();
      return answered && JSON.parse(answered);
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await child.status;
      await output.cancel().catch(() => {});
      await input.abort().catch(() => {});
    },
  };
}

/** The answers among what a process prints; `undefined` once it has ended, or is in an endless loop and killed. */
function answersOf(output: ReadableStreamDefaultReader<string>, child: Deno.ChildProcess) {
  let text = "";
  return async (): Promise<string | undefined> => {
    for (;;) {
      // Not `.`: a failure may quote U+2028.
      const found = new RegExp(`^${MARK}([^\n]*)\n`, "m").exec(text);
      if (found) {
        text = text.slice(found.index + found[0].length);
        return found[1];
      }
      const from = secondsOf(child.pid);
      const timer = setInterval(() => {
        if (secondsOf(child.pid) - from > PATIENCE) child.kill("SIGKILL");
      }, 2_000);
      const { value, done } = await output.read();
      clearInterval(timer);
      if (done) return;
      text += value;
    }
  };
}

/** How many seconds of the processor a process has taken, by Linux. */
function secondsOf(pid: number): number {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0; // it has ended
  }
}
