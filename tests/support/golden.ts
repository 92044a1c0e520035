/** Golden files: raw requests as they go over the wire, kept as `.http` files, to be looked at in review. */

import { assertEquals } from "./assert.ts";

/** The parts of a golden file. */
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

/**
 * Holds a raw request against `tests/golden/<name>.http`: every byte, but for the port
 * and for versions of clients. `UPDATE_GOLDEN=1` in the environment rewrites the file.
 */
export async function assertGolden(name: string, raw: string): Promise<void> {
  const path = new URL(`../golden/${name}.http`, import.meta.url);
  const stable = raw
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replace(/(user-agent: *[\w-]+\/)[\d.]+/gi, "$1VERSION")
    .replaceAll("\r\n", "\n");
  if (Deno.env.get("UPDATE_GOLDEN") === "1") await Deno.writeTextFile(path, `${stable}\n`);
  assertEquals(`${stable}\n`, await Deno.readTextFile(path), `golden file ${name}.http`);
}
