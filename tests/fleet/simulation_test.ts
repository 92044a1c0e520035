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

Deno.test("the simulated fleet comes out the same for the same seed, and only for it", () => {
  for (const store of STORES) {
    assertEquals(simulate(fleet, store), simulate(fleet, store));
    assertNotEquals(simulate(fleet, store), simulate({ ...fleet, seed: 2 }, store));
  }
});

Deno.test("simulated: alone each isolate mints, KV saves most mints, Redis and the object all but one", () => {
  const [none, kv, redis, object] = STORES.map((store) => simulate(fleet, store).mintsAnHour);
  assert(none! >= fleet.isolates, `${none} without a store`);
  assert(kv! > 1 && kv! < none! / 5, `${kv} with KV`);
  assert(redis! >= 1 && redis! <= 2, `${redis} with Redis`);
  assert(object! >= 1 && object! <= 2, `${object} with the object`);
});

Deno.test("simulated: with a broken Redis each isolate mints for itself", () => {
  const broken = simulate({ ...fleet, failures: 1 }, "Redis").mintsAnHour;
  assert(broken >= fleet.isolates, `${broken} mints`);
});
