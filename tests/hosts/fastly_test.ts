/** Fastly Compute: its compiler takes the cookbook's program. Nothing here runs the result; `bare_realm_test.ts` runs the core without what the engine lacks. */

import { node, withFile } from "../runtimes/programs.ts";
import { example } from "../runtimes/examples.ts";
import { ALL } from "../support/amount.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { run } from "../support/run.ts";
import { hostTools } from "./tools.ts";

/** Printed while it compiles: the compiler runs the top level in Fastly's own engine. */
const PROBE = `
  console.log("missing:", ["AbortController", "AbortSignal"].filter((name) => !(name in globalThis)));
`;

Deno.test("Fastly's compiler takes the cookbook's program, and its engine makes the source", {
  ignore: !ALL,
}, async () => {
  const compiler = "node_modules/@fastly/js-compute/dist/cli/js-compute-runtime-cli.js";
  const code = await example("fastly/index.js", ".github/COOKBOOK.md") + PROBE;
  await withFile("index.js", code, async (path) => {
    const wasm = `${path}.wasm`;
    const said = await run(await node(22), [`${await hostTools()}${compiler}`, path, wasm]);
    assertStringIncludes(said, "AbortController");
    assertEquals([...(await Deno.readFile(wasm)).slice(0, 4)], [0, 0x61, 0x73, 0x6d]);
  });
});
