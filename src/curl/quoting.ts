/** How to quote an argument in each shell, and which arguments a shell cannot carry (B39, B40). */

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

/** The longest line of cmd, in characters (Microsoft's article 830473). */
const CMD_LIMIT = 8_191;

/** A text that can be pasted: a terminal treats a tab, or a carriage return, as a key. */
const TYPED = /^[^\p{Cc}\n]*(\n[^\p{Cc}\n]*)*$/u;

/** All supported shells. */
export const SHELLS: Readonly<Record<Shell, Quoting>> = {
  posix: {
    title: "Linux, macOS",
    curl: "curl",
    separator: " \\\n ",
    quote: (text) => `'${text.replace(/'/g, `'\\''`)}'`,
    carries: TYPED,
    limit: Infinity,
    assign: (name, value) => `export ${name}=${value}`,
  },
  fish: {
    title: "fish",
    curl: "curl",
    separator: " \\\n ",
    quote: (text) => `'${text.replace(/['\\]/g, "\\$&")}'`,
    carries: TYPED,
    limit: Infinity,
    assign: (name, value) => `set -gx ${name} ${value}`,
  },
  nu: {
    title: "Nushell",
    curl: "curl",
    separator: " ",
    quote: quoteNu,
    carries: TYPED,
    limit: Infinity,
    assign: (name, value) => `$env.${name} = '${value}'`,
  },
  powershell: {
    title: "PowerShell",
    curl: "curl.exe",
    separator: " ",
    // PowerShell treats curly single quotes as quotes.
    quote: (text) => `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`,
    // Up to 7.2 it breaks double quotes, and a final backslash in a text with white space.
    carries: /^(?![^]*\s[^]*\\$)[^"\p{Cc}]+$/u,
    limit: Infinity,
    assign: (name, value) => `$env:${name} = '${value}'`,
  },
  cmd: {
    title: "Windows cmd",
    curl: "curl",
    separator: " ",
    // Each % is between two quoted parts: cmd then looks for a variable with quotes in its name.
    quote: (text) => text.split("%").map(quoteWindows).join("%"),
    carries: /^/,
    limit: CMD_LIMIT,
    assign: (name, value) => `set ${name}=${value}`,
  },
  batch: {
    title: "Batch file",
    curl: "curl",
    separator: " ",
    quote: (text) => quoteWindows(text).replace(/%/g, "%%"),
    carries: /^/,
    limit: CMD_LIMIT,
    assign: (name, value) => `set ${name}=${value}`,
  },
};

/** A raw string, whose fence has more `#` than follow any quote. */
function quoteNu(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  const longest = Math.max(...`'${text}`.match(/'#*/g)!.map((fence) => fence.length));
  const fence = "#".repeat(longest);
  return `r${fence}'${text}'${fence}`;
}

/**
 * Uses double quotes. A quote is doubled, so that cmd stays inside the quotes; the C runtime reads two
 * quotes as one, and backslashes literally unless a quote follows.
 */
function quoteWindows(text: string): string {
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
