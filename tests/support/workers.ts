/** `worker.ts` in the real workerd, with KV and Durable Objects. */

import { type MockKpn, mockKpn, type MockKpnOptions } from "../../src/mock/mock.ts";
import { bundle } from "./bundle.ts";
import { npmTools } from "./npm.ts";
import { spawn } from "./run.ts";

/** What a Worker answered: what `KpnAuthError` and others carry, as JSON has it. */
export type Failure = Error & Readonly<Record<string, unknown>>;

/** Workers that share a KV namespace and a Durable Object, each an isolate of its own. */
export interface Workers extends AsyncDisposable {
  readonly mock: MockKpn;
  /** Does an action of `worker.ts` in one of the isolates. Throws what it threw. */
  ask(action: string, args?: readonly unknown[], isolate?: number, signal?: AbortSignal): Promise<
    // deno-lint-ignore no-explicit-any -- any JSON
    any
  >;
}

/** Bundles and starts `count` isolates, which ask a mock of KPN. */
export async function startWorkers(count: number, options?: MockKpnOptions): Promise<Workers> {
  const folder = await npmTools();
  const mock = mockKpn(options);
  const kpn = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, mock.handle);
  const modules = [{ type: "ESModule", path: "worker.js", contents: await workerCode() }];
  const workers = Array.from({ length: count }, (_, n) => ({
    name: `isolate-${n}`,
    modules,
    compatibilityDate: "2026-07-01",
    kvNamespaces: { TOKENS: "tokens" },
    durableObjects: {
      KPN_TOKEN: { className: "KpnToken", ...n && { scriptName: "isolate-0" } },
      STRANGER: { className: "Stranger", ...n && { scriptName: "isolate-0" } },
    },
    bindings: {
      TOKEN_ENDPOINT:
        `http://127.0.0.1:${kpn.addr.port}/oauth/client_credential/accesstoken?grant_type=client_credentials`,
    },
  }));
  const node = spawn("node", ["--input-type=module", "--eval", DRIVER], { cwd: folder });
  const said = new Response(node.stderr).text();
  const stdin = node.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(`${JSON.stringify(workers)}\n`));
  const stdout = node.stdout.getReader();
  const { value, done } = await stdout.read();
  if (done) throw new Error(`miniflare did not start: ${await said}`);
  const urls = JSON.parse(new TextDecoder().decode(value)) as string[];

  return {
    mock,
    async ask(action, args = [], isolate = 0, signal) {
      const body = JSON.stringify(args);
      const url = new URL(action, urls[isolate]);
      const response = await fetch(url, { method: "POST", body, signal: signal ?? null });
      const { result, error } = await response.json();
      if (!error) return result;
      throw Object.assign(error.name === "SyntaxError" ? new SyntaxError() : new Error(), error);
    },
    async [Symbol.asyncDispose]() {
      await stdin.close();
      await stdout.cancel();
      await Promise.all([node.status, said]);
      await kpn.shutdown();
    },
  };
}

/** In Node, since miniflare leaves a message port open in Deno; ends when its standard input does. */
const DRIVER = `
  import { Miniflare } from "miniflare";
  import { createInterface } from "node:readline";
  const lines = createInterface({ input: process.stdin });
  lines.once("line", async (line) => {
    const workers = JSON.parse(line).map((worker) => ({
      ...worker,
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    }));
    const miniflare = new Miniflare({ workers, host: "127.0.0.1", port: 0 });
    await miniflare.ready;
    const urls = workers.map(({ name }) => miniflare.unsafeGetDirectURL(name));
    console.log(JSON.stringify(await Promise.all(urls)));
    lines.once("close", () => miniflare.dispose());
  });
`;

async function workerCode(): Promise<string> {
  const folder = new URL(".", import.meta.url).pathname;
  const entry = `export * from "./worker.ts"; export { default } from "./worker.ts";`;
  return await bundle(entry, folder);
}
