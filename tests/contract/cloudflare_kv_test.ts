import { assert, assertEquals, assertNotEquals } from "../support/assert.ts";
import { startWorkers } from "../support/workers.ts";
import { checkContract } from "./contract.ts";

Deno.test("Workers KV in workerd keeps the contract", async (context) => {
  await using workers = await startWorkers(1);
  await checkContract(context, {
    store: {
      get: (key) => workers.ask("/kv/get", [key]),
      set: (key, token) => workers.ask("/kv/set", [key, token]),
    },
    excludes: false,
    plant: (key, text) => workers.ask("/kv/plant", [key, text]),
  });
});

Deno.test("B50: a token of ten seconds is kept for Cloudflare's shortest minute, one of an hour for an hour", async () => {
  await using workers = await startWorkers(1);
  const before = Math.floor(Date.now() / 1_000);
  await workers.ask("/kv/set", ["short", { requestedAt: 0, expiresAt: 10_000 }]);
  await workers.ask("/kv/set", ["long", { requestedAt: 0, expiresAt: 3_599_001 }]);
  const after = Math.ceil(Date.now() / 1_000);
  const keys: { name: string; expiration: number }[] = await workers.ask("/kv/list");
  assertEquals(keys.map(({ name }) => name), ["long", "short"]);
  const [long, short] = keys.map(({ expiration }) => expiration);
  assert(long! >= before + 3_600 && long! <= after + 3_600);
  assert(short! >= before + 60 && short! <= after + 60);
});

Deno.test("B17: the refresh of an ageing token, and its way into KV, are left to ctx.waitUntil", async () => {
  await using workers = await startWorkers(1);
  const ageing = 3_599_000 - 100_000;
  const first = await workers.ask("/kv/source", [ageing]);
  // The Worker has answered; only waitUntil still holds the refresh.
  const [{ name }] = await workers.ask("/kv/list");
  let stored = first;
  while (stored.value === first.value) stored = await workers.ask("/kv/get", [name]);
  assertNotEquals(stored.value, first.value);
  assertEquals(workers.mock.mints, 2);
});
