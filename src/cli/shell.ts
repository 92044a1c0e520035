/** The user's shell, and its syntax for variables. */

import { type Shell, SHELLS } from "../curl/quoting.ts";
import { type Io, optional } from "./io.ts";

/** The usual names of shells, and the shell that each means. */
const NAMES: Readonly<Record<string, Shell>> = {
  ...Object.fromEntries((Object.keys(SHELLS) as Shell[]).map((shell) => [shell, shell])),
  ...Object.fromEntries(
    ["sh", "bash", "zsh", "ksh", "mksh", "dash", "ash"].map((name) => [name, "posix" as const]),
  ),
  pwsh: "powershell",
  bat: "batch",
};

/** The option of commands that print something for a shell. */
export const SHELL_OPTION = {
  shell: {
    value: "NAME",
    oneOf: Object.keys(NAMES),
    help: "posix (bash, zsh, sh, ksh), fish, nu, powershell\n(pwsh), cmd or batch; default: yours",
  },
} as const;

/** The named shell, or else the one that started kpn-auth. */
export async function shellOf(name: string | undefined, io: Io): Promise<Shell> {
  if (name !== undefined) return NAMES[name]!; // `oneOf` has refused all other names
  const own = named(optional(io, "SHELL"));
  if (io.platform !== "win32") return own ?? "posix";
  // Git Bash sets SHELL; cmd and PowerShell do not.
  return own ?? named(await io.parent?.()) ?? "cmd";
}

function named(program: string | undefined): Shell | undefined {
  const name = program?.split(/[\\/]/).pop()?.toLowerCase().replace(/\.exe$/, "");
  return name === undefined || !Object.keys(NAMES).includes(name) ? undefined : NAMES[name];
}
