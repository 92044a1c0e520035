/** Every runtime of the matrix: how to run the conformance suite in it. */

import { installed } from "../package/installed.ts";
import { sample } from "../support/amount.ts";
import { bundle } from "../support/bundle.ts";
import { startWorkerd, type WORKERDS } from "../support/workerd.ts";
import { type Browser, chromium, firefox, webkit } from "./browsers.ts";
import { bun, edgeRuntime, node, type NodeMajor, runProgram, withFile } from "./programs.ts";
import { CHROMIUM } from "../support/programs.ts";
import type { Environment } from "./suite.ts";

/** A runtime, and how the suite runs in it. */
export interface Runtime {
  readonly name: string;
  /** Its column in the table; those that share one must all pass. */
  readonly column: string;
  /** Its golden file; those of Node and Deno are the parity test's too. */
  readonly golden: string;
  /** Whether it tells why a connection failed. */
  readonly tells: Environment["tells"];
  /** Programs of the system that it needs. */
  readonly needs?: readonly string[];
  /** Whether it runs by `--all` only. */
  readonly heavy?: boolean;
  /** Runs the suite to its end; returns all that was printed. */
  run(environment: Environment): Promise<string>;
}

const TELLS_ALL = { refused: true, reset: true };

const SUITE = new URL("suite.ts", import.meta.url).pathname;

/** The program that runs the suite; the environment is written into it. */
function main(environment: Environment, specifier = "kpn-auth"): string {
  return `
    import * as core from "${specifier}";
    import * as webhook from "${specifier}/webhook";
    import { runSuite } from "${SUITE}";
    globalThis.done = runSuite({ ...core, ...webhook }, ${JSON.stringify(environment)});
  `;
}

/** At its top level a Worker may do nothing but construct (B16). */
function worker(environment: Environment): string {
  const { origin } = environment;
  return `
    import * as core from "kpn-auth";
    import * as webhook from "kpn-auth/webhook";
    import { runSuite } from "${SUITE}";

    const library = { ...core, ...webhook };

    const source = library.createTokenSource({
      clientId: "id",
      clientSecret: "secret",
      tokenEndpoint: "${origin}/token/module",
    });
    const kpn = library.authorizedFetch(source, { origins: ["${origin}"] });

    export default {
      async fetch(_request, _env, ctx) {
        await source.token(ctx);
        await kpn("/api/module");
        await runSuite(library, ${JSON.stringify(environment)});
        return new Response();
      },
    };
  `;
}

async function bundled(code: string, format: "esm" | "iife" = "esm"): Promise<string> {
  return await bundle(code, (await installed()).folder, { format });
}

const DENO: Runtime = {
  name: "Deno",
  column: "Deno",
  golden: "deno",
  tells: TELLS_ALL,
  run: (environment) => {
    const config = new URL("../../deno.json", import.meta.url).pathname;
    // The network is all that it may use (B19).
    const args = ["run", "--no-prompt", `--config=${config}`, "--allow-net=127.0.0.1"];
    return withFile(
      "main.ts",
      main(environment, "kpn-auth").replace("globalThis.done = ", ""),
      (path) => runProgram(Deno.execPath(), [...args, path]),
    );
  },
};

function nodeRuntime(major: NodeMajor, format: "esm" | "cjs"): Runtime {
  return {
    name: `Node ${major}, ${format === "esm" ? "ESM" : "CommonJS"}`,
    column: `Node ${major}`,
    golden: "node",
    tells: TELLS_ALL,
    run: async (environment) => {
      const { folder } = await installed();
      // The package stays outside: Node itself imports or requires it.
      const code = await bundle(main(environment), folder, { format, external: ["kpn-auth"] });
      const program = await node(major);
      const file = format === "esm" ? "main.mjs" : "main.cjs";
      return await withFile(file, code, (path) => runProgram(program, [path]));
    },
  };
}

const BUN: Runtime = {
  name: "Bun",
  column: "Bun",
  golden: "bun",
  tells: TELLS_ALL,
  run: async (environment) => {
    const program = await bun();
    return await withFile("main.ts", main(environment), (path) => runProgram(program, [path]));
  },
};

function workerdRuntime(which: keyof typeof WORKERDS, name: string): Runtime {
  return {
    name,
    column: "workerd",
    golden: "workerd",
    tells: { refused: false, reset: true },
    run: async (environment) => {
      const code = await bundled(worker(environment));
      await using workerd = await startWorkerd(which, { modules: { "worker.js": code } });
      const response = await fetch(workerd.origin);
      return await response.text() + workerd.printed();
    },
  };
}

const EDGE: Runtime = {
  name: "Vercel's edge runtime",
  column: "Vercel edge",
  golden: "vercel_edge",
  tells: TELLS_ALL,
  run: async (environment) => {
    const code = await bundled(main(environment), "iife");
    const driver = `
      import { EdgeVM } from "${await edgeRuntime()}/dist/index.js";
      new EdgeVM().evaluate(${JSON.stringify(code)});
    `;
    const program = await node(24);
    return await withFile("main.mjs", driver, (path) => runProgram(program, [path]));
  },
};

/** A browser says nothing of a connection that failed. */
function browserRuntime(
  name: string,
  open: Browser,
  needs: readonly string[],
  heavy = false,
): Runtime {
  return {
    name,
    column: name,
    golden: name.toLowerCase(),
    tells: { refused: false, reset: false },
    needs,
    heavy,
    run: async (environment) => {
      const code = await bundled(main(environment), "iife");
      // The page's origin is not the server's: its requests are cross-origin, as an application's are.
      const page = environment.origin.replace("127.0.0.1", "localhost");
      return await open(`${page}/page`, code);
    },
  };
}

/** The whole matrix, in the order of the table's columns; Node usually in one format a version. */
export const RUNTIMES: readonly Runtime[] = [
  DENO,
  ...([20, 22, 24, 26] as const).flatMap((major) =>
    sample(["esm", "cjs"] as const, 1, `Node ${major}`).map((format) => nodeRuntime(major, format))
  ),
  BUN,
  workerdRuntime("newest", "the newest workerd"),
  workerdRuntime("miniflare", "miniflare's workerd"),
  EDGE,
  browserRuntime("Chromium", chromium, [CHROMIUM]),
  browserRuntime("Firefox", firefox, ["firefox-esr"], true),
  browserRuntime("WebKit", webkit, ["WebKitWebDriver", "Xvfb"], true),
];
