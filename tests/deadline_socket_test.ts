/** B73: Node warns of no leak, whatever many calls share one signal. */

import { assertEquals } from "./support/assert.ts";
import { bundle } from "./support/bundle.ts";
import { testWith } from "./support/programs.ts";
import { runToEnd } from "./support/run.ts";

const SCRIPT = `
  import { getEventListeners } from "node:events";
  import { createTokenSource, requestToken } from "./mod.ts";

  const warnings = [];
  process.on("warning", ({ name }) => warnings.push(name));
  const { signal } = new AbortController();
  const options = {
    clientId: "id",
    clientSecret: "secret",
    fetch: async () => {
      await new Promise(setImmediate);
      return Response.json({ access_token: "t", expires_in: "3599" });
    },
  };
  const source = createTokenSource(options);
  await Promise.all(Array.from({ length: 50 }, () => [
    source.token({ signal }),
    requestToken(options, { signal }),
  ]).flat());
  await new Promise(setImmediate); // warnings are emitted a tick later
  console.log(JSON.stringify([warnings, getEventListeners(signal, "abort").length]));
`;

testWith(
  ["node"],
  "B73: 100 calls that share a signal bring no warning on Node",
  async ({ node }) => {
    const folder = new URL("..", import.meta.url).pathname;
    const code = await bundle(SCRIPT, folder, { platform: "node" });
    const args = ["--input-type=module", "--eval", code];
    const { stdout, stderr } = await runToEnd(node, args);
    assertEquals([stdout, stderr], ["[[],0]\n", ""]);
  },
);
