/** Which shell a person types in, and what it understands. */

import { type Shell, SHELLS } from "../curl/quoting.ts";
import { type Io, optional } from "./io.ts";

/** The names that people give their shells, and the shell of ours that each is. */
const NAMES: Readonly<Record<string, Shell>> = {
  ...Object.fromEntries((Object.keys(SHELLS) as Shell[]).map((shell) => [shell, shell])),
  ...Object.fromEntries(
    ["sh", "bash", "zsh", "ksh", "mksh", "dash", "ash"].map((name) => [name, "posix" as const]),
  ),
  pwsh: "powershell",
  bat: "batch",
};

/** For commands that print what a shell is to read. */
export const SHELL_OPTION = {
  shell: {
    value: "NAME",
    oneOf: Object.keys(NAMES),
    help: "posix (bash, zsh, sh, ksh), fish, nu, powershell\n(pwsh), cmd or batch; default: yours",
  },
} as const;

/** The shell of that name, or else the one that kpn-auth was started from. */
export async function shellOf(name: string | undefined, io: Io): Promise<Shell> {
  if (name !== undefined) return NAMES[name]!; // the table of options lets no other pass
  const own = named(optional(io, "SHELL"));
  if (io.platform !== "win32") return own ?? "posix";
  // Git Bash sets SHELL; cmd and PowerShell do not.
  return own ?? named(await io.parent?.()) ?? "cmd";
}

function named(program: string | undefined): Shell | undefined {
  const name = program?.split(/[\\/]/).pop()?.toLowerCase().replace(/\.exe$/, "");
  return name === undefined || !Object.keys(NAMES).includes(name) ? undefined : NAMES[name];
}
