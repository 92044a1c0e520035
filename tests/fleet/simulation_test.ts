import { type Fleet, simulate, STORES } from "../../scripts/fleet.ts";
import { assert, assertEquals, assertNotEquals } from "../support/assert.ts";

const fleet: Fleet = {
  isolates: 100,
  calls: 120,
  life: 1_800_000,
  lifetime: 3_599_000,
  failures: 0,
  duration: 3_600_000,
  seed: 1,
};

Deno.test("the simulated fleet comes out the same for the same seed, and only for it", async () => {
  for (const store of STORES) {
    const outcome = await simulate(fleet, store);
    assertEquals(await simulate(fleet, store), outcome);
    assertNotEquals(await simulate({ ...fleet, seed: 2 }, store), outcome);
  }
});

Deno.test("simulated: alone each isolate mints, KV saves most mints, Redis and the object all but one", async () => {
  const mints = [];
  for (const store of STORES) mints.push((await simulate(fleet, store)).mintsAnHour);
  const [none, kv, redis, object] = mints;
  assert(none! >= fleet.isolates, `${none} without a store`);
  assert(kv! > 1 && kv! < none! / 5, `${kv} with KV`);
  assert(redis! >= 1 && redis! <= 2, `${redis} with Redis`);
  assert(object! >= 1 && object! <= 2, `${object} with the object`);
});

Deno.test("simulated: with a broken Redis each isolate mints for itself", async () => {
  const { mintsAnHour } = await simulate({ ...fleet, failures: 1 }, "Redis");
  assert(mintsAnHour >= fleet.isolates, `${mintsAnHour} mints`);
});
