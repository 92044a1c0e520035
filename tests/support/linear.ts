/** Telling linear work from worse, on a machine of any speed and under any load. */

import { assert } from "./assert.ts";

/** Where faults are tried side by side, times say nothing. */
const UNTIMED = Deno.args.includes("--untimed");

/** As often as this is measured before a size's verdict is "no". */
const ROUNDS = 25;

/** What takes less, in ms, is no trouble, whatever an engine does with short inputs; worse than linear work takes seconds. */
const FLOOR = 5;

/**
 * Asserts that twice the input costs at most three times the time. Other programs may take the core
 * or its cache at any moment, so only work that never comes out as linear fails: not at one of three sizes,
 * not by the best of several interleaved measurements.
 */
export function assertLinear(
  what: string,
  makeWork: (size: number) => () => unknown,
  size = 16_384,
) {
  if (UNTIMED) return void makeWork(size)();
  const verdicts: string[] = [];
  for (const first of [size, 2 * size, 4 * size]) {
    const [best, twice] = measured(makeWork(first), makeWork(2 * first));
    if (isLinear(best, twice)) return;
    verdicts.push(`${best} ms, for twice as much ${twice} ms`);
  }
  assert(false, `${what}: ${verdicts.join("; ")}`);
}

const isLinear = (best: number, twice: number) => twice <= Math.max(FLOOR, 3 * best);

/** The shortest time of either, measured until it is plain that they are linear. */
function measured(...works: [() => unknown, () => unknown]): [number, number] {
  const best: [number, number] = [Infinity, Infinity];
  for (let round = 0; round < ROUNDS && (round < 3 || !isLinear(...best)); round++) {
    for (const [at, work] of works.entries()) {
      const from = performance.now();
      work();
      best[at as 0 | 1] = Math.min(best[at as 0 | 1], performance.now() - from);
    }
  }
  return best;
}
