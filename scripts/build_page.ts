/**
 * Packs what the playground serves into a module of strings, `src/playground/packed.ts`:
 * the page, the API's description, and the files of Postman and Bruno. The library that the page imports is
 * not packed: the command line serves its own modules.
 *
 *     deno task build:page
 */

import * as esbuild from "esbuild";

const ROOT = new URL("../", import.meta.url);
const TARGET = new URL("src/playground/packed.ts", ROOT);

/** The library as the page imports it, from the modules that the command line serves. */
const LIBRARY = `
export { authorizedFetch, createTokenRequest, createTokenSource, readFault } from "/kpn-auth/mod.js";
export { curlCommand } from "/kpn-auth/src/curl/curl.js";
export { SHELLS } from "/kpn-auth/src/curl/shells.js";
export { explain } from "/kpn-auth/src/explain.js";
`.trimStart();

/** The files of the Bruno collection. */
export const BRUNO = [
  "bruno.json",
  "environments/KPN.bru",
  "get_access_token.bru",
  "basic_insight.bru",
  "standard_insight.bru",
  "advanced_insight.bru",
  "advanced_insight_later.bru",
];

/** What is packed, by path. */
export async function packedFiles(): Promise<Record<string, string>> {
  const text = (path: string) => Deno.readTextFile(new URL(`src/playground/${path}`, ROOT));
  return {
    "/index.html": await text("page/index.html"),
    "/page.css": await text("page/page.css"),
    "/forms.css": await text("page/forms.css"),
    "/results.css": await text("page/results.css"),
    "/page.js": bundle(await text("page/page.js"), "src/playground/page/"),
    "/kpn-auth.js": LIBRARY,
    "/openapi.yaml": await text("openapi.yaml"),
    "/kpn.http": await text("kpn.http"),
    "/postman/collection.json": await text("postman/collection.json"),
    "/postman/environment.json": await text("postman/environment.json"),
    ...Object.fromEntries(
      await Promise.all(BRUNO.map(async (name) => [`/bruno/${name}`, await text(`bruno/${name}`)])),
    ),
  };
}

/** The module's text. */
async function packedModule(): Promise<string> {
  const entries = Object.entries(await packedFiles()).map(([path, file]) =>
    `  ${JSON.stringify(path)}:\n    ${JSON.stringify(file)},`
  );
  return `/** Made by \`deno task build:page\` from page/, openapi.yaml, postman/ and bruno/: do not edit. */

/** What the playground serves, by path. */
export const PACKED: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`;
}

function bundle(contents: string, folder: string): string {
  const { outputFiles: [file] } = esbuild.buildSync({
    stdin: { contents, resolveDir: new URL(folder, ROOT).pathname, loader: "ts" },
    external: ["/kpn-auth.js"],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
  });
  return file!.text;
}

if (import.meta.main) await Deno.writeTextFile(TARGET, await packedModule());
