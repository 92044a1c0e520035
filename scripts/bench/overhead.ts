/**
 * Run by each runtime: what each way of authorizing a call adds to a bare `fetch` on
 * a kept-alive connection. Prints JSON: times in ms, and for each way its ratio.
 */

import process from "node:process";
import { bareCalls, ownCalls, rivalCalls } from "./calls.ts";

const ROUNDS = 5_000;
const WARM_UP = 1_000;

const [url = ""] = process.argv.slice(2);
const bare = bareCalls(url);
const rivals = process.argv.includes("rivals") ? await rivalCalls(url) : [];
const calls = [...bare, ...ownCalls(url), ...rivals];
const times: number[][] = calls.map(() => []);

for (let round = 0; round < WARM_UP + ROUNDS; round++) {
  // One by one, in an order of its own each round: whoever leaves garbage leaves it to all alike.
  for (const index of shuffled(calls.length)) {
    const startedAt = performance.now();
    await calls[index]!();
    if (round >= WARM_UP) times[index]!.push(performance.now() - startedAt);
  }
}

function shuffled(length: number): number[] {
  const draws = Array.from({ length }, (_, index) => ({ index, draw: Math.random() }));
  return draws.sort((a, b) => a.draw - b.draw).map(({ index }) => index);
}

/** The mean of the middle half: neither a lucky nor a disturbed call counts. */
function typical(list: number[]): number {
  const kept = list.sort((a, b) => a - b).slice(list.length / 4, list.length * 3 / 4);
  return kept.reduce((sum, time) => sum + time, 0) / kept.length;
}

const typicals = times.map(typical);
console.log(JSON.stringify({
  bare: typicals[0],
  // Each of ours by the bare call at its place, the rivals by the first.
  ways: typicals.slice(bare.length).map((time, way) =>
    time / typicals[way < bare.length ? way : 0]!
  ),
}));
process.exit(); // whatever a rival leaves behind
