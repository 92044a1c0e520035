import { build, stop } from "esbuild";
import { assert, assertEquals } from "../support/assert.ts";

/** What an isolate or a process imports; the object itself is another's, and shares its Worker. */
const STORES = {
  cloudflareKvStore: "cloudflare_kv",
  denoKvStore: "deno_kv",
  durableObjectSource: "durable_object",
  redisStore: "redis",
  sealedStore: "sealed",
  TokenObject: "durable_object",
};
/** The core's rooms: a program has them anyway. */
const CORE = Array.from(Deno.readDirSync("src"), ({ name }) => `../${name}`);

const STORES_DIR = new URL("../../src/stores", import.meta.url).pathname;

Deno.test("each store takes under 800 bytes, gzipped, beside the core, and brings no other", async (context) => {
  for (const [name, file] of Object.entries(STORES)) {
    await context.step(name, async () => {
      const { metafile, outputFiles } = await build({
        stdin: { contents: `export { ${name} } from "./${file}.ts"`, resolveDir: STORES_DIR },
        absWorkingDir: STORES_DIR,
        bundle: true,
        external: CORE,
        format: "esm",
        metafile: true,
        minify: true,
        platform: "neutral",
        target: "es2022",
        write: false,
      });
      assertEquals(Object.keys(metafile.inputs), [`${file}.ts`, "<stdin>"]);
      const gzip = new Blob([outputFiles[0]!.text]).stream()
        .pipeThrough(new CompressionStream("gzip"));
      const { byteLength } = await new Response(gzip).arrayBuffer();
      assert(byteLength < 800, `${name} takes ${byteLength} bytes`);
    });
  }
  await stop();
});
