/**
 * Run by each runtime in a fresh process: what it costs a caller to join a mint that is under way,
 * in µs. `ours`, or the floor: callers of a plain function that shares one promise. Prints JSON.
 */

import process from "node:process";
import { createTokenSource } from "../../mod.ts";

const HERD = 10_000;
const ONE_BY_ONE = 1_000;

/** Answers once all callers have come. */
const fetch = () =>
  new Promise<Response>((resolve) =>
    setTimeout(() => resolve(Response.json({ access_token: "t", expires_in: 3600 })), 500)
  );

const makers: Readonly<Record<string, () => () => Promise<unknown>>> = {
  ours() {
    const source = createTokenSource({ clientId: "id", clientSecret: "secret", fetch });
    return () => source.token();
  },
  floor() {
    let shared: Promise<unknown> | undefined;
    return () => shared ??= fetch().then((answer) => answer.json());
  },
};

/** All in one turn, cold: the mean. */
async function herd(call: () => Promise<unknown>): Promise<number> {
  const callers: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < HERD; n++) callers.push(call());
  const time = performance.now() - startedAt;
  await Promise.all(callers);
  return time / HERD * 1_000;
}

/** One caller a macrotask, warm: the lower quartile. */
async function oneByOne(call: () => Promise<unknown>): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  const times: number[] = [];
  for (let n = -ONE_BY_ONE; n < ONE_BY_ONE; n++) {
    await new Promise((resolve) => {
      port2.onmessage = resolve;
      port1.postMessage(0);
    });
    const startedAt = performance.now();
    call();
    if (n >= 0) times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[ONE_BY_ONE >> 2]! * 1_000;
}

const make = makers[process.argv[2] ?? ""]!;
console.log(JSON.stringify({ herd: await herd(make()), oneByOne: await oneByOne(make()) }));
process.exit();
