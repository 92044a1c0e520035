import { assert, assertEquals, assertNotEquals } from "../support/assert.ts";
import { startWorkers } from "../support/workers.ts";
import { checkContract } from "./contract.ts";

Deno.test("Workers KV in workerd keeps the contract", async (context) => {
  await using workers = await startWorkers(1);

  await context.step(
    "B50: ten seconds become Cloudflare's shortest minute, an hour stays one",
    async () => {
      const before = Math.floor(Date.now() / 1_000);
      await workers.ask("/kv/set", ["short", { requestedAt: 0, expiresAt: 10_000 }]);
      await workers.ask("/kv/set", ["long", { requestedAt: 0, expiresAt: 3_599_001 }]);
      const after = Math.ceil(Date.now() / 1_000);
      const keys: { name: string; expiration: number }[] = await workers.ask("/kv/list");
      assertEquals(keys.map(({ name }) => name), ["long", "short"]);
      const [long, short] = keys.map(({ expiration }) => expiration);
      assert(long! >= before + 3_600 && long! <= after + 3_600);
      assert(short! >= before + 60 && short! <= after + 60);
    },
  );

  await context.step("B17: a refresh, and its way into KV, are left to ctx.waitUntil", async () => {
    const first = await workers.ask("/kv/source", [3_499_000]);
    // The Worker has answered: only waitUntil still holds the refresh.
    const keys: { name: string }[] = await workers.ask("/kv/list");
    const key = keys.find(({ name }) => name.startsWith("kpn-auth:"))!.name;
    let stored = first;
    for (let tries = 0; tries < 10_000 && stored.value === first.value; tries++) {
      stored = await workers.ask("/kv/get", [key]);
    }
    assertNotEquals(stored.value, first.value);
    assertEquals(workers.mock.mints, 2);
  });

  await checkContract(context, {
    store: {
      get: (key) => workers.ask("/kv/get", [key]),
      set: (key, token) => workers.ask("/kv/set", [key, token]),
    },
    excludes: false,
    plant: (key, text) => workers.ask("/kv/plant", [key, text]),
  });
});
