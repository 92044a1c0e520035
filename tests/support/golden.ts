/** Golden files: texts kept under `tests/golden`, to be looked at in review. */

import { assertEquals } from "./assert.ts";

/** Holds a text to a golden file; `deno task test --update` writes the file instead. */
export async function assertGolden(file: string, text: string): Promise<void> {
  const path = new URL(`../golden/${file}`, import.meta.url);
  if (Deno.args.includes("--update")) await Deno.writeTextFile(path, text);
  assertEquals(text, await Deno.readTextFile(path), `golden file ${file}`);
}

/** A raw request without what changes: the port, and the versions of clients. */
export function stableRequest(raw: string): string {
  const text = raw
    .replace(/(127\.0\.0\.1|localhost):\d+/g, "$1:PORT")
    .replace(/(user-agent: *[\w-]+\/)[\d.]+/gi, "$1VERSION")
    .replaceAll("\r\n", "\n");
  return `${text}\n`;
}

/** The parts of a golden file that is a request. */
export interface RawRequest {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

export function parseRequest(text: string): RawRequest {
  const [head = "", body = ""] = text.split("\n\n");
  const [line = "", ...headers] = head.split("\n");
  return { line, headers, body: body.trimEnd() };
}
