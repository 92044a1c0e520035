/** Everything that differs between shells, in one row for each. */

import { type Feed, feedFish, feedNu, feedPosix, feedPowershell } from "./config.ts";
import { quoteFish, quoteNu, quotePosix, quotePowershell, quoteWindows } from "./quoting.ts";

/**
 * - `posix`: sh, dash, bash, zsh, ksh, busybox.
 * - `fish`, `nu`: the shells of these names.
 * - `powershell`: Windows PowerShell 5.1 and PowerShell 7.
 * - `cmd`: typed at the prompt of Windows' cmd, with delayed expansion off (the default).
 * - `batch`: a line of a `.bat` or `.cmd` file.
 */
export type Shell = "posix" | "fish" | "nu" | "powershell" | "cmd" | "batch";

/** The rules of a shell. */
export interface Rules {
  /** The name that people see. */
  readonly title: string;
  /** The names of its programs, besides its own name. */
  readonly programs: readonly string[];
  /** The name of the curl program: in PowerShell 5.1 `curl` is another command. */
  readonly curl: string;
  /** The text between two arguments. */
  readonly separator: string;
  /** Quotes a text so that it arrives unchanged; throws a `TypeError` if the shell cannot carry it. */
  readonly quote: (text: string) => string;
  /** Matches the texts that can be arguments. All others go through standard input. */
  readonly carries: RegExp;
  /**
   * Hands curl its config. cmd cannot, as it has no way to quote a variable's value: a shell
   * without it carries every text or refuses it.
   */
  readonly feed?: Feed;
  /** The line that sets an environment variable; in cmd a value of plain ASCII. */
  readonly assign: (name: string, value: string) => string;
  /** The longest command, in characters. */
  readonly limit: number;
}

/** The longest line of cmd, in characters (Microsoft's article 830473). */
const CMD_LIMIT = 8_191;

/** A text that can be pasted: a terminal treats a tab, or a carriage return, as a key. */
const TYPED = /^[^\p{Cc}\n]*(\n[^\p{Cc}\n]*)*$/u;

/** All supported shells. */
export const SHELLS: Readonly<Record<Shell, Rules>> = {
  posix: {
    title: "Linux, macOS",
    programs: ["sh", "bash", "zsh", "ksh", "mksh", "dash", "ash"],
    curl: "curl",
    separator: " \\\n ",
    quote: quotePosix,
    carries: TYPED,
    feed: feedPosix,
    assign: (name, value) => `export ${name}=${quotePosix(value)}`,
    limit: Infinity,
  },
  fish: {
    title: "fish",
    programs: [],
    curl: "curl",
    separator: " \\\n ",
    quote: quoteFish,
    carries: TYPED,
    feed: feedFish,
    assign: (name, value) => `set -gx ${name} ${quoteFish(value)}`,
    limit: Infinity,
  },
  nu: {
    title: "Nushell",
    programs: [],
    curl: "curl",
    separator: " ",
    quote: quoteNu,
    carries: TYPED,
    feed: feedNu,
    assign: (name, value) => `$env.${name} = ${quoteNu(value)}`,
    limit: Infinity,
  },
  powershell: {
    title: "PowerShell",
    programs: ["pwsh"],
    curl: "curl.exe",
    separator: " ",
    quote: quotePowershell,
    // Up to 7.2 it breaks double quotes, and a final backslash in a text with white space.
    carries: /^(?:[^\s"\p{Cc}]+|[^"\p{Cc}]*[^"\\\p{Cc}])$/u,
    feed: feedPowershell,
    assign: (name, value) => `$env:${name} = ${quotePowershell(value)}`,
    limit: Infinity,
  },
  cmd: {
    title: "Windows cmd",
    programs: [],
    curl: "curl",
    separator: " ",
    // Each % is between two quoted parts: cmd then looks for a variable with quotes in its name.
    quote: (text) => text.split("%").map(quoteWindows).join("%"),
    carries: /^/,
    assign: (name, value) => `set ${name}=${value.replace(/[&|<>^"%]/g, "^$&")}`,
    limit: CMD_LIMIT,
  },
  batch: {
    title: "Batch file",
    programs: ["bat"],
    curl: "curl",
    separator: " ",
    quote: (text) => quoteWindows(text).replace(/%/g, "%%"),
    carries: /^/,
    assign: (name, value) => `set ${name}=${value.replace(/[&|<>^"]/g, "^$&").replace(/%/g, "%%")}`,
    limit: CMD_LIMIT,
  },
};
