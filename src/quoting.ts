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
    quote: (text) => quoteCmd(text, /(["%])/),
    limit: CMD_LIMIT,
  },
  batch: {
    curl: "curl",
    separator: " ",
    quote: (text) => quoteCmd(text, /(")/).replace(/%/g, "%%"),
    limit: CMD_LIMIT,
  },
  powershell: { curl: "curl.exe", separator: " ", quote: quotePowershell, limit: Infinity },
};

function quotePosix(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** What cmd or the C runtime would see inside of quotes too, as it is written outside of them. */
const OUTSIDE: Readonly<Record<string, string>> = {
  // Literal for cmd, which drops the caret; `\"`, literal too, for the C runtime in all its versions.
  '"': '\\^"',
  // Between two of them there is a quote then, which no variable has in its name.
  "%": "^%",
};

/**
 * Double quotes throughout, but around the characters that `special` splits off. Backslashes
 * before a closing quote are doubled for the C runtime.
 */
function quoteCmd(text: string, special: RegExp): string {
  if (/[^ -~]/.test(text)) {
    refuse("beyond ASCII, what cmd hands to curl depends on the code page");
  }
  return text.split(special)
    .map((part, index) => index % 2 ? OUTSIDE[part] : `"${part.replace(/\\+$/, "$&$&")}"`)
    .join("");
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
