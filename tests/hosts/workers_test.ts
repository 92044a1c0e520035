/** The cookbook's Workers, by the real wrangler: typed, bundled, and served against a mock of KPN. */

import { mockKpn } from "../../src/mock/mock.ts";
import { installed } from "../package/installed.ts";
import { example } from "../runtimes/examples.ts";
import { node } from "../runtimes/programs.ts";
import { ALL } from "../support/amount.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { run, start } from "../support/run.ts";
import { hostTools } from "./tools.ts";

const QUIET = { CI: "1", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" };
const VARIABLES = "KPN_CLIENT_ID=APP_CLIENT_ID\nKPN_CLIENT_SECRET=APP_CLIENT_SECRET\n";
const TSCONFIG = {
  compilerOptions: {
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    strict: true,
    lib: ["es2022"],
    types: ["./worker-configuration.d.ts"],
    noEmit: true,
    skipLibCheck: true,
  },
  include: ["src/index.ts"],
};

/** Sends to the mock what is meant for KPN, and prints when the Durable Object is asked. */
const detour = (origin: string, hasObject: boolean) => `
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) => fetch(url.replace("https://api-prd.kpn.com", "${origin}"), init);
  export { default } from "./index.ts";
  ${
  hasObject
    ? `import { KpnToken as Token } from "./index.ts";
  export class KpnToken extends Token {
    fetch(request) {
      console.log("the object is asked");
      return super.fetch(request);
    }
  }`
    : ""
}`;

/** A project of the cookbook's files, the packed package beside it. */
async function project(name: string): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ dir: (await installed()).folder });
  await Deno.mkdir(`${folder}/src`);
  for (const file of ["wrangler.jsonc", "src/index.ts"]) {
    const text = await example(`${name}/${file}`, ".github/COOKBOOK.md");
    await Deno.writeTextFile(`${folder}/${file}`, text);
  }
  await Deno.writeTextFile(`${folder}/.dev.vars`, VARIABLES);
  await Deno.writeTextFile(`${folder}/package.json`, `{ "private": true, "type": "module" }`);
  await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(TSCONFIG));
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** How a wrangler is run there. */
async function wrangler(folder: string) {
  const program = `${await hostTools()}node_modules/wrangler/bin/wrangler.js`;
  const env = { ...QUIET, XDG_CONFIG_HOME: `${folder}/config`, HOME: folder };
  return { program: await node(22), path: program, options: { cwd: folder, env } };
}

for (const name of ["workers", "durable_object"]) {
  Deno.test({
    name: `B77: the cookbook's ${name} fits what wrangler types writes, and wrangler bundles it`,
    ignore: !ALL,
    async fn() {
      await using made = await project(name);
      const { program, path, options } = await wrangler(made.folder);
      await run(program, [path, "types"], options);
      const types = await Deno.readTextFile(`${made.folder}/worker-configuration.d.ts`);
      const isTyped = types.includes('DurableObjectNamespace<import("./src/index").KpnToken>');
      assertEquals(isTyped, name === "durable_object");
      await run(`${await npmTools()}node_modules/ts59/bin/tsc`, ["-p", "."], options);
      const said = await run(program, [path, "deploy", "--dry-run", "--outdir", "out"], options);
      assertStringIncludes(said, "--dry-run: exiting now");
    },
  });

  Deno.test({
    name: `the cookbook's ${name} serves by wrangler dev: 20 cold calls, one token`,
    ignore: !ALL,
    async fn() {
      const mock = mockKpn();
      const kpn = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, mock.handle);
      const hasObject = name === "durable_object";
      await using made = await project(name);
      const code = detour(`http://127.0.0.1:${kpn.addr.port}`, hasObject);
      await Deno.writeTextFile(`${made.folder}/src/detour.ts`, code);
      const { program, path, options } = await wrangler(made.folder);
      const args = ["dev", "src/detour.ts", "--ip", "127.0.0.1", "--port", "0"];
      const ready = /Ready on http:\/\/127\.0\.0\.1:(\d+)/;
      const dev = await start(program, [path, ...args, "--inspector-port", "0"], ready, options);
      try {
        const origin = `http://127.0.0.1:${dev.ready[1]}`;
        const calls = Array.from({ length: 20 }, async () => {
          const answer = await fetch(`${origin}/?number=447700900000`);
          assertStringIncludes(await answer.text(), '"country_name":"United Kingdom"');
        });
        await Promise.all(calls);
        assertEquals([mock.mints, mock.requests.length], [1, 21]);
        mock.revoke();
        assertEquals(
          (await (await fetch(`${origin}/?number=447700900000`)).json()).country_code,
          "GB",
        );
        assertEquals(mock.mints, 2);
      } finally {
        await dev.kill("SIGTERM"); // it ends its workerd
        await kpn.shutdown();
      }
      const asked = dev.printed().match(/the object is asked/g)?.length ?? 0;
      assert(asked === (hasObject ? 2 : 0), dev.printed());
    },
  });
}
