/** The library for Node 20, which runs no TypeScript. */

import * as esbuild from "esbuild";

/** A module that is deleted when it goes out of scope. */
export interface NodeBundle extends AsyncDisposable {
  readonly path: string;
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** Asks for a token through Node's own fetch or undici's, and prints it. */
const PROGRAM = `
import { fetch as undici } from "undici";
import { requestToken } from "./mod.ts";

const [client, options] = process.argv.slice(2);
const fetch = client === "undici" ? undici : globalThis.fetch;
const token = await requestToken({ ...JSON.parse(options), fetch });
process.stdout.write(token.value);
`;

/** Bundles the library into one file, beside which undici is found. */
export async function nodeBundle(): Promise<NodeBundle> {
  await Deno.mkdir(`${ROOT}.cache`, { recursive: true });
  const path = await Deno.makeTempFile({ dir: `${ROOT}.cache`, suffix: ".mjs" });
  await esbuild.build({
    stdin: { contents: PROGRAM, resolveDir: ROOT, loader: "ts" },
    bundle: true,
    outfile: path,
    allowOverwrite: true,
    external: ["undici"],
    platform: "node",
    format: "esm",
    target: "node20",
  });
  await esbuild.stop();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}
