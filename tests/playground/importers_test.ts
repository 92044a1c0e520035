/** What other tools make of the files that the playground serves: Bruno's importer, and httpyac. */

import { createRequire } from "node:module";
import { assertEquals } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { testWith } from "../support/programs.ts";
import { run } from "../support/run.ts";
import { withDesk } from "./support.ts";

const INSIGHT = "/communication/nexmo/number-insight";

testWith(["npm"], "Bruno's importer of Postman collections gets every URL whole", async () => {
  const require = createRequire(`${await npmTools()}/`);
  const file = await Deno.readTextFile("src/playground/postman/collection.json");
  const { collection } = await require("@usebruno/converters").postmanToBruno(JSON.parse(file));
  // deno-lint-ignore no-explicit-any -- a tree of Bruno's
  const urls = (item: any): string[] => item.items?.flatMap(urls) ?? [item.request.url];
  assertEquals(urls(collection), [
    "{{baseUrl}}/oauth/client_credential/accesstoken?grant_type=client_credentials",
    `{{baseUrl}}${INSIGHT}/basic`,
    `{{baseUrl}}${INSIGHT}/standard`,
    `{{baseUrl}}${INSIGHT}/advanced`,
    `{{baseUrl}}${INSIGHT}/advanced/async`,
  ]);
});

testWith(["node", "npm"], "httpyac runs all of kpn.http, with one token", async ({ node }) => {
  await withDesk({ strict: true }, async ({ mock, url }) => {
    const folder = await Deno.makeTempDir(); // httpyac reads no file elsewhere
    await Deno.writeTextFile(`${folder}/kpn.http`, await (await fetch(`${url}/kpn.http`)).text());
    const httpyac = `${await npmTools()}node_modules/httpyac/bin/httpyac.js`;
    await run(node, [httpyac, "send", "kpn.http", "--all"], { cwd: folder });
    await Deno.remove(folder, { recursive: true });
    assertEquals(
      mock.requests.map((request) => [new URL(request.url).pathname, request.answer?.status]),
      [
        ["/oauth/client_credential/accesstoken", 200],
        [`${INSIGHT}/basic`, 200],
        [`${INSIGHT}/standard`, 200],
        [`${INSIGHT}/advanced`, 200],
      ],
    );
  });
});
