/** KPN's third way: Postman. Its collection is made from openapi.yaml and run by newman. */

import { ALL } from "../support/amount.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { testWith } from "../support/programs.ts";
import { runToEnd } from "../support/run.ts";
import { postmanFiles } from "../../scripts/build_postman.ts";
import { withDesk } from "./support.ts";

testWith(["node", "npm"], "the Postman files are those that openapi.yaml makes", async () => {
  for (const [name, text] of Object.entries(await postmanFiles())) {
    const committed = await Deno.readTextFile(`src/playground/postman/${name}`);
    // The formatter may break lines differently: the values count.
    assertEquals(JSON.parse(committed), JSON.parse(text), `${name}: run deno task build:postman`);
  }
});

/** What newman tells of a run. */
interface Report {
  readonly run: {
    readonly executions: readonly {
      readonly item: { readonly name: string };
      readonly response: { readonly code: number };
    }[];
    readonly failures: readonly { readonly error: { readonly message: string } }[];
  };
}

/** Runs the collection as the playground serves it, by newman. */
async function runCollection(node: string, url: string, secret?: string) {
  const report = await Deno.makeTempFile({ suffix: ".json" });
  const { code, stdout } = await runToEnd(node, [
    `${await npmTools()}node_modules/newman/bin/newman.js`,
    "run",
    `${url}/postman/collection.json`,
    `--environment=${url}/postman/environment.json`,
    ...secret ? ["--env-var", `client_secret=${secret}`] : [],
    "--reporters=cli,json",
    `--reporter-json-export=${report}`,
    "--color=off",
  ]);
  const { run } = JSON.parse(await Deno.readTextFile(report)) as Report;
  await Deno.remove(report);
  return { code, run, output: stdout };
}

testWith(
  ["node", "npm"],
  "Postman: Get Access Token saves the token, and every call uses it",
  async ({ node }) => {
    await withDesk({}, async ({ mock, url }) => {
      const { code, run, output } = await runCollection(node, url);
      assertEquals(run.failures, [], output);
      assertEquals(code, 0);
      const seen = run.executions.map(({ item, response }) => `${item.name} ${response.code}`);
      assertEquals(seen, [
        "Get Access Token 200",
        "Basic insight 200",
        "Standard insight 200",
        "Advanced insight 200",
        "Advanced insight, later 200",
      ]);
      const [token, ...calls] = mock.requests;
      assertEquals(token?.body, "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET");
      assertEquals(token?.headers["authorization"], undefined);
      assert(calls.every(({ headers }) => /^Bearer \w{28}$/.test(headers["authorization"] ?? "")));
      assertEquals(mock.mints, 1);
      await Promise.all(mock.callbacks);
    });
  },
);

if (ALL) {
  testWith(
    ["node", "npm"],
    "Postman: wrong credentials fail the run, and say so",
    async ({ node }) => {
      await withDesk({}, async ({ mock, url }) => {
        const { code, run } = await runCollection(node, url, "WRONG");
        assertEquals(code, 1);
        assertEquals(run.executions[0]?.response.code, 401);
        assertMatch(run.failures[0]?.error.message ?? "", /200 but got 401/);
        assert(run.executions.slice(1).every(({ response }) => response.code === 401));
        assertEquals(mock.mints, 0);
      });
    },
  );
}
