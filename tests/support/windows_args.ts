/**
 * How Windows makes arguments of a command line typed at cmd's prompt: cmd takes
 * carets and percent signs out and finds the end of the command, then the program's C runtime splits
 * what is left (Microsoft: "Parsing C command-line arguments").
 */

/** The arguments that a program started at cmd's prompt receives, its own name first. */
export function cmdArguments(line: string): string[] {
  return splitArguments(unescapeCmd(line));
}

/** cmd's second phase: outside of double quotes a caret escapes, and `& | < >` end the command. */
export function unescapeCmd(line: string): string {
  let quoted = false;
  let result = "";
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === '"') quoted = !quoted;
    if (quoted || !"^&|<>".includes(char)) result += char;
    else if (char === "^") result += line[++i] ?? "";
    else throw new Error(`cmd would end the command at ${char}`);
  }
  return result;
}

/** The C runtime's rules: backslashes count only before a double quote; `""` inside quotes is one. */
export function splitArguments(line: string): string[] {
  const args: string[] = [];
  let i = 0;
  while (i < line.length) {
    while (line[i] === " " || line[i] === "\t") i++;
    if (i >= line.length) break;
    let arg = "";
    let quoted = false;
    for (; i < line.length && (quoted || !(line[i] === " " || line[i] === "\t")); i++) {
      if (line[i] === "\\") {
        let slashes = 1;
        while (line[i + 1] === "\\") slashes++, i++;
        if (line[i + 1] !== '"') arg += "\\".repeat(slashes);
        else {
          arg += "\\".repeat(Math.floor(slashes / 2));
          if (slashes % 2) arg += line[++i];
        }
      } else if (line[i] !== '"') arg += line[i];
      else if (quoted && line[i + 1] === '"') arg += line[++i];
      else quoted = !quoted;
    }
    args.push(arg);
  }
  return args;
}
