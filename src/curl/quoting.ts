/** How to quote a text in each shell (B39, B40). */

/**
 * - `posix`: sh, dash, bash, zsh, ksh, busybox.
 * - `fish`, `nu`: the shells of these names.
 * - `powershell`: Windows PowerShell 5.1 and PowerShell 7.
 * - `cmd`: typed at the prompt of Windows' cmd, with delayed expansion off (the default).
 * - `batch`: a line of a `.bat` or `.cmd` file.
 */
export type Shell = "posix" | "fish" | "nu" | "powershell" | "cmd" | "batch";

/** The rules of a shell. */
export interface Quoting {
  /** The name that people see. */
  readonly title: string;
  /** The name of the curl program: in PowerShell 5.1 `curl` is another command. */
  readonly curl: string;
  /** The text between two arguments. */
  readonly separator: string;
  /** Quotes a text so that it arrives unchanged; throws a `TypeError` if the shell cannot carry it. */
  readonly quote: (text: string) => string;
  /** Matches the texts that can be arguments. All others go through standard input. */
  readonly carries: RegExp;
  /** The longest command, in characters. */
  readonly limit: number;
  /** The line that sets an environment variable; `value` must not need quotes. */
  readonly assign: (name: string, value: string) => string;
}

export function quoteFish(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}

/** PowerShell treats curly single quotes as quotes. */
export function quotePowershell(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** A raw string, whose fence has more `#` than follow any quote. */
export function quoteNu(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  const longest = Math.max(...`'${text}`.match(/'#*/g)!.map((fence) => fence.length));
  const fence = "#".repeat(longest);
  return `r${fence}'${text}'${fence}`;
}

/**
 * Uses double quotes. A quote is doubled, so that cmd stays inside the quotes; the C runtime reads two
 * quotes as one, and backslashes literally unless a quote follows.
 */
export function quoteWindows(text: string): string {
  if (/\p{Cc}/u.test(text)) {
    refuse("a line of cmd cannot contain line breaks or other control characters");
  }
  if (/[^ -~]/.test(text)) {
    refuse("cmd needs ASCII: other characters depend on the code page");
  }
  return `"${text.replace(/(\\*)"/g, '$1$1""').replace(/\\+$/, "$&$&")}"`;
}

/** Throws the reason why there is no such command; it never quotes a value. */
export function refuse(why: string): never {
  throw new TypeError(`Cannot render a curl command: ${why}`);
}
