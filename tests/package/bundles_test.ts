/** The package in bundles for a browser, and in Jest. */

import { sample } from "../support/amount.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { install, npmTools } from "../support/npm.ts";
import { run } from "../support/run.ts";
import { installed } from "./installed.ts";

/** What `createTokenRequest` alone may cost, minified and gzipped, in bytes. */
const REQUEST_LIMIT = 1_350;

const ONE = `import { createTokenRequest } from "kpn-auth"; console.log(createTokenRequest);`;
const PROGRAM = `
  import { authorizedFetch, createTokenSource } from "kpn-auth";
  import { redisStore } from "kpn-auth/stores/redis";

  globalThis.status = async ({ credentials, fetch }, command) => {
    const source = createTokenSource({ ...credentials, fetch, store: redisStore(command) });
    const body = new URLSearchParams({ number: "447700900000" });
    const path = "/communication/nexmo/number-insight/basic";
    return (await authorizedFetch(source, { fetch })(path, { method: "POST", body })).status;
  };
`;

/** A text of each room that the program does not enter. */
const UNUSED = {
  "curl/config.js": "--data-urlencode",
  "stores/sealed.js": "AES-GCM",
  "stores/durable_object.js": "TokenObject",
  "stores/cloudflare_kv.js": "expirationTtl",
  "stores/deno_kv.js": "expireIn",
  "webhook.js": "WebhookError",
  "mock/mock.js": "respondNext",
};

const OTHERS = ["rollup", "webpack", "vite", "rolldown", "parcel", "tsup", "bun"];

for (const bundler of ["esbuild", ...sample(OTHERS, 1)]) {
  Deno.test(`B35: ${bundler} bundles it for a browser without polyfills, and the bundle calls an API`, async () => {
    const { path, warnings } = await bundled(bundler, PROGRAM);
    assertEquals(warnings, []);
    // Nothing but the web's globals: no `process`, no `Buffer`, no `require`, no `Deno`.
    const code = `
      const { createContext, runInContext } = require("node:vm");
      const names = ["AbortController", "AbortSignal", "Blob", "Headers", "Request", "Response", "URL",
        "URLSearchParams", "TextDecoder", "TextEncoder", "atob", "btoa", "crypto", "queueMicrotask", "setTimeout",
        "clearTimeout"];
      const web = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
      const context = createContext(web);
      runInContext(require("node:fs").readFileSync(${JSON.stringify(path)}, "utf8"), context);
      const mock = require("kpn-auth/testing").mockKpn();
      const commands = [];
      const command = async ([name]) => (commands.push(name), name === "GET" ? null : "OK");
      context.status(mock, command).then((status) => console.log(status, mock.mints, ...commands));
    `;
    const { folder } = await installed();
    assertMatch(await run("node", ["-e", code], { cwd: folder }), /^200 1 GET SET( |$)/);
    const text = await Deno.readTextFile(path);
    assertEquals(Object.values(UNUSED).filter((part) => text.includes(part)), []);
  });

  Deno.test(`${bundler} leaves out what is not used: createTokenRequest alone costs under ${REQUEST_LIMIT} bytes`, async () => {
    const { bytes, warnings } = await bundled(bundler, ONE);
    assertEquals(warnings, []);
    assert(bytes < REQUEST_LIMIT, `${bytes} bytes, minified and gzipped`);
  });
}

Deno.test("what no bundle of the program may hold is in the package", async () => {
  const { folder } = await installed();
  for (const [room, part] of Object.entries(UNUSED)) {
    const text = await Deno.readTextFile(`${folder}/node_modules/kpn-auth/esm/src/${room}`);
    assert(text.includes(part), `${room}: ${part}`);
  }
});

Deno.test("B35: for no platform at all the core needs nothing from outside, no node: and no Deno", async () => {
  const { path, warnings } = await bundled("neutral", `export * from "kpn-auth";`);
  assertEquals(warnings, []);
  const code = await Deno.readTextFile(path);
  // Texts may name Deno ("start Deno with --allow-net"); code may not use it.
  const foreign =
    /"node:|\brequire\(|\b(?:Deno|process|Buffer)[.?[]|typeof (?:Deno|process|Buffer)/g;
  assertEquals(code.match(foreign), null);
});

Deno.test("a Jest project in CommonJS mocks KPN with it", async () => {
  const { folder } = await installed();
  await Deno.writeTextFile(
    `${folder}/kpn.test.js`,
    `
    const { authorizedFetch, createTokenSource } = require("kpn-auth");
    const { mockKpn } = require("kpn-auth/testing");

    test("one token for two calls", async () => {
      const mock = mockKpn();
      const source = createTokenSource({
        clientId: "APP_CLIENT_ID",
        clientSecret: "APP_CLIENT_SECRET",
        fetch: mock.fetch,
      });
      const kpn = authorizedFetch(source, { fetch: mock.fetch });
      const call = () => kpn("/communication/nexmo/number-insight/basic", {
        method: "POST",
        body: new URLSearchParams({ number: "447700900000" }),
      });
      expect([(await call()).status, (await call()).status]).toEqual([200, 200]);
      expect(mock.requests).toHaveLength(3);
    });
  `,
  );
  const jest = `${await npmTools()}node_modules/jest/bin/jest.js`;
  const output = await run("node", [jest, "--ci", "--json", "--rootDir", folder], { cwd: folder });
  const { numPassedTests, numTotalTests } = JSON.parse(output);
  assertEquals([numPassedTests, numTotalTests], [1, 1]);
});

/** A bundle of `code`, as a script that sets `KpnAuth`: its file, and its size minified and gzipped. */
async function bundled(
  bundler: string,
  code: string,
): Promise<{ path: string; bytes: number; warnings: string[] }> {
  const { folder } = await installed();
  const tools = await npmTools();
  if (/vite|rolldown|parcel|tsup/.test(bundler)) await install(`${tools}consumers/`);
  return JSON.parse(await run("node", ["tests/package/bundle.mjs", bundler, tools, folder, code]));
}
