/** A real terminal: tmux in control mode, which tells of all output as it comes. */

import { assert } from "../support/assert.ts";
import { runToEnd, spawn } from "../support/run.ts";

/** A program in a terminal of 80 by 24. */
export interface Terminal {
  /** All that was written to the terminal once it matches. */
  until(sought: RegExp): Promise<string>;
  /** Presses keys, by tmux's names: `Enter`, `C-c`, or text. */
  press(...keys: readonly string[]): Promise<void>;
  /** Waits for the program's end. */
  [Symbol.asyncDispose](): Promise<void>;
}

let count = 0;

/** Starts a program in a terminal; its end is written as `exit N`. */
export function openTerminal(
  tmux: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Terminal {
  const server = ["-L", `kpn-auth-${Deno.pid}-${count++}`, "-f", "/dev/null"];
  const program = ["sh", "-c", 'trap : INT; "$@"; echo "exit $?"; read end', "sh", ...command];
  const session = ["-u", "-C", "new-session", "-x", "80", "-y", "24", "--", ...program];
  const child = spawn(tmux, [...server, ...session], {
    env: { ...env, TMUX: "", TERM: "xterm-256color" },
  });
  const silent = child.stderr.cancel();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  let protocol = "";

  const shown = () =>
    [...protocol.matchAll(/^%output %\d+ (.*?)\r?$/gm)].map(([, text]) => text).join("")
      .replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
  const press = (...keys: readonly string[]) =>
    writer.write(new TextEncoder().encode(`send-keys ${keys.join(" ")}\n`));

  return {
    async until(sought) {
      while (!sought.test(shown())) {
        const { value, done } = await reader.read();
        assert(!done, `the terminal closed before ${sought} came: ${shown()}`);
        protocol += value;
      }
      return shown();
    },
    press,
    async [Symbol.asyncDispose]() {
      await runToEnd(tmux, [...server, "kill-server"]);
      while (!(await reader.read()).done);
      await writer.close().catch(() => {});
      await Promise.all([child.status, silent]);
    },
  };
}
