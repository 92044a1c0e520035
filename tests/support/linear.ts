/** Telling linear work from worse, on a machine of any speed and under any load. */

import { assert } from "./assert.ts";

/** As often as this is measured before the verdict is "no". */
const ROUNDS = 50;

/** What takes less, in ms, is no trouble, whatever an engine does with short inputs; worse than linear work takes seconds. */
const FLOOR = 5;

/**
 * Asserts that twice the input costs at most three times the time. Other programs may take the core
 * at any moment, so the best of several interleaved measurements counts, and only work that never
 * comes out as linear fails.
 */
export function assertLinear(
  what: string,
  makeWork: (size: number) => () => unknown,
  size = 32_768,
) {
  const works = [makeWork(size), makeWork(2 * size)];
  const best = [Infinity, Infinity];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, work] of works.entries()) {
      const from = performance.now();
      work();
      best[at] = Math.min(best[at]!, performance.now() - from);
    }
    if (round >= 2 && best[1]! <= Math.max(FLOOR, 3 * best[0]!)) return;
  }
  assert(false, `${what}: ${best[0]} ms, for twice as much ${best[1]} ms`);
}
