/** One way of quoting for each shell: what a program receives is what was given. */

/** A shell, or a family of shells that quote alike. */
export type Shell =
  /** sh, dash, bash, zsh, ksh, mksh, busybox. */
  | "posix"
  /** Windows' cmd, typed or pasted at its prompt. */
  | "cmd"
  /** Windows' cmd, in a .bat or .cmd file. */
  | "batch"
  /** Windows PowerShell 5.1 and PowerShell 7. */
  | "powershell";

/** The longest line that cmd takes, in characters. */
export const LONGEST_CMD_LINE = 8_191;

/**
 * `text` as one argument of a command for `shell`.
 *
 * @throws {TypeError} If the shell cannot carry the text; the message says why and never quotes it.
 */
export function quote(text: string, shell: Shell): string {
  // deno-lint-ignore no-control-regex -- these are what is looked for
  if (/[\r\n\0]/.test(text)) refuse("a line break or NUL cannot stand in a command");
  if (shell === "posix") return `'${text.replace(/'/g, "'\\''")}'`;
  return shell === "powershell" ? quoteForPowerShell(text) : quoteForCmd(text, shell);
}

/**
 * cmd toggles its own quoting at each `"`, so one inside is written twice, which the C runtime
 * reads as one; backslashes before it, and at the end, are doubled for the C runtime. Percent
 * signs are expanded before quotes are read: `%%` is one in a batch file; at the prompt
 * nothing is, so each stands outside the quotes where no name that it could expand is left.
 */
function quoteForCmd(text: string, shell: "cmd" | "batch"): string {
  if (/[^\x20-\x7e]/.test(text)) {
    refuse(`${shell} depends on the code page for what is not ASCII; use PowerShell`);
  }
  const percent = shell === "batch" ? "%%" : '"^%"';
  const inside = text.replace(/(\\*)("|%|$)/g, (_, slashes: string, end: string) => {
    if (end === "%" && shell === "batch") return slashes + percent;
    return slashes + slashes + (end === "%" ? percent : end && '""');
  });
  return `"${inside}"`;
}

/** PowerShell takes curly single quotes for straight ones; up to 7.2 it does not escape what it passes on. */
function quoteForPowerShell(text: string): string {
  if (text.includes('"')) {
    refuse("PowerShell up to 7.2 mangles a double quote in an argument, and 7.3 does not");
  }
  if (/\s/.test(text) && text.endsWith("\\")) {
    refuse("PowerShell up to 7.2 loses a backslash at the end of an argument with spaces");
  }
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

function refuse(why: string): never {
  throw new TypeError(`Cannot render a cURL command: ${why}`);
}
