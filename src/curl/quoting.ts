/** How each shell takes an argument literally, and what it cannot take (B39, B40). */

/**
 * - `posix`: sh, dash, bash, zsh, ksh, busybox.
 * - `fish`, `nu`: the shells of these names.
 * - `powershell`: Windows PowerShell 5.1 and PowerShell 7.
 * - `cmd`: typed at the prompt of Windows' cmd, its delayed expansion off (as it is by default).
 * - `batch`: a line of a `.bat` or `.cmd` file.
 */
export type Shell = "posix" | "fish" | "nu" | "powershell" | "cmd" | "batch";

/** A shell's ways. */
export interface Quoting {
  /** Its name, for people. */
  readonly title: string;
  /** How curl is called: in PowerShell 5.1 `curl` is another program. */
  readonly curl: string;
  /** What stands between an argument and the next. */
  readonly separator: string;
  /** Quotes a text so that it arrives as it is; throws a `TypeError` if the shell cannot carry it. */
  readonly quote: (text: string) => string;
  /** A text that arrives as an argument. Every other one has to go through standard input. */
  readonly carries: RegExp;
  /** The longest command that it takes. */
  readonly limit: number;
  /** The line that sets an environment variable; `value` has no quotes, blanks or marks of a shell. */
  readonly assign: (name: string, value: string) => string;
}

/** Longest line of cmd, in characters (Microsoft's article 830473). */
const CMD_LIMIT = 8_191;

/** A tab, or the end of a line on Windows, is a key to a terminal in which a command is pasted. */
const TYPED = /^[^\p{Cc}\n]*(\n[^\p{Cc}\n]*)*$/u;

/** Every shell that is known. */
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
    // Curly single quotes are quotes to PowerShell.
    quote: (text) => `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`,
    // Up to 7.2 it mangles double quotes, and a backslash at the end of what has white space.
    carries: /^(?![^]*\s[^]*\\$)[^"\p{Cc}]+$/u,
    limit: Infinity,
    assign: (name, value) => `$env:${name} = '${value}'`,
  },
  cmd: {
    title: "Windows cmd",
    curl: "curl",
    separator: " ",
    // Each between two quoted parts: cmd would look for a variable with quotes in its name.
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

/** A raw string, fenced by more `#` than follow a quote in it, or the one that opens it. */
function quoteNu(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  const longest = Math.max(...`'${text}`.match(/'#*/g)!.map((fence) => fence.length));
  const fence = "#".repeat(longest);
  return `r${fence}'${text}'${fence}`;
}

/**
 * Double quotes throughout. A quote is doubled, which leaves cmd where it was, inside of quotes; the
 * C runtime takes two for one, and backslashes for themselves unless a quote follows.
 */
function quoteWindows(text: string): string {
  if (/\p{Cc}/u.test(text)) {
    refuse("a line of cmd holds no line break and no other control character");
  }
  if (/[^ -~]/.test(text)) {
    refuse("beyond ASCII, what cmd hands to curl depends on the code page");
  }
  return `"${text.replace(/(\\*)"/g, '$1$1""').replace(/\\+$/, "$&$&")}"`;
}

/** Says why there is no such command; never quotes a value. */
export function refuse(why: string): never {
  throw new TypeError(`Cannot render a curl command: ${why}`);
}
