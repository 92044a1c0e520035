/** What each runtime's own `fetch` puts on the wire, as committed in `tests/golden/fetch/`. */

import { OK } from "./suite.ts";

const FOLDER = new URL("../golden/fetch/", import.meta.url);

/**
 * {@linkcode OK} if a request is byte for byte the golden one, ports and versions aside; else
 * how it differs. With `--update` the golden file is written instead.
 */
export async function comparedWithGolden(name: string, raw: string): Promise<string> {
  const file = new URL(`${name}.http`, FOLDER);
  const sent = withoutVersions(raw);
  if (Deno.args.includes("--update")) {
    await Deno.mkdir(FOLDER, { recursive: true });
    await Deno.writeTextFile(file, sent);
  }
  const golden = await Deno.readTextFile(file);
  return sent === golden ? OK : `it sent ${JSON.stringify(sent)}`;
}

/** What changes from run to run (ports) and from release to release (versions). */
function withoutVersions(raw: string): string {
  return raw
    .replace(/(127\.0\.0\.1|localhost):\d+/g, "$1:PORT")
    .replace(/^(user-agent: .*)$/gim, (line) => line.replace(/\d+(\.\d+)+/g, "VERSION"))
    .replace(/^sec-ch-ua: .*$/gm, "sec-ch-ua: BRANDS");
}
