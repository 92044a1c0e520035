/** B75: projects of Vitest and Jest, in jsdom and happy-dom, on Node 20 and 24, with the packed package. */

import { mockKpn } from "../../src/mock/mock.ts";
import { installed } from "../package/installed.ts";
import { node } from "../runtimes/programs.ts";
import { ALL } from "../support/amount.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { runToEnd } from "../support/run.ts";
import { hostTools } from "./tools.ts";

/** A runner of tests: its project's files, and its program with its arguments. */
interface Runner {
  files(environment: string, modules: string): Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

const LIBRARY = `{ ...require("kpn-auth"), ...require("kpn-auth/testing") }`;

const RUNNERS: Readonly<Record<string, Runner>> = {
  vitest: {
    files: (environment) => ({
      "kpn.test.mjs": `
        import { test } from "vitest";
        import * as core from "kpn-auth";
        import { mockKpn } from "kpn-auth/testing";
        import { testsOf } from "./environments.mjs";
        for (const [name, run] of testsOf({ ...core, mockKpn }, process.env.ORIGIN)) test(name, run);`,
      "vitest.config.mjs":
        `export default { test: { environment: "${environment}", watch: false } };`,
    }),
    args: ["vitest/vitest.mjs", "run", "--reporter=json"],
  },
  jest: {
    files: (environment, modules) => ({
      // jsdom's export condition is "browser", and Jest takes CommonJS.
      "kpn.test.cjs": `
        const library = ${LIBRARY};
        const { testsOf, bareTests } = require("./environments.cjs");
        const tests = globalThis.fetch ? testsOf(library, process.env.ORIGIN) : bareTests(library);
        for (const [name, run] of tests) test(name, run);`,
      "jest.config.cjs": `module.exports = ${
        JSON.stringify({
          testEnvironment: {
            "node": "node",
            "jsdom": `${modules}/jest-environment-jsdom`,
            "happy-dom": `${modules}/@happy-dom/jest-environment`,
          }[environment],
          testMatch: ["**/*.test.cjs"],
          moduleFileExtensions: ["js", "cjs"],
          transform: {},
        })
      };`,
    }),
    args: ["jest/bin/jest.js", "--json"],
  },
};

/** A mock on a socket; it lets the pages of jsdom and happy-dom call it. */
function serve() {
  const { handle } = mockKpn();
  const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { status, headers, body } = await handle(request);
    return new Response(body, { status, headers: { ...Object.fromEntries(headers), ...CORS } });
  });
}

for (const [name, { files, args: [program = "", ...args] }] of Object.entries(RUNNERS)) {
  for (const environment of ["node", "jsdom", "happy-dom"]) {
    for (const major of [20, 24] as const) {
      Deno.test({
        name: `B75: ${name} with ${environment} on Node ${major}: the mock's fetch, and a socket`,
        ignore: !ALL,
        async fn() {
          const modules = `${await hostTools()}node_modules`;
          const folder = await Deno.makeTempDir({ dir: (await installed()).folder });
          const code = await Deno.readTextFile(new URL("environments.mjs", import.meta.url));
          const project = {
            ...files(environment, modules),
            "package.json": "{}",
            "environments.mjs": code,
            "environments.cjs": code.replace(/^export function (\w+)/gm, "exports.$1 = $1;\n$&")
              .replace(/^export /gm, ""),
          };
          for (const [file, text] of Object.entries(project)) {
            await Deno.writeTextFile(`${folder}/${file}`, text);
          }
          // Each runner looks for its own modules beside the project.
          await Deno.symlink(modules, `${folder}/node_modules`);
          await using server = serve();
          const origin = `http://127.0.0.1:${server.addr.port}`;
          try {
            const { stdout, stderr } = await runToEnd(
              await node(major),
              [`${modules}/${program}`, ...args],
              { cwd: folder, env: { ORIGIN: origin, CI: "1", NO_COLOR: "1" } },
            );
            assertStringIncludes(stdout, "{", stderr);
            const report = JSON.parse(stdout.slice(stdout.indexOf("{")));
            const tests = report.testResults[0].assertionResults as {
              readonly title: string;
              readonly status: string;
              readonly failureMessages: readonly string[];
            }[];
            const failed = tests.filter(({ status }) => status !== "passed")
              .map(({ title, failureMessages }) => `${title}: ${failureMessages}`);
            assertEquals(failed, []);
            const isBare = name === "jest" && environment === "jsdom";
            assertEquals(tests.length, isBare ? 4 : 13, stdout);
          } finally {
            await Deno.remove(folder, { recursive: true });
          }
        },
      });
    }
  }
}
