/** What the page offers to copy is executed: cURL in a shell, programs on Deno, Node and in a Worker. */

import * as esbuild from "esbuild";
import { packedFiles } from "../../scripts/build_page.ts";
import { SHELLS } from "../../src/curl/shells.ts";
import { PACKED } from "../../src/playground/packed.ts";
import { sample } from "../support/amount.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type Page, withPage } from "../support/browser.ts";
import { CHROMIUM, testWith } from "../support/programs.ts";
import { runToEnd } from "../support/run.ts";
import { needed, runScript, SHELL_PROGRAMS } from "../support/shells.ts";
import { withDesk } from "./support.ts";

const LIBRARY = new URL("../../mod.ts", import.meta.url);
const SECRET = { KPN_CLIENT_SECRET: "APP_CLIENT_SECRET" };

/** Made before any test: esbuild keeps a worker, which the leak checks would find. */
const FRESH = await packedFiles();

Deno.test("what is packed is fresh", () => {
  for (const [path, file] of Object.entries(FRESH)) {
    assert(PACKED[path] === file, `${path}: run deno task build:page`);
  }
});

/** What the page shows for a call (`token` or `insight`) and a shell or runtime. */
async function snippet(page: Page, what: string, as: string): Promise<string> {
  await page.evaluate(
    ([what, as]: [string, string]) => {
      // deno-lint-ignore no-explicit-any -- the page's own document
      const { document } = globalThis as any;
      document.querySelector(`[name=what][value=${what}]`).click();
      document.querySelector(`[name=as][value=${as}]`).click();
    },
    [what, as],
  );
  return await page.textContent("#snippet pre") ?? "";
}

/** Does `work` with the page of a playground, a token got. */
async function withToken(
  work: (page: Page, url: string, token: string) => Promise<void>,
): Promise<void> {
  await withDesk({}, ({ url }) =>
    withPage({}, async (page) => {
      await page.goto(url);
      await page.waitForSelector("#answer option", { state: "attached" });
      await page.click("#token-form button.primary");
      await page.waitForSelector("#token-result pre");
      await work(page, url, await page.textContent("#token-result pre") ?? "");
    }));
}

/** All that a program prints, with an environment of its own. */
async function run(program: string, args: readonly string[], given: Record<string, string>) {
  const env = { ...given, PATH: Deno.env.get("PATH") ?? "", NO_COLOR: "1" };
  const { stdout, stderr } = await runToEnd(program, args, { env, clearEnv: true });
  return stdout + stderr;
}

testWith(
  [CHROMIUM, "sh", "curl"],
  "the page's cURL commands for Linux and macOS run, with the secrets in the environment or written out",
  async ({ sh }) => {
    await withToken(async (page, _url, token) => {
      const secrets = { KPN_CLIENT_ID: "APP_CLIENT_ID", ...SECRET, KPN_TOKEN: token };
      const hidden = [
        await snippet(page, "token", "posix"),
        await snippet(page, "insight", "posix"),
      ];
      for (const command of hidden) {
        assert(!command.includes("APP_CLIENT_SECRET") && !command.includes(token));
      }
      await page.check("#reveal");
      const written = [
        await snippet(page, "token", "posix"),
        await snippet(page, "insight", "posix"),
      ];
      for (const [commands, env] of [[hidden, secrets], [written, {}]] as const) {
        assertMatch(await run(sh, ["-c", commands[0]!], env), /"access_token":"[A-Za-z0-9]{28}"/);
        assertStringIncludes(await run(sh, ["-c", commands[1]!], env), "07700 900000");
      }
    });
  },
);

