/** The receivers of `.github/WEBHOOKS.md`, executed as they stand there; and the mistake, refused. */

import { mockKpn } from "../../src/mock/mock.ts";
import { installed } from "../package/installed.ts";
import { sample } from "../support/amount.ts";
import { assertEquals } from "../support/assert.ts";
import { bundle } from "../support/bundle.ts";
import { npmTools } from "../support/npm.ts";
import { startWorkerd } from "../support/workerd.ts";
import { example, serve, type Served } from "./examples.ts";
import { bun, edgeRuntime, node, withFile } from "./programs.ts";

/** White space and an escape: what parses it and prints it again has other bytes. */
const REPORT = '{ "message_id": "m-1", "text": "caf\\u00e9" }\r\n';

/** Delivers to what is served: how each delivery is answered. */
class Kpn {
  readonly answers: string[] = [];
  readonly mock = mockKpn({
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      this.answers.push(`${response.status} ${await response.clone().text()}`.trim());
      return response;
    },
  });
  readonly env = { KPN_WEBHOOK_SECRET: this.mock.webhookKeys[0]!.secret, PORT: "0" };

  async deliverTo({ origin }: Served): Promise<void> {
    const url = `${origin}/sms`;
    await this.mock.deliver(url, REPORT, { wrong: "twice" });
    for (const wrong of ["signature", "body", "late"] as const) {
      await this.mock.deliver(url, REPORT, { wrong });
    }
  }
}

const RIGHT = ["204", "204", "401 wrong_signature", "401 wrong_signature", "401 stale"];

/** Whoever prints the JSON again refuses what is right, too. */
const MISTAKE = Array(5).fill("401 wrong_signature");

const document = ".github/WEBHOOKS.md";

type Serve = (code: string, env: Record<string, string>) => Promise<AsyncDisposable & Served>;

/** Serves a file beside the packed package, until it is disposed of. */
function served(name: string, program: (path: string) => Promise<[string, ...string[]]>): Serve {
  return async (code, env) => {
    const started = Promise.withResolvers<Served>();
    const over = Promise.withResolvers<void>();
    const file = withFile(name, code, async (path) => {
      const [command, ...args] = await program(path);
      started.resolve(await serve(command, args, env));
      await over.promise;
    });
    file.catch(started.reject);
    const server = await started.promise;
    return {
      origin: server.origin,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        over.resolve();
        await file;
      },
    };
  };
}

const DENO = [
  ...["serve", "--host=127.0.0.1", "--port=0", "--allow-env", "--check"],
  "--node-modules-dir=manual",
];

/** Carries requests from a server of Node's into Vercel's edge runtime. */
const edgeServer = async (code: string) => `
  import { createServer } from "node:http";
  import { buffer } from "node:stream/consumers";
  import { EdgeVM } from "${await edgeRuntime()}/dist/index.js";
  const vm = new EdgeVM({
    extend: (context) => Object.assign(context, { process: { env: process.env } }),
  });
  vm.evaluate(${JSON.stringify(code)});
  const server = createServer(async (request, response) => {
    const { method, headers } = request;
    const init = { method, headers, body: await buffer(request) };
    vm.context.delivery = new vm.context.Request("https://edge.example/sms", init);
    const answer = await vm.evaluate("edgeFunction.default.fetch(delivery)");
    response.writeHead(answer.status).end(await answer.text());
  });
  server.listen(0, "127.0.0.1", () => console.log("on port", server.address().port));
`;

const EDGE: Readonly<Record<string, Serve>> = {
  async workerd(code, bindings) {
    const modules = { "worker.js": await bundle(code, (await installed()).folder) };
    return await startWorkerd("newest", {
      modules,
      bindings,
      compatibilityFlags: ["nodejs_compat"],
    });
  },
  "deno serve": served("edge.ts", (path) => Promise.resolve([Deno.execPath(), ...DENO, path])),
  Bun: served("edge.ts", async (path) => [await bun(), path]),
  async "Vercel's edge runtime"(code, env) {
    const options = { format: "iife", globalName: "edgeFunction" } as const;
    const script = await bundle(code, (await installed()).folder, options);
    const driver = served("driver.mjs", async (path) => [await node(24), path]);
    return await driver(await edgeServer(script), env);
  },
};

const onNode = served("server.mjs", async (path) => [await node(20), path]);

const RECEIVERS: readonly (readonly [name: string, example: string, ending: string, Serve])[] = [
  ...Object.entries(EDGE).map(([name, serve]) => [name, "edge", "ts", serve] as const),
  ["Node's http", "node_http", "mjs", onNode],
  ["Express", "express", "mjs", onNode],
];

/** In whichever of them the seed draws, or in each with `--all`. */
const MISTAKEN = sample(RECEIVERS, 1, "mistake");

for (const receiver of RECEIVERS) {
  const [name, file, ending, serve] = receiver;
  const right = file === "edge" ? "edge_function" : file;
  const mistake = [`${file}_mistake`, MISTAKE, "is refused"] as const;
  const tests = [
    [right, RIGHT, "serves"],
    ...MISTAKEN.includes(receiver) ? [mistake] : [],
  ] as const;
  for (const [file, answers, what] of tests) {
    Deno.test(`the webhooks' ${file} ${what} in ${name}`, async () => {
      if (name === "Express") await linkExpress();
      const kpn = new Kpn();
      const code = await example(`${file}.${ending}`, document);
      await using server = await serve(code, kpn.env);
      await kpn.deliverTo(server);
      assertEquals(kpn.answers, answers);
    });
  }
}

/** Beside the packed package, for both of its tests. */
async function linkExpress(): Promise<void> {
  const link = `${(await installed()).folder}/node_modules/express`;
  await Deno.symlink(`${await npmTools()}node_modules/express`, link).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
}
