/** How each shell takes an argument literally, and what it cannot take (B39, B40). */

/**
 * - `posix`: sh, dash, bash, zsh, ksh, busybox.
 * - `cmd`: typed at the prompt of Windows' cmd, its delayed expansion off (as it is by default).
 * - `batch`: a line of a `.bat` or `.cmd` file.
 * - `powershell`: Windows PowerShell 5.1 and PowerShell 7.
 */
export type Shell = "posix" | "cmd" | "batch" | "powershell";

/** A shell's ways. */
export interface Quoting {
  /** How curl is called: in PowerShell 5.1 `curl` is another program. */
  readonly curl: string;
  /** What stands between an argument and the next. */
  readonly separator: string;
  /** Quotes a text so that it arrives as it is; throws a `TypeError` if the shell cannot carry it. */
  readonly quote: (text: string) => string;
  /** The longest command that it takes. */
  readonly limit: number;
}

/** Longest line of cmd, in characters (Microsoft's article 830473). */
const CMD_LIMIT = 8_191;

/** Every shell that is known. */
export const SHELLS: Readonly<Record<Shell, Quoting>> = {
  posix: { curl: "curl", separator: " \\\n ", quote: quotePosix, limit: Infinity },
  cmd: {
    curl: "curl",
    separator: " ",
    // Each between two quoted parts: cmd would look for a variable with quotes in its name.
    quote: (text) => text.split("%").map(quoteWindows).join("%"),
    limit: CMD_LIMIT,
  },
  batch: {
    curl: "curl",
    separator: " ",
    quote: (text) => quoteWindows(text).replace(/%/g, "%%"),
    limit: CMD_LIMIT,
  },
  powershell: { curl: "curl.exe", separator: " ", quote: quotePowershell, limit: Infinity },
};

function quotePosix(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/**
 * Double quotes throughout. A quote is doubled, which leaves cmd where it was, inside of quotes; the
 * C runtime takes two for one, and backslashes for themselves unless a quote follows.
 */
function quoteWindows(text: string): string {
  if (/[^ -~]/.test(text)) {
    refuse("beyond ASCII, what cmd hands to curl depends on the code page");
  }
  return `"${text.replace(/(\\*)"/g, '$1$1""').replace(/\\+$/, "$&$&")}"`;
}

/** Curly single quotes are quotes to PowerShell. */
function quotePowershell(text: string): string {
  if (text.includes('"')) {
    refuse("PowerShell up to 7.2 mangles a double quote inside an argument, and 7.3 does not");
  }
  if (/\s.*\\$/.test(text)) {
    refuse("PowerShell up to 7.2 mangles an argument that has a space and ends in a backslash");
  }
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** Says why there is no such command; never quotes a value. */
export function refuse(why: string): never {
  throw new TypeError(`Cannot render a curl command: ${why}`);
}
