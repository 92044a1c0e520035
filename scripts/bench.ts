/**
 * Measures what `.github/MEASUREMENTS.md` claims, against rivals in the same run, and prints a
 * table of ratios: a cached call, herds, size, import, and what `authorizedFetch`
 * adds to a call. Needs Node; installs Bun and the rivals from npm for the bench only.
 */

import * as esbuild from "esbuild";
import { gzipSync } from "node:zlib";
import { findProgram } from "../tests/support/programs.ts";
import { install } from "../tests/support/npm.ts";
import { OWN_WAYS, RIVAL_WAYS } from "./bench/calls.ts";
import { RIVALS } from "./bench/rivals.ts";

const folder = await install(new URL("bench/npm/", import.meta.url).pathname);

const DENO = [Deno.execPath(), "run", "--no-config", "--no-lock", "--allow-all"];
const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  Node: [findProgram("node") ?? "node"],
  Bun: [`${folder}node_modules/bun/bin/bun`],
  Deno: DENO,
};

/** What each rival's user imports. */
const IMPORTS = [
  `export { createTokenSource, authorizedFetch } from "${Deno.cwd()}/mod.ts"`,
  `export { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"`,
  `export { default as axios } from "axios"; export { clientCredentials } from "axios-oauth-client"; export { default } from "axios-token-interceptor"`,
  `export { OAuth2Client } from "google-auth-library"`,
  `export { TokenProvider } from "auth0"`,
  `export { ClientSecretPost, clientCredentialsGrantRequest, processClientCredentialsResponse } from "oauth4webapi"`,
];

/** Bundles code that may import the rivals; unless minified they stay outside. */
async function bundle(contents: string, minify: boolean): Promise<Uint8Array> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: folder, loader: "ts" },
    bundle: true,
    minify,
    ...minify ? {} : { packages: "external" },
    external: ["node:*"],
    write: false,
    platform: "node",
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
  return outputFiles[0]!.contents;
}

/** What a process prints. */
async function run([command, ...args]: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command!, {
    args: [...args],
    cwd: folder,
  })
    .output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${command} ${args}: ${new TextDecoder().decode(stderr)}`);
}

async function prepare(name: string, contents: string): Promise<string> {
  const path = `${folder}${name}.mjs`;
  await Deno.writeFile(path, await bundle(contents, false));
  return path;
}

/** How long processes take that import these files, as ratios to the first: lower quartiles of interleaved runs. */
async function importRatios(
  runtime: readonly string[],
  files: readonly string[],
): Promise<number[]> {
  const times: number[][] = files.map(() => []);
  for (let round = -1; round < 15; round++) {
    for (const [index, file] of files.entries()) {
      const startedAt = performance.now();
      await run([...runtime, file]);
      if (round >= 0) times[index]!.push(performance.now() - startedAt);
    }
  }
  const typical = times.map((list) => list.sort((a, b) => a - b)[list.length >> 2]!);
  return typical.map((time) => time / typical[0]!);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  console.log([line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n"));
}

const percent = (value: number) => `${((value - 1) * 100).toFixed(1)} %`;
const ratio = (value: number) => `${value.toFixed(2)}×`;
const here = (file: string) =>
  `import ${JSON.stringify(new URL(`bench/${file}`, import.meta.url).pathname)}`;

/** The package as Node and Bun get it: plain modules, one for each of ours. */
async function unbundled(): Promise<string> {
  const target = `${folder}kpn_auth/`;
  await Deno.mkdir(`${target}src`, { recursive: true });
  const core = Array.from(Deno.readDirSync("src")).filter(({ isFile }) => isFile);
  for (const path of ["mod.ts", ...core.map(({ name }) => `src/${name}`)]) {
    const { code } = await esbuild.transform(await Deno.readTextFile(path), { loader: "ts" });
    const modules = code.replace(/(from "\.[^"]*)\.ts"/g, '$1.mjs"');
    await Deno.writeTextFile(`${target}${path.replace(/ts$/, "mjs")}`, modules);
  }
  return `${target}mod.mjs`;
}

const cached = await prepare("cached", here("cached.ts"));
const overhead = await prepare("overhead", here("overhead.ts"));
const webhook = await prepare("webhook", here("webhook.ts"));
const empty = await prepare("empty", "export {}");
const modules = await unbundled();
const imports = [
  modules,
  ...await Promise.all(
    IMPORTS.slice(1).map((contents, index) => prepare(`import_${index}`, contents)),
  ),
];
const sizes = await Promise.all(
  IMPORTS.map(async (contents) => gzipSync(await bundle(contents, true), { level: 9 }).byteLength),
);
await esbuild.stop();

const date = new Date().toISOString().slice(0, 10);
console.log(`Measured ${date} by \`deno task bench\` on ${navigator.hardwareConcurrency} cores.\n`);

const node = JSON.parse(await run([...RUNTIMES["Node"]!, cached, "rivals"]));
const started = await importRatios(RUNTIMES["Node"]!, [empty, ...imports]);
table(
  ["on Node", "cached call", "POSTs of 1,000 cold callers", "gzipped", "process that imports it"],
  RIVALS.map(({ name }, index) => [
    name,
    ratio(node.times[index] / node.baseline),
    `${node.herds[index].posts}`,
    `${sizes[index]} B`,
    ratio(started[index + 1]!),
  ]),
);
console.log(
  "Cached call: to an `async` function that checks `Date.now()` and returns a cached object. " +
    "Import: to a process that imports an empty module.\n",
);

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  () => new Response("hello"),
);
const url = `http://127.0.0.1:${server.addr.port}/`;
const rows = [];
const added: (readonly string[])[] = [];
for (const [name, runtime] of Object.entries(RUNTIMES)) {
  const { baseline, times, large, failing } = name === "Node"
    ? node
    : JSON.parse(await run([...runtime, cached]));
  const rivals = name === "Node" ? ["rivals"] : []; // one runtime is enough for them
  const { bare, ways } = JSON.parse(await run([...runtime, overhead, url, ...rivals]));
  added.push([name, `${(bare * 1_000).toFixed(0)} µs`, ...ways.map(percent)]);
  const [, imported = NaN] = name === "Node" ? started : await importRatios(runtime, [
    empty,
    name === "Deno" ? `${Deno.cwd()}/mod.ts` : modules,
  ]);
  rows.push([
    name,
    ratio(times[0] / baseline),
    `${large.posts} POST, ${large.served} served, ${large.ms} ms`,
    `${failing.posts} POST, ${failing.served} served, ${failing.ms} ms`,
    ratio(imported),
  ]);
}
await server.shutdown();
table(
  [
    "kpn-auth on",
    "cached call",
    "100,000 cold callers",
    "100,000 callers, refused",
    "import",
  ],
  rows,
);

const names = [...OWN_WAYS, ...RIVAL_WAYS];
table(
  ["adds to a bare `fetch`, on", ...added.map(([runtime, bare]) => `${runtime} (${bare})`)],
  names.map((name, index) => [name, ...added.map((times) => times[index + 2] ?? "")]),
);

const verified: string[][] = [];
for (const [name, runtime] of Object.entries(RUNTIMES)) {
  const { raw, request } = JSON.parse(await run([...runtime, webhook]));
  verified.push([name, ratio(raw), ratio(request)]);
}
table(["verifyWebhook to bare WebCrypto, on", "raw bytes", "a Request, read"], verified);
