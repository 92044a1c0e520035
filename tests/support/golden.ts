/** Golden files: raw requests as they go over the wire, kept as `.http` files. */

import { assertEquals } from "./assert.ts";

/** The parts of a raw HTTP/1.1 request. */
export interface RawRequest {
  readonly line: string;
  /** Name and value as sent, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export function parseRequest(raw: string): RawRequest {
  const [head = "", ...body] = raw.split("\r\n\r\n");
  const [line = "", ...headers] = head.split("\r\n");
  return {
    line,
    headers: headers.map((header) => {
      const colon = header.indexOf(":");
      return [header.slice(0, colon), header.slice(colon + 1).trim()] as const;
    }),
    body: body.join("\r\n\r\n"),
  };
}

/** A header's value, whatever the case of its name. */
export function headerOf({ headers }: RawRequest, name: string): string | undefined {
  return headers.find(([known]) => known.toLowerCase() === name)?.[1];
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
