/** The README's examples for whole runtimes and other libraries, executed as they stand there. */

import { installed } from "../package/installed.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { bundle } from "../support/bundle.ts";
import { startWorkerd } from "../support/workerd.ts";
import { example, serve, type Served } from "./examples.ts";
import { Gateway } from "./gateway.ts";
import { bun, edgeRuntime, node, runProgram, withFile } from "./programs.ts";

/** Asks a served example for a number, then lets it meet what a server meets. */
async function assertServes({ origin }: Served, gateway: Gateway): Promise<void> {
  const ask = async (path: string) => {
    const response = await fetch(origin + path);
    return [response.status, await response.json()];
  };
  const [status, { country_name }] = await ask("/?number=447700900000");
  assertEquals([status, country_name], [200, "United Kingdom"]);
  gateway.assertReplayed();

  gateway.mock.respondNext("unavailable", { to: "api" });
  assertEquals((await ask("/?number=447700900000"))[0], 503);
  assert((await ask("//"))[0] >= 200); // no URL for Node's server
}

Deno.test("the README's edge function runs unchanged in workerd", async () => {
  const { folder } = await installed();
  const code = await bundle(await example("edge_function.ts"), folder);
  await using gateway = new Gateway();
  await using workerd = await startWorkerd("newest", {
    modules: { "worker.js": code },
    bindings: gateway.env,
    compatibilityFlags: ["nodejs_compat"],
  });
  await assertServes(workerd, gateway);
});

Deno.test("the README's edge function runs unchanged in deno serve", async () => {
  await using gateway = new Gateway();
  await withFile("edge_function.ts", await example("edge_function.ts"), async (path) => {
    const args = ["serve", "--host=127.0.0.1", "--port=0", "--allow-env", "--allow-net=127.0.0.1"];
    // The packed package, with its own declarations.
    const types = ["--check", "--node-modules-dir=manual"];
    await using served = await serve(Deno.execPath(), [...args, ...types, path], gateway.env);
    await assertServes(served, gateway);
  });
});

Deno.test("the README's edge function runs unchanged in Bun", async () => {
  await using gateway = new Gateway();
  await withFile("edge_function.ts", await example("edge_function.ts"), async (path) => {
    await using served = await serve(await bun(), [path], { ...gateway.env, PORT: "0" });
    await assertServes(served, gateway);
  });
});

Deno.test("the README's edge function runs unchanged in Vercel's edge runtime", async () => {
  const { folder } = await installed();
  const code = await bundle(await example("edge_function.ts"), folder, {
    format: "iife",
    globalName: "edgeFunction",
  });
  const program = await node(24);
  await using gateway = new Gateway();
  const driver = `
    import { EdgeVM } from "${await edgeRuntime()}/dist/index.js";
    const vm = new EdgeVM({
      extend: (context) => Object.assign(context, { process: { env: process.env } }),
    });
    vm.evaluate(${JSON.stringify(code)});
    const url = "https://edge.example/?number=447700900000";
    const answer = await vm.evaluate(\`edgeFunction.default.fetch(new Request("\${url}"))\`);
    console.log(answer.status, await answer.text());
  `;
  const printed = await withFile(
    "driver.mjs",
    driver,
    (path) => runProgram(program, [path], gateway.env),
  );
  assertStringIncludes(printed, '"country_name":"United Kingdom"');
  gateway.assertReplayed();
});

Deno.test("the README's Node server serves, whatever it meets", async () => {
  await using gateway = new Gateway();
  await withFile("server.mjs", await example("node_server.mjs"), async (path) => {
    await using served = await serve(await node(20), [path], { ...gateway.env, PORT: "0" });
    await assertServes(served, gateway);
  });
});

for (const name of ["edge_function.ts", "node_server.mjs"]) {
  Deno.test(`the README's ${name} answers 502 if there is no token`, async () => {
    await using gateway = new Gateway();
    const env = { ...gateway.env, KPN_CLIENT_SECRET: "another", PORT: "0" };
    await withFile(name, await example(name), async (path) => {
      await using served = await serve(await bun(), [path], env);
      const response = await fetch(`${served.origin}/?number=447700900000`);
      assertEquals([response.status, await response.json()], [502, { error: "invalid_client" }]);
    });
  });
}

for (const runtime of ["Node 20", "Bun", "Deno"] as const) {
  Deno.test(`the README's first program calls an API with ${runtime}`, async () => {
    const [program, ...args] = {
      "Node 20": [await node(20)],
      "Bun": [await bun()],
      "Deno": [Deno.execPath(), "run", "--allow-net=127.0.0.1", "--allow-env"],
    }[runtime];
    await using gateway = new Gateway();
    await withFile("call.mjs", await example("call.mjs"), async (path) => {
      const printed = await runProgram(program!, [...args, path], gateway.env);
      assertStringIncludes(printed, "200 {");
      assertStringIncludes(printed, "United Kingdom");
    });
    gateway.assertReplayed();
  });
}
