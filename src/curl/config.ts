/**
 * curl's config on standard input (`-K -`): it carries what no argument can, and secrets from the
 * environment, which no list of processes shows there (B30).
 */

import { type Shell, SHELLS } from "./quoting.ts";

/** An argument of curl. */
export interface Argument {
  readonly option: string;
  readonly text: string;
  /** The environment variable whose value comes after the text; in a `-d` it is encoded. */
  readonly variable?: string;
}

/** Gives a command that ends in `-K -` its config, in one shell's words. */
type Feed = (command: string, lines: readonly Argument[]) => string;

/** The shells that can; cmd has no way to quote a variable's value. */
export const FEEDS: Readonly<Partial<Record<Shell, Feed>>> = {
  posix: feedPosix,
  fish: (command, lines) => `printf '%s\\n' ${lines.map(lineOfFish).join(" ")} | ${command}`,
  nu(command, lines) {
    const all = lines.map(lineOfNu);
    const text = all.length > 1 ? `[${all.join(", ")}] | str join (char newline)` : all[0];
    return `${text} | ${command}`;
  },
  powershell: feedPowershell,
};

/** A line of the config whose value is known. */
function literalLine({ option, text }: Argument): string {
  const escapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return `${option} "${text.replace(/[\\"\n\r\t]/g, (char) => escapes[char] ?? `\\${char}`)}"`;
}

/**
 * Here-documents, since `printf` is a program, with arguments, in mksh. They come last, their lines
 * written as arguments are, so that the curl importers of Postman and its kind read them too. sed
 * escapes all quotes and backslashes, then takes that back for the two outer quotes.
 */
function feedPosix(command: string, lines: readonly Argument[]): string {
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

function lineOfFish(line: Argument): string {
  const { quote } = SHELLS.fish;
  const { option, text, variable } = line;
  if (!variable) return quote(literalLine(line));
  const value = option === "-d"
    ? `(string escape --style=url -- $${variable})`
    : `(string replace -ra '["\\\\\\\\]' '\\\\\\\\$0' -- $${variable})`;
  return `'${option} "${text}'${value}'"'`;
}

function lineOfNu(line: Argument): string {
  const { option, text, variable } = line;
  if (!variable) return SHELLS.nu.quote(literalLine(line));
  const value = option === "-d" ? "url encode --all" : 'str replace --all --regex `["\\\\]` `\\$0`';
  return `$'${option} "${text}($env.${variable} | ${value})"'`;
}

/** Up to 5.1, PowerShell's pipe is ASCII unless it is told otherwise. */
function feedPowershell(command: string, lines: readonly Argument[]): string {
  const texts = lines.map((line) => {
    const { option, text, variable } = line;
    if (!variable) return SHELLS.powershell.quote(literalLine(line));
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
