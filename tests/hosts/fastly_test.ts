/** Fastly Compute: its compiler, and what its engine lacks. */

import { ALL } from "../support/amount.ts";
import { assert } from "../support/assert.ts";
import { hostTools } from "./tools.ts";

Deno.test("Fastly's compiler is there", { ignore: !ALL }, async () => {
  const { isFile } = await Deno.stat(
    `${await hostTools()}node_modules/@fastly/js-compute/js-compute-runtime-cli.js`,
  );
  assert(isFile);
});
