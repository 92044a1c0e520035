import { build, stop } from "esbuild";
import { assert, assertEquals } from "../support/assert.ts";

const STORES = ["cloudflare_kv", "deno_kv", "durable_object", "redis", "sealed"];
const CORE = ["deadline", "errors", "token"];

Deno.test("each store takes under 600 bytes, gzipped, beside the core, and brings no other", async (context) => {
  for (const store of STORES) {
    await context.step(store, async () => {
      const { metafile, outputFiles } = await build({
        entryPoints: [`src/stores/${store}.ts`],
        absWorkingDir: new URL("../../", import.meta.url).pathname,
        bundle: true,
        external: CORE.map((room) => `../${room}.ts`),
        format: "esm",
        metafile: true,
        minify: true,
        platform: "neutral",
        target: "es2022",
        write: false,
      });
      assertEquals(Object.keys(metafile.inputs), [`src/stores/${store}.ts`]);
      const gzip = new Blob([outputFiles[0]!.text]).stream()
        .pipeThrough(new CompressionStream("gzip"));
      const { byteLength } = await new Response(gzip).arrayBuffer();
      assert(byteLength < 600, `${store} takes ${byteLength} bytes`);
      console.log(byteLength);
    });
  }
  await stop();
});
