/**
 * How much the tests try: what is exhaustive runs by `deno task test --all`, and is sampled
 * otherwise. The seed is printed at the start; `deno task test --seed=N` repeats a run. For a single file:
 * `deno test -P=unit tests/x_test.ts -- --all --seed=N`.
 */

import { randomFrom } from "../../scripts/virtual_time.ts";

/** Whether everything is tried. */
export const ALL: boolean = Deno.args.includes("--all");

/** What random values are drawn from; the same for all suites of a run. */
export const SEED: number = Number(
  Deno.args.find((arg) => arg.startsWith("--seed="))?.slice("--seed=".length) ?? 20_261_126,
);

/** How many runs: usually, and with `--all`. */
export function runs(usual: number, all: number): number {
  return ALL ? all : usual;
}

/**
 * `count` of the values, in their order, drawn by the seed; with `--all` each of them. Draws of another
 * `name` are independent.
 */
export function sample<T>(values: readonly T[], count: number, name = ""): T[] {
  if (ALL || count >= values.length) return [...values];
  const draw = random(Array.from(name).reduce(mixed, SEED));
  const drawn = values.map((value, index) => ({ value, index, at: draw() }))
    .sort((one, other) => one.at - other.at)
    .slice(0, count);
  return drawn.sort((one, other) => one.index - other.index).map(({ value }) => value);
}

/** A seed made of another and a character (FNV-1a). */
function mixed(seed: number, character: string): number {
  return Math.imul(seed ^ character.codePointAt(0)!, 16_777_619);
}

/** Numbers from 0 to 1, the same for the same seed. */
export function random(seed = SEED): () => number {
  return randomFrom(seed);
}
