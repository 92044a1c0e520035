import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { checkContract } from "./contract.ts";

Deno.test("Deno KV on a SQLite file keeps the contract", async (context) => {
  const folder = await Deno.makeTempDir();
  try {
    using kv = await Deno.openKv(`${folder}/tokens.sqlite`);
    await checkContract(context, {
      store: denoKvStore(kv),
      excludes: true,
      plant: (key, text) => kv.set([key], text),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
