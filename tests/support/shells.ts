/** Shells that run scripts, with no start-up file of anybody's. */

import type { Shell } from "../../src/curl/curl.ts";
import { sample } from "./amount.ts";
import { npmTools } from "./npm.ts";
import { run } from "./run.ts";

/** A program that reads one of our shells' language. */
export interface ShellProgram {
  readonly shell: Shell;
  /** The program's name on the `PATH`; nu comes from npm. */
  readonly program: string;
  /** What comes before the script's path. */
  readonly args: readonly string[];
  /** The script's first line. */
  readonly begin: string;
}

const posix = (program: string, ...args: string[]): ShellProgram => ({
  shell: "posix",
  program,
  args,
  begin: "set -e",
});

const powershell = (begin: string): ShellProgram => ({
  shell: "powershell",
  program: "pwsh",
  args: ["-NoProfile", "-NonInteractive", "-File"],
  begin: `$ErrorActionPreference = 'Stop'; ${begin}`,
});

/** As it is, and passing arguments as 5.1 and 7.2 do. It takes long to start, so usually one of them is tried. */
const POWERSHELLS = [
  ["pwsh", powershell("")],
  ["pwsh (Legacy)", powershell("$PSNativeCommandArgumentPassing = 'Legacy'")],
] as const;

/** All that can be had on Linux. */
export const SHELL_PROGRAMS: Readonly<Record<string, ShellProgram>> = {
  bash: posix("bash", "--norc", "--noprofile"),
  dash: posix("dash"),
  zsh: posix("zsh", "-f"),
  busybox: posix("busybox", "sh"),
  mksh: posix("mksh"),
  fish: {
    shell: "fish",
    program: "fish",
    args: ["--no-config"],
    begin: "",
  },
  nu: {
    shell: "nu",
    program: "nu",
    args: ["--no-config-file"],
    begin: "",
  },
  ...Object.fromEntries(sample(POWERSHELLS, 1)),
};

/** The programs to look for on the `PATH`. */
export function needed({ program }: ShellProgram): string[] {
  return program === "nu" ? [] : [program];
}

/** Runs many commands in one process, one after the other; the first that fails ends it. */
export async function runScript(
  { program, args, begin }: ShellProgram,
  commands: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: program === "pwsh" ? ".ps1" : "" });
  try {
    await Deno.writeTextFile(path, `${begin}\n${commands.join("\n")}\n`);
    const file = program === "nu" ? `${await npmTools()}node_modules/nu/bin/nu` : program;
    return await run(file, [...args, path], { env: { ...QUIET, ...env } });
  } finally {
    await Deno.remove(path);
  }
}

/** PowerShell calls nobody, and writes no colours. */
const QUIET = { POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off", NO_COLOR: "1" };
