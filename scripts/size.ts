/**
 * What the library costs in a browser or an edge function: bundled for a neutral
 * platform, minified, gzipped. Fails above a limit.
 */

import * as esbuild from "esbuild";
import { gzipSync } from "node:zlib";

const CORE = "createTokenRequest, requestToken, readTokenResponse, KpnAuthError";

/** What, the names imported, the limit in bytes, and the module where it is not the front door. */
const LIMITS: readonly (readonly [string, string, number, string?])[] = [
  ["createTokenRequest alone", "createTokenRequest", 1_350],
  ["the core: request, grant, errors", CORE, 8_750],
  ["core, token source, authorized fetch", `${CORE}, createTokenSource, authorizedFetch`, 14_800],
  ["webhooks", "verifyWebhook, WebhookError", 1_560, "./src/webhook.ts"],
];

let failed = false;
for (const [what, names, limit, module = "./mod.ts"] of LIMITS) {
  const { outputFiles: [bundle] } = await esbuild.build({
    stdin: { contents: `export { ${names} } from "${module}"`, resolveDir: Deno.cwd() },
    bundle: true,
    minify: true,
    write: false,
    platform: "neutral",
    format: "esm",
    target: "es2022",
  });
  const size = gzipSync(bundle!.contents, { level: 9 }).byteLength;
  if (size > limit) failed = true;
  console.log(
    `${size > limit ? "✗" : "✓"} ${size} of ${limit} bytes, ${limit - size} left  ${what}`,
  );
}
await esbuild.stop();
if (failed) Deno.exit(1);
