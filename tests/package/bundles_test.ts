/** The package in bundles for a browser, and in Jest. */

import { sample } from "../support/amount.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { run } from "../support/run.ts";
import { installed } from "./installed.ts";

/** What `createTokenRequest` alone may cost, minified and gzipped, in bytes. */
const REQUEST_LIMIT = 1_350;

const ONE = `import { createTokenRequest } from "kpn-auth"; console.log(createTokenRequest);`;
const ALL = `export * from "kpn-auth"; export { mockKpn } from "kpn-auth/testing";`;

for (const bundler of ["esbuild", ...sample(["rollup", "webpack"], 1)]) {
  Deno.test(`B35: ${bundler} bundles it for a browser without polyfills, and the bundle gets a token`, async () => {
    const bundle = await bundled(bundler, ALL);
    assertEquals(bundle.warnings, []);
    // Nothing but the web's globals: no `process`, no `Buffer`, no `require`, no `Deno`.
    const code = `
      const { createContext, runInContext } = require("node:vm");
      const names = ["AbortController", "AbortSignal", "Blob", "Headers", "Request", "Response", "URL",
        "URLSearchParams", "TextDecoder", "TextEncoder", "queueMicrotask", "setTimeout", "clearTimeout"];
      const web = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
      const context = createContext(web);
      runInContext(require("node:fs").readFileSync(${
      JSON.stringify(bundle.path)
    }, "utf8"), context);
      runInContext(\`KpnAuth.createTokenSource({
        clientId: "APP_CLIENT_ID",
        clientSecret: "APP_CLIENT_SECRET",
        fetch: KpnAuth.mockKpn().fetch,
      }).token()\`, context).then((token) => console.log(token.type));
    `;
    assertEquals(await run("node", ["-e", code]), "Bearer\n");
  });

  Deno.test(`${bundler} leaves out what is not used: createTokenRequest alone costs under ${REQUEST_LIMIT} bytes`, async () => {
    const { bytes, warnings } = await bundled(bundler, ONE);
    assertEquals(warnings, []);
    assert(bytes < REQUEST_LIMIT, `${bytes} bytes, minified and gzipped`);
  });
}

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
  return JSON.parse(
    await run("node", ["tests/package/bundle.mjs", bundler, await npmTools(), folder, code]),
  );
}
