/** Golden files: what goes over the wire, to be looked at in review. */

import { assertEquals } from "./assert.ts";
import { type CapturedRequest, latin1 } from "./capture_server.ts";

const FOLDER = new URL("../golden/", import.meta.url);

/** Holds a text to a golden file; with `--update` after the test's files, the file is written instead. */
export async function assertGolden(path: string, actual: string): Promise<void> {
  const file = new URL(path, FOLDER);
  if (Deno.args.includes("--update")) {
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, actual);
  }
  assertEquals(actual, await Deno.readTextFile(file), `not as in tests/golden/${path}`);
}

/** A request as a golden file has it: byte for byte, but ports and versions. */
export function withoutVersions({ head, body }: CapturedRequest): string {
  const stable = head
    .replace(/^(host: 127\.0\.0\.1):\d+/gim, "$1:PORT")
    .replace(/^(user-agent: [a-z]+\/).+$/gim, "$1VERSION");
  return stable.replace(/\r/g, "") + latin1(body);
}
