/** B75: requests, headers, bodies and signals of other libraries, and their fetch, a renewal after a 401 included. */

import { node, runProgram, withFile } from "../runtimes/programs.ts";
import { ALL } from "../support/amount.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { hostTools } from "./tools.ts";

/** Runs `foreign.mjs` on a Node, beside the packed package. */
async function runForeign(major: 20 | 24, tools: string, only: string): Promise<number> {
  const code = await Deno.readTextFile(new URL("foreign.mjs", import.meta.url));
  const program = await node(major);
  const said = await withFile(
    "foreign.mjs",
    code,
    (path) => runProgram(program, ["--no-warnings", path, `${tools}x.js`, only]),
  );
  const { tried, wrong } = JSON.parse(said);
  assertEquals(wrong, []);
  return tried;
}

Deno.test("B75: undici's classes work with undici's fetch and with the global one", async () => {
  const tried = await runForeign(24, await npmTools(), "undici");
  assert(tried >= 30, `${tried} calls`);
});

for (const major of [20, 24] as const) {
  Deno.test({
    name:
      `B75: undici 5 to 7, node-fetch 2 and 3, jsdom, happy-dom, axios, ofetch, on Node ${major}`,
    ignore: !ALL,
    async fn() {
      const tried = await runForeign(major, await hostTools(), "all");
      assert(tried >= 200, `${tried} calls`);
    },
  });
}
