/**
 * How Windows makes arguments of a typed line: cmd's phases (Microsoft's "cmd" and "setlocal"
 * references), then the C runtime ("Parsing C command-line arguments").
 */

/** Where a line stands. */
export interface Cmd {
  /** In a batch file, or typed at the prompt. */
  readonly batch: boolean;
  /** Whether delayed expansion is on (`setlocal EnableDelayedExpansion`). Default: `false`. */
  readonly delayed?: boolean;
  /** The environment, names in capitals. */
  readonly env: Readonly<Record<string, string>>;
}

/** The arguments that a program gets, its own name first. */
export function windowsArguments(line: string, cmd: Cmd): string[] {
  return splitArguments(commandLine(line, cmd));
}

/** What cmd hands to the program: a line, not yet split. */
export function commandLine(line: string, cmd: Cmd): string {
  const parsed = dropCarets(expandPercent(line, cmd));
  return cmd.delayed && parsed.includes("!") ? expandDelayed(parsed, cmd.env) : parsed;
}

/**
 * First phase, blind to quotes and carets. An undefined name is empty in a batch file and stays at
 * the prompt; `%%`, `%1`, `%*` and a lone `%` mean something in a batch file only.
 */
function expandPercent(line: string, { batch, env }: Cmd): string {
  const pattern = batch ? /%%|%[0-9*]|%([^%]+)%|%/g : /%([^%]+)%/g;
  let text = "";
  let from = 0;
  for (let match; (match = pattern.exec(line)); from = pattern.lastIndex) {
    const [whole, name] = match;
    text += line.slice(from, match.index);
    if (whole === "%%") text += "%";
    else if (name === undefined) text += "";
    else if (name.includes(":") && env[name.split(":")[0]!.toUpperCase()] !== undefined) {
      throw new Error("substrings and replacements (%name:…%) are not modelled");
    } else if (env[name.toUpperCase()] !== undefined) text += env[name.toUpperCase()];
    else if (!batch) {
      text += whole.slice(0, -1);
      pattern.lastIndex--; // the second % may begin another name
    }
  }
  return text + line.slice(from);
}

/** Second phase: outside of quotes a caret makes the next character literal. */
function dropCarets(line: string): string {
  let text = "";
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    let char = line[at]!;
    if (char === "^" && !quoted) {
      char = line[++at] ?? "";
    } else if (char === '"') {
      quoted = !quoted;
    } else if (!quoted && /[&|<>\n]/.test(char)) {
      throw new Error(`cmd takes the ${char} at ${at} for an operator`);
    }
    text += char;
  }
  return text;
}

/** Last phase, only for a line with an exclamation mark: carets count again, inside of quotes too. */
function expandDelayed(line: string, env: Cmd["env"]): string {
  return line.replace(/\^([\s\S]?)|!([^!]+)!|!/g, (_whole, escaped, name) => {
    return escaped ?? (name === undefined ? "" : env[name.toUpperCase()] ?? "");
  });
}

/**
 * The C runtime's rules. Backslashes count only before a quote: 2n are n, 2n + 1 are n and make
 * the quote literal. A doubled quote inside of quotes is a literal one.
 */
export function splitArguments(line: string): string[] {
  const args: string[] = [];
  let argument: string | undefined;
  let quoted = false;
  for (let at = 0; at < line.length;) {
    const [token = "", slashes = "", quote] = /^(\\*)("?)/.exec(line.slice(at))!;
    at += token.length;
    if (quote) {
      argument = (argument ?? "") + "\\".repeat(slashes.length >> 1);
      const doubled = quoted && line[at] === '"';
      if (slashes.length % 2 || doubled) argument += '"';
      else quoted = !quoted;
      if (doubled && slashes.length % 2 === 0) at++;
      continue;
    }
    const char = line[at++] ?? "";
    if (!quoted && !token && /[ \t]/.test(char)) {
      if (argument !== undefined) args.push(argument);
      argument = undefined;
    } else if (!quoted && /[ \t]/.test(char)) {
      args.push((argument ?? "") + token);
      argument = undefined;
    } else {
      argument = (argument ?? "") + token + char;
    }
  }
  return argument === undefined ? args : [...args, argument];
}
