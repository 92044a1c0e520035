import { FLEET, type Fleet, row, simulate, STORES } from "../../scripts/fleet.ts";
import { ALL } from "../support/amount.ts";
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

Deno.test("the table in MEASUREMENTS.md is what `deno task fleet` prints", async () => {
  const document = await Deno.readTextFile(".github/MEASUREMENTS.md");
  const table = document.split("<!-- fleet -->")[1]!.trim().split("\n").slice(2)
    .map((row) => row.replace(/ +/g, " "));
  const sizes = [10, 1_000, 10_000];
  assertEquals(table.length, sizes.length * STORES.length);
  const printed = [];
  for (const isolates of ALL ? sizes : [10]) {
    for (const store of STORES) printed.push(await row({ ...FLEET, isolates }, store));
  }
  assertEquals(table.slice(0, printed.length), printed);
});
