/**
 * Packs what the playground serves into a module of strings, `src/playground/packed.ts`:
 * the page, the library that the page imports, the API's description, and the Postman files.
 *
 *     deno task build:page
 */

import * as esbuild from "esbuild";

const ROOT = new URL("../", import.meta.url);
const TARGET = new URL("src/playground/packed.ts", ROOT);

/** The library as the page imports it. */
const LIBRARY = `
export { authorizedFetch, createTokenRequest, createTokenSource, readFault } from "./mod.ts";
export { curlCommand } from "./src/curl/curl.ts";
export { explain } from "./src/explain.ts";
`;

/** What is packed, by path. */
export async function packedFiles(): Promise<Record<string, string>> {
  const text = (path: string) => Deno.readTextFile(new URL(`src/playground/${path}`, ROOT));
  return {
    "/index.html": await text("page/index.html"),
    "/page.css": await text("page/page.css"),
    "/page.js": bundle(await text("page/page.js"), "src/playground/page/"),
    "/kpn-auth.js": bundle(LIBRARY, "./"),
    "/openapi.yaml": await text("openapi.yaml"),
    "/postman/collection.json": await text("postman/collection.json"),
    "/postman/environment.json": await text("postman/environment.json"),
  };
}

/** The module's text. */
async function packedModule(): Promise<string> {
  const entries = Object.entries(await packedFiles()).map(([path, file]) =>
    `  ${JSON.stringify(path)}:\n    ${JSON.stringify(file)},`
  );
  return `/** Made by \`deno task build:page\` from page/, openapi.yaml, postman/ and the library: do not edit. */

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
