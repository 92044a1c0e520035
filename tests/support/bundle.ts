/** Code and what it imports as one plain script, for runtimes that take no TypeScript or no packages. */

import * as esbuild from "esbuild";

/** Bundles `code` as if it stood in `folder`: packages are found there. */
export async function bundle(
  code: string,
  folder: string,
  options: esbuild.BuildOptions = {},
): Promise<string> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: code, resolveDir: folder, loader: "ts" },
    bundle: true,
    write: false,
    platform: "neutral",
    format: "esm",
    target: "es2022",
    ...options,
  });
  await esbuild.stop();
  return outputFiles![0]!.text;
}
