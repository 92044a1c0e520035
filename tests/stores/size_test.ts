import { build, stop } from "esbuild";
import { assert, assertEquals } from "../support/assert.ts";

const STORES = Array.from(Deno.readDirSync("src/stores"), ({ name }) => name);
/** The core's rooms: a program has them anyway. */
const CORE = Array.from(Deno.readDirSync("src"), ({ name }) => `../${name}`);

const STORES_DIR = new URL("../../src/stores", import.meta.url).pathname;

Deno.test("each store takes under 800 bytes, gzipped, beside the core, and brings no other", async (context) => {
  // One at a time: the Durable Object is another's than those who ask it, and shares their Worker.
  const exports = await Promise.all(
    STORES.map(async (file) =>
      Object.keys(await import(`../../src/stores/${file}`)).map((name) => [name, file] as const)
    ),
  );
  for (const [name, file] of exports.flat()) {
    await context.step(name, async () => {
      const { metafile, outputFiles } = await build({
        stdin: { contents: `export { ${name} } from "./${file}"`, resolveDir: STORES_DIR },
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
      assertEquals(Object.keys(metafile.inputs), [file, "<stdin>"]);
      const gzip = new Blob([outputFiles[0]!.text]).stream()
        .pipeThrough(new CompressionStream("gzip"));
      const { byteLength } = await new Response(gzip).arrayBuffer();
      assert(byteLength < 800, `${name} takes ${byteLength} bytes`);
    });
  }
  await stop();
});
