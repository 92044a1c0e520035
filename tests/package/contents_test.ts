/** What is in the tarball, and what its modules export: held to golden files. */

import { posix } from "node:path";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { assertGolden } from "../support/golden.ts";
import { run } from "../support/run.ts";
import { installed, REQUIRE_DNT } from "./installed.ts";

/** As text: in package.json the order of `exports` and of their conditions has a meaning. */
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

Deno.test("the tarball holds these files and this package.json, whoever built it", async () => {
  const { files, manifest } = await installed();
  const { version, _generatedBy, ...rest } = manifest;
  const deno = JSON.parse(await Deno.readTextFile("deno.json"));
  assertEquals(version, deno.version);
  await assertGolden("package.json", json({ files, "package.json": rest }));
  const modules = Object.keys(deno.exports).filter((name) => name !== "./bin"); // on npm the command
  assertEquals(Object.keys(manifest.exports), [...modules, "./package.json"]);
});

Deno.test("who built the tarball that is tested", async (context) => {
  const { manifest: { _generatedBy: builder } } = await installed();
  const official = builder.startsWith("dnt@");
  const name = official ? builder : `${builder}, the fall-back for ${await pinnedDnt()}`;
  await context.step(`built by ${name}`, async () => {
    if (official) assertEquals(builder, await pinnedDnt());
    else assertMatch(builder, /^typescript@\d/);
    assert(official || !REQUIRE_DNT, "--require-dnt was given");
  });
});

async function pinnedDnt(): Promise<string> {
  return /dnt@[\d.]+/.exec(await Deno.readTextFile("scripts/build_npm.ts"))![0];
}

Deno.test("B78: package.json and llms.txt can be read; declarations lead to packed sources", async () => {
  const { folder, files, entryPoints, manifest } = await installed();
  const root = `${folder}/node_modules/kpn-auth/`;
  assertEquals(
    await inNode(`console.log(JSON.stringify(require("kpn-auth/package.json")));`, folder),
    manifest,
  );
  const llms = await Deno.readTextFile(`${root}llms.txt`);
  assertEquals(entryPoints.filter((entry) => !llms.includes(`from "${entry}"`)), []);
  const declarations = files.filter((path) => path.endsWith(".d.ts") && !path.startsWith("src/"));
  assert(declarations.length > 100);
  for (const path of declarations) {
    const map = JSON.parse(await Deno.readTextFile(`${root}${path}.map`));
    assertMatch(await Deno.readTextFile(root + path), /\n\/\/# sourceMappingURL=\w+\.d\.ts\.map$/);
    const sources = map.sources.map((source: string) => posix.join(posix.dirname(path), source));
    assertEquals(sources.filter((source: string) => !files.includes(source)), [], path);
  }
});

Deno.test("each entry point exports these names, by import and by require alike", async () => {
  const { folder, entryPoints } = await installed();
  const names = await inNode(
    `
    const names = {};
    for (const entry of ${JSON.stringify(entryPoints)}) {
      names[entry] = {
        import: Object.keys(await import(entry)).filter((name) => name !== "module.exports"),
        require: Object.keys(require(entry)).sort(),
      };
    }
    console.log(JSON.stringify(names));
  `,
    folder,
  ) as Record<string, { import: string[]; require: string[] }>;
  for (const { import: imported, require } of Object.values(names)) {
    assertEquals(imported, require);
  }
  await assertGolden(
    "exports.json",
    json(
      Object.fromEntries(Object.entries(names).map(([entry, { import: names }]) => [entry, names])),
    ),
  );
});

Deno.test("import and require obtain a token; an error is recognised across them by name and code", async () => {
  const { folder } = await installed();
  const use = `
    const [esm, cjs] = [await import("kpn-auth"), require("kpn-auth")];
    const { mockKpn } = require("kpn-auth/testing");
    const told = [];
    for (const { requestToken } of [esm, cjs]) {
      const { fetch } = mockKpn();
      const credentials = { clientId: "APP_CLIENT_ID", fetch };
      const token = await requestToken({ ...credentials, clientSecret: "APP_CLIENT_SECRET" });
      const error = await requestToken({ ...credentials, clientSecret: "WRONG" }).catch((e) => e);
      told.push([token.type, error.name, error.code]);
    }
    console.log(JSON.stringify(told));
  `;
  const told = ["Bearer", "KpnAuthError", "invalid_client"];
  assertEquals(await inNode(use, folder), [told, told]);
});

Deno.test("B33: there is no dependency, and importing patches no global", async () => {
  const { folder, files, entryPoints, manifest } = await installed();
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies"]) {
    assertEquals(manifest[field], undefined);
  }
  assertEquals(files.filter((path) => path.includes("_dnt")), []);
  const [before, after] = await inNode(
    `
    const of = (name) => {
      const value = globalThis[name];
      const members = (object) => Object(object) === object ? Reflect.ownKeys(object).map(String) : [];
      return [name, members(value), members(typeof value === "function" ? value.prototype : 0)];
    };
    const shape = () => Object.getOwnPropertyNames(globalThis).sort().map(of);
    const before = shape();
    for (const entry of ${JSON.stringify(entryPoints)}) await import(entry), require(entry);
    console.log(JSON.stringify([before, shape()]));
  `,
    folder,
  ) as [unknown[], unknown[]];
  assert(before.length > 60);
  assertEquals(after, before);
});

/** What a module that has `require` prints as JSON, run by Node in a folder. */
async function inNode(code: string, folder: string): Promise<unknown> {
  const prelude = `import { createRequire } from "node:module";
    const require = createRequire(process.cwd() + "/");`;
  return JSON.parse(
    await run("node", ["--input-type=module", "-e", prelude + code], { cwd: folder }),
  );
}
