/** The user's shell. */

import { type Shell, SHELLS } from "../curl/shells.ts";
import { type Io, optional } from "./io.ts";

/** Each shell by its own name and the names of its programs. */
const NAMES: Readonly<Record<string, Shell>> = Object.fromEntries(
  (Object.keys(SHELLS) as Shell[]).flatMap((shell) =>
    [shell, ...SHELLS[shell].programs].map((name) => [name, shell])
  ),
);

/** The option of commands that print something for a shell. */
export const SHELL_OPTION = {
  shell: {
    value: "NAME",
    oneOf: Object.keys(NAMES),
    help: `${Object.keys(SHELLS).join(", ")},\nor a program such as bash or pwsh; default: yours`,
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
