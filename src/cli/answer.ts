/** Writes the answer of `call`: byte for byte, or formatted at a terminal. */

import { STATUS_CODES } from "node:http";
import { type Io, painter } from "./io.ts";

/** How to write an answer. */
export interface Writing {
  /** Writes bytes to the file or to standard output. */
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
  /** Whether it is written to a terminal. */
  readonly atTerminal: boolean;
  /** Called for every chunk, so that the answer does not count as stalled. */
  readonly heard: () => void;
}

/** The longest JSON that is indented, in bytes. */
const LONGEST = 1_048_576;

/** Writes a body. At a terminal JSON is indented, and the last line gets a line break. */
export async function writeBody(response: Response, writing: Writing, io: Io): Promise<void> {
  const { write, atTerminal, heard } = writing;
  const isJson = /^application\/([\w.-]+\+)?json\b/.test(
    response.headers.get("content-type") ?? "",
  );
  let held: Uint8Array[] | undefined = atTerminal && isJson ? [] : undefined;
  let size = 0;
  let last: number | undefined;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
    const { value } = part;
    heard();
    size += value.length;
    last = value[value.length - 1] ?? last;
    if (held && size <= LONGEST) held.push(value);
    else {
      for (const chunk of [...held ?? [], value]) await write(chunk);
      held = undefined;
    }
    heard();
  }
  if (held && size > 0) return await write(`${await indented(held, io)}\n`);
  if (atTerminal && last !== undefined && last !== 0x0a) await write("\n");
}

/** The lines of an answer's head, for `-i`, `-I` and `-v`. `fetch` does not report the version of HTTP. */
export function headOf({ status, statusText, headers }: Response): string[] {
  const lines = Array.from(headers, ([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${statusText || STATUS_CODES[status] || ""}`.trimEnd(), ...lines];
}

async function indented(chunks: readonly Uint8Array[], io: Io): Promise<string> {
  const text = await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
  try {
    JSON.parse(text);
  } catch {
    return text.trimEnd();
  }
  return format(text, painter(io, "stdout"));
}

/** A token of JSON: a string, with a colon if it is a name; punctuation; or another value. */
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\],]|[^\s{}[\],:"]+/g;

/** Indents JSON token by token, so that numbers and names stay exactly as sent. */
function format(text: string, paint: ReturnType<typeof painter>): string {
  let depth = 0;
  let before = "";
  let written = "";
  for (const [token, string, colon] of text.matchAll(TOKENS)) {
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    const isEmpty = closes && /^[{[]$/.test(before);
    const breaks = /^[{[,]$/.test(before) || closes;
    if (breaks && !isEmpty) written += `\n${"  ".repeat(depth)}`;
    if (token === "{" || token === "[") depth++;
    written += string === undefined
      ? /^[\d-]/.test(token) ? paint("yellow", token) : token
      : colon
      ? `${paint("blue", harmless(string))}: `
      : paint("green", harmless(string));
    before = colon ? ":" : token;
  }
  return written;
}

/** Escapes characters that could control the terminal. */
function harmless(string: string): string {
  return string.replace(
    /[\x7f-\x9f]/g,
    (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
  );
}
