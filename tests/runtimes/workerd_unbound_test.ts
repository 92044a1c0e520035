/** B76 in the real workerd, whose `ctx.waitUntil` needs its `ctx`. */

import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { bundle } from "../support/bundle.ts";
import { startWorkerd } from "../support/workerd.ts";

const WORKER = `
  import { createTokenSource } from "./mod.ts";
  import { mockKpn } from "./src/mock/mock.ts";
  export default {
    async fetch(_request, _env, ctx) {
      const { fetch, credentials } = mockKpn();
      const ways = [{ waitUntil: ctx.waitUntil }, { waitUntil: ctx }, ctx];
      const said = ways.map((way) =>
        createTokenSource({ ...credentials, fetch }).token(way).then(() => "", String)
      );
      return Response.json(await Promise.all(said));
    },
  };
`;

Deno.test("B76: in workerd an unbound waitUntil is refused with the remedy, and ctx itself works", async () => {
  const code = await bundle(WORKER, new URL("../../", import.meta.url).pathname);
  await using workerd = await startWorkerd("newest", { modules: { "worker.js": code } });
  const [unbound, ...others] = await (await fetch(workerd.origin)).json();
  assertStringIncludes(unbound, "TypeError: Cannot use waitUntil: Illegal invocation");
  assertStringIncludes(unbound, "Pass the ctx that has it: { waitUntil: ctx }");
  assertEquals(others, ["", ""]);
});