testWith(
  [CHROMIUM],
  "the page offers every shell that the library knows, each with what to set first",
  async () => {
    await withToken(async (page, url, token) => {
      const offered = await page.evaluate<string[]>(
        "Array.from(document.querySelectorAll('#shells input'), ({ value }) => value)",
      );
      assertEquals(offered, Object.keys(SHELLS));
      for (const [shell, { assign, curl }] of Object.entries(SHELLS)) {
        assertStringIncludes(await snippet(page, "token", shell), `${curl} -X POST`);
        assertEquals(
          await page.textContent("#first pre"),
          `${assign("KPN_CLIENT_ID", "APP_CLIENT_ID")}\n${
            assign("KPN_CLIENT_SECRET", "APP_CLIENT_SECRET")
          }`,
        );
        assertStringIncludes(await snippet(page, "insight", shell), url);
        assertEquals(await page.textContent("#first pre"), assign("KPN_TOKEN", token));
        const note = await page.textContent("#take-note") ?? "";
        assertEquals(/needs curl 8\.3/.test(note), shell === "cmd" || shell === "batch");
      }
      await page.fill("#client-secret", "a-secret-of-somebody");
      await snippet(page, "token", "posix");
      assertStringIncludes(
        await page.textContent("#first pre") ?? "",
        "KPN_CLIENT_SECRET='CLIENT_SECRET'",
      );
      await page.check("#reveal"); // then there is nothing to set
      assertEquals(await page.evaluate("document.querySelector('#first').hidden"), true);
    });
  },
);

for (const [name, program] of sample(Object.entries(SHELL_PROGRAMS), 2)) {
  testWith(
    [CHROMIUM, "curl", ...needed(program)],
    `what the page says to set first, and the command, run in ${name}`,
    async () => {
      await withToken(async (page) => {
        const lines: string[] = [];
        for (const what of ["token", "insight"]) {
          const command = await snippet(page, what, program.shell);
          const first = await page.textContent("#first pre") ?? "";
          lines.push(first, command.replace("curl.exe", "curl"));
        }
        const printed = await runScript(program, lines);
        assertMatch(printed, /"access_token":"[A-Za-z0-9]{28}"/);
        assertStringIncludes(printed, "07700 900000");
      });
    },
  );
}

testWith(
  [CHROMIUM, "node"],
  "the page's programs for Deno, Node and Workers run and print their call's answer",
  async ({ node }) => {
    await withToken(async (page) => {
      const folder = await Deno.makeTempDir();
      const answers = { token: /[A-Za-z0-9]{28} /, insight: /07700 900000/ };
      for (const [what, answer] of Object.entries(answers)) {
        const programs = {
          deno: await snippet(page, what, "deno"),
          node: await snippet(page, what, "node"),
          workers: await snippet(page, what, "workers"),
        };
        for (const program of Object.values(programs)) {
          assert(!program.includes("APP_CLIENT_SECRET"));
        }
        assertMatch(await runOnDeno(folder, programs.deno), answer);
        assertMatch(await run(node, [bundled(folder, programs.node)], SECRET), answer);
        const worked = await runAsWorker(bundled(folder, programs.workers));
        assertMatch(worked, what === "token" ? /"expiresAt":\d+/ : answer);
      }
      await Deno.remove(folder, { recursive: true });
    });
  },
);

async function runOnDeno(folder: string, program: string): Promise<string> {
  const map = { imports: { "kpn-auth": LIBRARY.href } };
  await Deno.writeTextFile(`${folder}/map.json`, JSON.stringify(map));
  await Deno.writeTextFile(`${folder}/call.ts`, program);
  const flags = [
    "--no-prompt",
    "--no-config",
    "--allow-net=127.0.0.1",
    "--allow-env=KPN_CLIENT_SECRET",
  ];
  return await run(
    Deno.execPath(),
    ["run", ...flags, `--import-map=${folder}/map.json`, `${folder}/call.ts`],
    SECRET,
  );
}

/** A program with the library in it, as npm would have given it. */
function bundled(folder: string, program: string): string {
  const outfile = `${folder}/${crypto.randomUUID()}.mjs`;
  esbuild.buildSync({
    stdin: { contents: program, resolveDir: folder },
    alias: { "kpn-auth": LIBRARY.pathname },
    bundle: true,
    format: "esm",
    platform: "neutral",
    outfile,
  });
  return outfile;
}

/** Two requests to one Worker: what it keeps serves the second. */
async function runAsWorker(path: string): Promise<string> {
  const { default: worker } = await import(`file://${path}`);
  const context = { waitUntil() {} };
  const first = await (await worker.fetch(new Request("https://worker.example"), SECRET, context))
    .text();
  const second = await (await worker.fetch(new Request("https://worker.example"), SECRET, context))
    .text();
  assertEquals(second.replace(/mock-request-\d+/, ""), first.replace(/mock-request-\d+/, ""));
  return first;
}
