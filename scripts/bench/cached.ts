/**
 * Run by each runtime: a fresh token awaited, and cold and failing herds. Prints JSON.
 *
 * mitata 1.0 was tried in its place (November 2026, both cores busy): it measures one function after
 * the other, and the ratio of the same two went from 1.07 to 9.9 in three tries. Here they alternate.
 */

import process from "node:process";
import { BASELINE, type Rival, RIVALS } from "./rivals.ts";

const ROUNDS = 300;

/** KPN's answer, from memory, and how often it was asked for. */
function endpoint(status = 200) {
  const count = { posts: 0 };
  const mint = () => {
    count.posts++;
    const body = status === 200
      ? { access_token: "t", token_type: "bearer", expires_in: 3600 }
      : {};
    return Promise.resolve(Response.json(body, { status }));
  };
  return { mint, count };
}

/** A loop of its own for each, so that each gets its own optimised code, as in a program that uses but one. */
function loopFor(call: () => Promise<unknown>): (times: number) => Promise<void> {
  const make = new Function(
    "call",
    "return async (times) => { for (let n = 0; n < times; n++) await call(); }",
  );
  return make(call);
}

/** The time of one awaited call in ns: the lower decile of many short, interleaved batches. */
async function callTimes(rivals: readonly Rival[]): Promise<number[]> {
  const contenders = [];
  for (const { make } of rivals) {
    const loop = loopFor(await make(endpoint().mint));
    await loop(1_000);
    const startedAt = performance.now();
    await loop(1_000);
    const batch = Math.max(20, Math.round(2_000 / (performance.now() - startedAt)));
    contenders.push({ loop, batch, times: [] as number[] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { loop, batch, times } of contenders) {
      const startedAt = performance.now();
      await loop(batch);
      times.push((performance.now() - startedAt) / batch * 1e6);
    }
  }
  return contenders.map(({ times }) => times.sort((a, b) => a - b)[ROUNDS / 10]!);
}

/** How many POSTs a cold herd causes, how many of its callers get a token, and how long it takes. */
async function herd({ make }: Rival, callers: number, status = 200) {
  const { mint, count } = endpoint(status);
  const call = await make(mint);
  const startedAt = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: callers }, () => call()));
  return {
    posts: count.posts,
    served: outcomes.filter((outcome) => outcome.status === "fulfilled").length,
    ms: Math.round(performance.now() - startedAt),
  };
}

const rivals = process.argv.includes("rivals") ? RIVALS : RIVALS.slice(0, 1);
const [ours] = RIVALS;
const [baseline, ...times] = await callTimes([BASELINE, ...rivals]);
const herds = [];
for (const rival of rivals) herds.push(await herd(rival, 1_000));
console.log(JSON.stringify({
  baseline,
  times,
  herds,
  large: await herd(ours!, 100_000),
  failing: await herd(ours!, 100_000, 401),
}));
process.exit(); // whatever timers a rival leaves behind
