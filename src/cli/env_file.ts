/** Reads env files in all usual formats (B84), and refuses what is ambiguous. */

import { EXIT, failure } from "./exit.ts";

/** A variable of a file. */
interface Variable {
  readonly line: number;
  readonly value: string;
  /** Why the value is ambiguous. */
  readonly problem?: string | undefined;
}

/** The variables of an env file. */
export interface EnvFile {
  /** A variable's value; an empty one counts as unset. Throws if it is ambiguous. */
  readonly look: (name: string) => string | undefined;
  /** The names in the file, for a message; never a value. */
  readonly contents: string;
  /** Whether it has one of `names`. */
  readonly has: (...names: readonly string[]) => boolean;
}

/** `NAME=value`, after `export`, `set`, `$env:` or `-`, or `NAME: value` as in YAML. */
const LINE =
  /^\s*(?:-\s+)?(?:(?:export|set)\s+|\$env:)?(["']?)([A-Za-z_][\w.-]*)\1\s*(?:=|:(?=\s|$))(.*)$/i;

/** Reads an env file. */
export function readEnvFile(path: string, bytes: Uint8Array): EnvFile {
  const { variables, unread } = parse(decode(path, bytes).split(/\r\n|\n|\r/));
  return {
    look(name) {
      const { line, value, problem } = variables.get(name) ?? {};
      if (problem) throw failure(EXIT.credentials, `${path}, line ${line}: ${name} ${problem}.`);
      return value || undefined;
    },
    contents: contentsOf(variables, unread),
    has: (...names) => names.some((name) => variables.has(name)),
  };
}

/** Decodes UTF-16, which PowerShell's `>` writes, and UTF-8, with or without a byte order mark. */
function decode(path: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe || second === 0 && first
    ? "utf-16le"
    : first === 0xfe && second === 0xff || first === 0 && second
    ? "utf-16be"
    : "utf-8";
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // refused below
  }
  throw failure(EXIT.credentials, `${path} is not text in UTF-8 or UTF-16. Save it as UTF-8.`);
}

function parse(lines: string[]): { variables: Map<string, Variable>; unread: number[] } {
  const variables = new Map<string, Variable>();
  const unread: number[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    if (/^\s*(#|$)/.test(lines[at]!)) continue;
    const [, , name, text] = LINE.exec(lines[at]!) ?? [];
    if (name === undefined || text === undefined) {
      unread.push(line);
      continue;
    }
    const quote = /^\s*(["'`])/.exec(text)?.[1];
    if (!quote) {
      variables.set(name, { line, ...unquoted(text) });
      continue;
    }
    let all = text.trimStart();
    const closed = () => closing(quote).exec(all);
    let next = at + 1; // a quoted value may have several lines
    while (!closed() && next < lines.length) all += `\n${lines[next++]}`;
    const found = closed();
    if (found) at = next - 1;
    variables.set(name, { line, ...quoted(quote, found) });
  }
  return { variables, unread };
}

/** A value up to the end of the line or a comment. A `#` without white space before it is part of the value. */
function unquoted(text: string): Omit<Variable, "line"> {
  const [, before = text, comment] = /^(.*?)(?:\s+#(.*))?$/s.exec(text) ?? [];
  const problem = comment && /^\S/.test(comment) && before.trim()
    ? 'has a # after white space: quote the value if the # is part of it, or write a comment as "# …"'
    : undefined;
  return { value: before.trim(), problem };
}

/** Matches a quoted value up to its closing quote, and what follows it. */
function closing(quote: string): RegExp {
  return quote === '"'
    ? /^"((?:[^"\\]|\\.)*)"(.*)/s
    : new RegExp(`^${quote}([^${quote}]*)${quote}(.*)`, "s");
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function quoted(quote: string, found: RegExpExecArray | null): Omit<Variable, "line"> {
  if (!found) return { value: "", problem: "begins with a quote that is not closed" };
  const [, inner = "", behind = ""] = found;
  const value = quote === '"'
    ? inner.replace(/\\([nrt"\\$`])/g, (_, char) => ESCAPES[char] ?? char)
    : inner;
  const problem = /^\s*(#.*)?;?$/.test(behind)
    ? undefined
    : 'continues after its closing quote: write a quote inside double quotes as \\"';
  return { value, problem };
}

/** Lists the names that cannot be a misplaced secret. */
function contentsOf(variables: ReadonlyMap<string, Variable>, unread: readonly number[]): string {
  const names = [...variables.keys()];
  const plain = names.filter((name) => /^([A-Z][A-Z0-9_]{0,60}|[a-z]+(_[a-z]+)*)$/.test(name));
  const others = names.length - plain.length;
  const listed = [...plain, ...others ? [`${others} more`] : []].join(", ") || "nothing";
  const lines = unread.length
    ? ` Not NAME=VALUE: line ${unread.slice(0, 5).join(", ")}${unread.length > 5 ? ", …" : ""}.`
    : "";
  return `It contains ${listed}.${lines}`;
}
