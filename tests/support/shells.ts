/** POSIX shells that run scripts, with no start-up file of anybody's. */

import { run } from "./run.ts";

/** The program of each shell and what comes before the script's path. */
export const POSIX_SHELLS = {
  bash: ["--norc", "--noprofile"],
  dash: [],
  zsh: ["-f"],
  busybox: ["sh"],
  mksh: [],
} as const;

/** A shell of {@linkcode POSIX_SHELLS}. */
export type PosixShell = keyof typeof POSIX_SHELLS;

/** Runs many commands in one process, one after the other; the first that fails ends it. */
export async function runScript(
  shell: PosixShell,
  program: string,
  commands: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, `set -e\n${commands.join("\n")}\n`);
    return await run(program, [...POSIX_SHELLS[shell], path], { env });
  } finally {
    await Deno.remove(path);
  }
}
