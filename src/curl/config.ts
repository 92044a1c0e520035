/**
 * curl's config on standard input (`-K -`), for values that an argument cannot carry, and for secrets
 * from the environment, which the process list does not show there (B30).
 */

import { quoteFish, quoteNu, quotePowershell } from "./quoting.ts";

/** An argument of curl. */
export interface Argument {
  readonly option: string;
  readonly text: string;
  /** The environment variable whose value follows the text; in a `-d` it is encoded. */
  readonly variable?: string;
}

/** Pipes the config into a command that ends in `-K -`, in one shell's syntax. */
export type Feed = (command: string, lines: readonly Argument[]) => string;

/** A line of the config without a variable. */
function literalLine({ option, text }: Argument): string {
  const escapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return `${option} "${text.replace(/[\\"\n\r\t]/g, (char) => escapes[char] ?? `\\${char}`)}"`;
}

/**
 * Uses here-documents, since in mksh `printf` is a program whose arguments the process list shows. They
 * come last, and their lines look like arguments, so that curl importers such as Postman's can read
 * them. sed escapes all quotes and backslashes, then undoes that for the two outer quotes.
 */
export function feedPosix(command: string, lines: readonly Argument[]): string {
  const literal = lines.filter(({ variable }) => !variable).map((line) =>
    literalLine(line).replace(/[\\$`]/g, "\\$&")
  );
  const secret = lines.filter(({ variable }) => variable).map(({ option, text, variable }) =>
    `${option === "-d" ? "--data-urlencode" : option} "${text}$${variable}"`
  );
  const escaped = secret.length
    ? [`$(sed 's/[\\\\"]/\\\\&/g;s/\\\\"/"/;s/\\\\"$/"/' <<END`, ...secret, "END", ")"]
    : [];
  return [`${command} <<EOF`, ...literal, ...escaped, "EOF"].join("\n");
}

export function feedFish(command: string, lines: readonly Argument[]): string {
  return `printf '%s\\n' ${lines.map(lineOfFish).join(" ")} | ${command}`;
}

function lineOfFish(line: Argument): string {
  const { option, text, variable } = line;
  if (!variable) return quoteFish(literalLine(line));
  const value = option === "-d"
    ? `(string escape --style=url -- $${variable})`
    : `(string replace -ra '["\\\\\\\\]' '\\\\\\\\$0' -- $${variable})`;
  return `'${option} "${text}'${value}'"'`;
}

export function feedNu(command: string, lines: readonly Argument[]): string {
  const all = lines.map(lineOfNu);
  const text = all.length > 1 ? `[${all.join(", ")}] | str join (char newline)` : all[0];
  return `${text} | ${command}`;
}

function lineOfNu(line: Argument): string {
  const { option, text, variable } = line;
  if (!variable) return quoteNu(literalLine(line));
  const value = option === "-d" ? "url encode --all" : 'str replace --all --regex `["\\\\]` `\\$0`';
  return `$'${option} "${text}($env.${variable} | ${value})"'`;
}

/** Sets UTF-8 where needed: the pipe of PowerShell up to 5.1 is ASCII by default. */
export function feedPowershell(command: string, lines: readonly Argument[]): string {
  const texts = lines.map((line) => {
    const { option, text, variable } = line;
    if (!variable) return quotePowershell(literalLine(line));
    const value = option === "-d"
      ? `[uri]::EscapeDataString($env:${variable})`
      : `$env:${variable} -replace '[\\\\"]', '\\$&'`;
    return `"${option} ""${text}$(${value})"""`;
  });
  const piped = `${texts.join(", ")} | ${command}`;
  return /[^ -~]/.test(texts.join(""))
    ? `& { $OutputEncoding = [Text.UTF8Encoding]::new($false); ${piped} }`
    : piped;
}
