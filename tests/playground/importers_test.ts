/** What other tools make of the files that the playground serves: Bruno, its importers, and httpyac. */

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { BRUNO } from "../../scripts/build_page.ts";
import type { RecordedRequest } from "kpn-auth/testing";
import { ALL, sample } from "../support/amount.ts";
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

/** Which paths were asked for, and with which status they were answered. */
const answered = (requests: readonly RecordedRequest[]) =>
  requests.map(({ url, answer }) => [new URL(url).pathname, answer?.status]);

const ALL_OF_IT = [
  ["/oauth/client_credential/accesstoken", 200],
  ...["basic", "standard", "advanced", "advanced/async"].map((level) => [
    `${INSIGHT}/${level}`,
    200,
  ]),
];

/** Runs a Bruno collection that stands in a folder, by Bruno's command line. */
async function runBruno(node: string, cwd: string, args: readonly string[]): Promise<string> {
  const bru = `${await npmTools()}node_modules/@usebruno/cli/bin/bru.js`;
  return await run(node, [bru, ...args], { cwd });
}

/** Writes files into a folder of their own for a while. */
async function withFolder(
  files: Readonly<Record<string, string>>,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  await work(folder);
  await Deno.remove(folder, { recursive: true });
}

/** What runs the files of ours beside the mock, of which usually one is drawn. */
const RUNNERS = {
  bruno: () =>
    testWith(
      ["node", "npm"],
      "Bruno runs all of its collection, with one token",
      async ({ node }) => {
        await withDesk({ strict: true }, async ({ mock, url }) => {
          const get = async (name: string) => await (await fetch(`${url}/bruno/${name}`)).text();
          const files = await Promise.all(BRUNO.map(async (name) => [name, await get(name)]));
          await withFolder(Object.fromEntries(files), async (folder) => {
            await runBruno(node, folder, ["run", "--env", "KPN"]);
          });
          assertEquals(answered(mock.requests), ALL_OF_IT);
          await Promise.all(mock.callbacks);
        });
      },
    ),
  httpyac: () =>
    testWith(["node", "npm"], "httpyac runs all of kpn.http, with one token", async ({ node }) => {
      await withDesk({ strict: true }, async ({ mock, url }) => {
        const folder = await Deno.makeTempDir(); // httpyac reads no file elsewhere
        await Deno.writeTextFile(
          `${folder}/kpn.http`,
          await (await fetch(`${url}/kpn.http`)).text(),
        );
        const httpyac = `${await npmTools()}node_modules/httpyac/bin/httpyac.js`;
        await run(node, [httpyac, "send", "kpn.http", "--all"], { cwd: folder });
        await Deno.remove(folder, { recursive: true });
        assertEquals(
          answered(mock.requests),
          [
            ["/oauth/client_credential/accesstoken", 200],
            [`${INSIGHT}/basic`, 200],
            [`${INSIGHT}/standard`, 200],
            [`${INSIGHT}/advanced`, 200],
          ],
        );
      });
    }),
};
for (const [, register] of sample(Object.entries(RUNNERS), 1)) register();

if (ALL) {
  testWith(
    ["node", "npm"],
    "Bruno imports the Postman collection, and runs all of it",
    async ({ node }) => {
      await withDesk({}, async ({ mock, url }) => {
        const cli = `${await npmTools()}node_modules/@usebruno/cli`; // its own packages lie beside it
        const require = createRequire(await Deno.realPath(cli) + "/");
        const { jsonToBruV2, jsonToCollectionBru } = require("@usebruno/lang");
        const postman = await (await fetch(`${url}/postman/collection.json`)).json();
        const { collection } = await require("@usebruno/converters").postmanToBruno(postman);
        // deno-lint-ignore no-explicit-any -- a tree of Bruno's
        const requests = (item: any): any[] => item.items?.flatMap(requests) ?? [item];
        const files = requests(collection).map(({ name, request }, at) => {
          const { auth, headers, params, body, script } = request;
          const json = {
            meta: { name, type: "http", seq: at + 1 },
            http: { method: "post", url: request.url, body: body.mode, auth: auth.mode },
            headers,
            params,
            auth: {},
            body,
            script: { res: script?.res },
          };
          return [`${at}.bru`, jsonToBruV2(json)];
        });
        const { auth } = collection.root.request;
        const environment =
          `vars {\n  baseUrl: ${url}\n  client_id: APP_CLIENT_ID\n  client_secret: APP_CLIENT_SECRET\n}\n`;
        await withFolder({
          "bruno.json": JSON.stringify({ version: "1", name: "x", type: "collection" }),
          "collection.bru": jsonToCollectionBru({ auth: { mode: "bearer", bearer: auth.bearer } }),
          "environments/x.bru": environment,
          ...Object.fromEntries(files),
        }, async (folder) => {
          await runBruno(node, folder, ["run", "--env", "x"]);
        });
        assertEquals(answered(mock.requests), ALL_OF_IT);
        await Promise.all(mock.callbacks);
      });
    },
  );

  testWith(
    ["node", "npm"],
    "Bruno imports openapi.yaml, and runs all its calls once it may fetch tokens by itself",
    async ({ node }) => {
      await withDesk({}, async ({ mock, url }) => {
        await withFolder({}, async (folder) => {
          await runBruno(node, folder, [
            "import",
            "openapi",
            "-s",
            `${url}/openapi.yaml`,
            "-o",
            folder,
            "-n",
            "kpn",
          ]);
          const path = `${folder}/kpn/opencollection.yml`;
          const text = await Deno.readTextFile(path); // Bruno switches it off whatever the description says
          await Deno.writeTextFile(
            path,
            text.replace("autoFetchToken: false", "autoFetchToken: true"),
          );
          const secrets = [
            "oauth_client_id=APP_CLIENT_ID",
            "oauth_client_secret=APP_CLIENT_SECRET",
          ];
          const variables = secrets.flatMap((secret) => ["--env-var", secret]);
          await runBruno(node, `${folder}/kpn`, [
            "run",
            "Number_insight",
            "--env",
            "KPN",
            ...variables,
          ]);
        });
        assertEquals(
          answered(mock.requests).sort(),
          [...ALL_OF_IT].sort(),
        );
        await Promise.all(mock.callbacks);
      });
    },
  );
}
