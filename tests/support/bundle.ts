/** Our own code as one plain script, for runtimes that take no TypeScript. */

import * as esbuild from "esbuild";

/** Bundles what `code` imports, relative to the repository's root. */
export async function bundle(
  code: string,
  options: esbuild.BuildOptions = {},
): Promise<string> {
  const { outputFiles } = await esbuild.build({
    stdin: {
      contents: code,
      resolveDir: new URL("../../", import.meta.url).pathname,
      loader: "ts",
    },
    bundle: true,
    write: false,
    platform: "neutral",
    format: "esm",
    target: "es2022",
    alias: {
      "@kpn-auth/kpn-auth/testing": "./src/testing/mock.ts",
      "@kpn-auth/kpn-auth": "./mod.ts",
    },
    ...options,
  });
  await esbuild.stop();
  return outputFiles![0]!.text;
}
