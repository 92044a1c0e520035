/** What registries and linters say of the package. */

import { posix } from "node:path";
import { ALL } from "../support/amount.ts";
import { assert, assertEquals, assertMatch, assertNotMatch } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { run, runToEnd } from "../support/run.ts";
import { installed } from "./installed.ts";

Deno.test("B32: publint finds nothing to say of the tarball", async () => {
  const { tarball } = await installed();
  const messages = await inTools(`
    import { readFile } from "node:fs/promises";
    import { publint } from "publint";
    const tarball = await readFile(${JSON.stringify(tarball)});
    const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    console.log(JSON.stringify(messages));
  `);
  assertEquals(messages, []);
});

Deno.test("B32, B78: the types are not wrong on any entry point (node10, node16 by import and by require, bundler)", async () => {
  const { tarball, entryPoints } = await installed();
  const { resolved, problems } = await inTools(`
    import { readFile } from "node:fs/promises";
    import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
    const tarball = createPackageFromTarballData(new Uint8Array(await readFile(${
    JSON.stringify(tarball)
  })));
    const { entrypoints, problems } = await checkPackage(tarball);
    const resolved = Object.entries(entrypoints).flatMap(([path, { resolutions }]) =>
      Object.values(resolutions).map(({ resolutionKind, resolution }) =>
        [path, resolutionKind, resolution?.isTypeScript ?? false]));
    console.log(JSON.stringify({ resolved, problems }));
  `) as { resolved: [string, string, boolean][]; problems: unknown[] };
  const modules = resolved.filter(([path]) => path !== "./package.json");
  assertEquals(modules.length, entryPoints.length * 4);
  assertEquals(modules.filter(([, , typed]) => !typed), []);
  assertEquals(problems, []);
});

if (ALL) { // `deno task ok` asks JSR's own check
  Deno.test("B34: JSR would take it, with no slow types, and its ./bin runs from what is published", async () => {
    const { code, said } = await deno("publish", "--dry-run", "--allow-dirty");
    assertEquals(code, 0, said);
    assertMatch(said, /Checking for slow types/);
    assertNotMatch(said, /warning/i);

    const { exports } = JSON.parse(await Deno.readTextFile("deno.json"));
    const root = `file://${Deno.cwd()}/`;
    const published = [...said.matchAll(/file:\S+/g)].map(([url]) => url.replace(root, ""))
      .filter((path) => /^(mod\.ts|deno\.json|src\/.*)$/.test(path));
    assert(published.includes(exports["./bin"].replace("./", "")), said);
    const folder = await Deno.makeTempDir({ prefix: "kpn-auth-published-" });
    try {
      for (const path of published) {
        await Deno.mkdir(`${folder}/${posix.dirname(path)}`, { recursive: true });
        await Deno.copyFile(path, `${folder}/${path}`);
      }
      const permissions = (await Deno.readTextFile("README.md"))
        .match(/--allow-(net=api-prd[\w.,-]+|env=KPN_\w+,[\w,]+)/g)!;
      assert(permissions.some((flag) => flag.includes("KPN_TOKEN_ENDPOINT")), `${permissions}`);
      const command = [
        "run",
        "--no-prompt",
        "--no-config",
        ...new Set(permissions),
        exports["./bin"],
      ];
      const printed = (...args: string[]) =>
        run(Deno.execPath(), [...command, ...args], { cwd: folder });
      assertMatch(await printed("help"), /token +print/);
      assertMatch(await printed("curl", "--shell", "posix"), /curl .*api-prd\.kpn\.com/s);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("every entry point passes deno doc --lint", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const { code, said } = await deno("doc", "--lint", ...Object.values<string>(exports));
  assertEquals(code, 0, said);
});

async function deno(...args: string[]): Promise<{ code: number; said: string }> {
  const { code, stderr } = await runToEnd(Deno.execPath(), args, { env: { NO_COLOR: "1" } });
  return { code, said: stderr };
}

async function inTools(code: string): Promise<unknown> {
  return JSON.parse(
    await run("node", ["--input-type=module", "-e", code], { cwd: await npmTools() }),
  );
}
