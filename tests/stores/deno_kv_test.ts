import type { AccessToken } from "../../mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
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

Deno.test("while another process writes to SQLite, a writer waits its turn; for ever it does not", async () => {
  let locked = 4;
  const busy = () =>
    locked-- > 0
      ? Promise.reject(new TypeError("database is locked"))
      : Promise.resolve({ ok: true, versionstamp: "1" });
  const transaction = {
    check: () => transaction,
    set: () => transaction,
    delete: () => transaction,
  };
  const store = denoKvStore({
    get: () => Promise.resolve({ value: null, versionstamp: null }),
    set: busy,
    atomic: () => Object.assign(transaction, { commit: busy }) as never,
  });
  const token = { requestedAt: 0, expiresAt: 1_000 } as AccessToken;
  await store.set("kpn-auth:busy", token);
  locked = 4;
  const release = await store.exclusive!("kpn-auth:busy", 1_000);
  locked = 4;
  await release!();
  assertEquals(locked, -1);
  locked = Infinity;
  await assertRejects(() => store.set("kpn-auth:busy", token), TypeError, "database is locked");
});
