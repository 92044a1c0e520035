/** The README's examples for whole runtimes and other libraries, executed as they stand there. */

import { type MockKpn, mockKpn } from "../../src/mock/mock.ts";
import { installed } from "../package/installed.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { bundle } from "../support/bundle.ts";
import { npmTools } from "../support/npm.ts";
import { startWorkerd } from "../support/workerd.ts";
import { example, serve, type Served } from "./examples.ts";
import { bun, edgeRuntime, node, runProgram, withFile } from "./programs.ts";

const CREDENTIALS = { KPN_CLIENT_ID: "APP_CLIENT_ID", KPN_CLIENT_SECRET: "APP_CLIENT_SECRET" };

/** KPN's gateway on this machine, whose API rejects the first token that it sees. */
class Gateway implements AsyncDisposable {
  readonly mock: MockKpn = mockKpn();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    this.mock.handle,
  );
  readonly address = `127.0.0.1:${this.#server.addr.port}`;
  /** For runtimes whose `fetch` can be replaced: sends there what is meant for KPN, also from libraries that make a Request. */
  readonly detour = `{
    const { fetch } = globalThis;
    globalThis.fetch = (url, init) => url instanceof Request
      ? url.text().then((body) =>
        globalThis.fetch(url.url, { method: url.method, headers: url.headers, body })
      )
      : fetch(String(url).replace("https://api-prd.kpn.com", "http://${this.address}"), init);
  }\n`;

  constructor() {
    this.mock.respondNext("invalid_access_token", { to: "api" });
  }

  /** The calls of the API, by method, body and length. */
  get calls(): unknown[] {
    return this.mock.requests
      .filter(({ url }) => !url.includes("/accesstoken"))
      .map(({ method, body, headers }) => [method, body, headers["content-length"]]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** What every example sends: the same call again, with another token, its length told (B43). */
const REPLAYED = Array(2).fill(["POST", "number=447700900000", "19"]);

/** Asks a served example for a number, and holds the answer and the calls against what they must be. */
async function assertServes(served: Served, gateway: Gateway): Promise<void> {
  const response = await fetch(`${served.origin}/?number=447700900000`);
  assertStringIncludes(await response.text(), '"country_name":"United Kingdom"');
  assertEquals(response.status, 200);
  assertEquals(gateway.calls, REPLAYED);
  assertEquals(gateway.mock.mints, 2);
}

Deno.test("the README's edge function runs unchanged in workerd", async () => {
  const { folder } = await installed();
  const code = await bundle(await example("edge_function.ts"), folder);
  await using gateway = new Gateway();
  await using workerd = await startWorkerd("newest", {
    modules: { "worker.js": code },
    bindings: CREDENTIALS,
    compatibilityFlags: ["nodejs_compat"],
    outbound: gateway.address,
  });
  await assertServes(workerd, gateway);
});

Deno.test("the README's edge function runs unchanged in deno serve", async () => {
  await using gateway = new Gateway();
  await withFile("edge_function.ts", await example("edge_function.ts"), async (path) => {
    // `deno serve` takes no --preload.
    const main = `${gateway.detour} export { default } from "${path}";`;
    await withFile("main.ts", main, async (path) => {
      const args = [
        "serve",
        "--host=127.0.0.1",
        "--port=0",
        "--allow-env",
        "--allow-net=127.0.0.1",
      ];
      // The packed package, with its own declarations.
      const types = ["--check", "--node-modules-dir=manual"];
      await using served = await serve(Deno.execPath(), [...args, ...types, path], CREDENTIALS);
      await assertServes(served, gateway);
    });
  });
});

Deno.test("the README's edge function runs unchanged in Bun", async () => {
  const program = await bun();
  await using gateway = new Gateway();
  await withFile(
    "edge_function.ts",
    await example("edge_function.ts"),
    (path) =>
      withFile("detour.js", gateway.detour, async (detour) => {
        await using served = await serve(
          program,
          [`--preload=${detour}`, path],
          { ...CREDENTIALS, PORT: "0" },
        );
        await assertServes(served, gateway);
      }),
  );
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
    vm.evaluate(${JSON.stringify(gateway.detour + code)});
    const url = "https://edge.example/?number=447700900000";
    const answer = await vm.evaluate(\`edgeFunction.default.fetch(new Request("\${url}"))\`);
    console.log(answer.status, await answer.text());
  `;
  const printed = await withFile(
    "driver.mjs",
    driver,
    (path) => runProgram(program, [path], CREDENTIALS),
  );
  assertStringIncludes(printed, '"country_name":"United Kingdom"');
  assertEquals(gateway.calls, REPLAYED);
});

Deno.test("the README's Node server serves", async () => {
  const program = await node(20);
  await using gateway = new Gateway();
  await withFile(
    "server.mjs",
    await example("node_server.mjs"),
    (path) =>
      withFile("detour.mjs", gateway.detour, async (detour) => {
        const env = { ...CREDENTIALS, PORT: "0" };
        await using served = await serve(program, [`--import=${detour}`, path], env);
        await assertServes(served, gateway);
      }),
  );
});

for (
  const [name, library] of [["openapi_fetch.mjs", "openapi-fetch"], ["ky.mjs", "ky"]] as const
) {
  Deno.test(`B43: the example with ${library} runs, and replays its call`, async () => {
    const program = await node(24);
    const { folder } = await installed();
    const link = `${folder}/node_modules/${library}`;
    await Deno.symlink(`${await npmTools()}node_modules/${library}`, link);
    await using gateway = new Gateway();
    const printed = await withFile(
      "main.mjs",
      await example(name, ".github/COOKBOOK.md"),
      (path) =>
        withFile(
          "detour.mjs",
          gateway.detour,
          (detour) => runProgram(program, [`--import=${detour}`, path], CREDENTIALS),
        ),
    );
    assertEquals(printed, "United Kingdom\n");
    assertEquals(gateway.calls, REPLAYED);
    await Deno.remove(link);
  });
}
