import * as esbuild from "esbuild";
for (
  const [name, code] of [
    [
      "core",
      `export { createTokenRequest, requestToken, readTokenResponse, KpnAuthError, KPN_ORIGIN, TOKEN_ENDPOINTS } from "./mod.ts"`,
    ],
    ["all", `export * from "./mod.ts"`],
    ["req", `export { createTokenRequest } from "./mod.ts"`],
  ]
) {
  const r = await esbuild.build({
    stdin: { contents: code, resolveDir: Deno.cwd(), loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    platform: "neutral",
    format: "esm",
    target: "es2022",
  });
  const gz = new Response(
    new Blob([r.outputFiles[0].contents]).stream().pipeThrough(new CompressionStream("gzip")),
  );
  console.log(name, r.outputFiles[0].contents.length, (await gz.arrayBuffer()).byteLength);
}
await esbuild.stop();
