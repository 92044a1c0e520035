/** Run by each runtime: a fresh token awaited, and cold and failing herds. Prints JSON. */

import process from "node:process";
import { BASELINE, type Rival, RIVALS } from "./rivals.ts";

const ROUNDS = 15;

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

/** The time of one awaited call in ns: the median of interleaved rounds. */
async function callTimes(rivals: readonly Rival[]): Promise<number[]> {
  const calls = await Promise.all(rivals.map(({ make }) => make(endpoint().mint)));
  const sizes: number[] = [];
  for (const call of calls) {
    await call();
    const startedAt = performance.now();
    for (let n = 0; n < 200; n++) await call();
    const perCall = (performance.now() - startedAt) / 200;
    sizes.push(Math.min(200_000, Math.max(20, Math.round(20 / perCall))));
  }
  const times: number[][] = calls.map(() => []);
  for (let round = -2; round < ROUNDS; round++) {
    for (const [index, call] of calls.entries()) {
      const size = sizes[index]!;
      const startedAt = performance.now();
      for (let n = 0; n < size; n++) await call();
      if (round >= 0) times[index]!.push((performance.now() - startedAt) / size * 1e6);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[ROUNDS >> 1]!);
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
