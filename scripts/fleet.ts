/**
 * Simulates a fleet of isolates, so that an architect can choose a store: prints mints an hour
 * and the latency that getting a token adds to the callers' requests, as a Markdown table.
 *
 *     deno task fleet
 *     deno task fleet --isolates=500 --calls=30 --life=10 --failures=0.01 --seed=2
 *
 * The isolates run the library's own layers, in virtual time. What is assumed of the
 * world stands in `fleet_world.ts`.
 */

import { parseArgs } from "node:util";
import { cached, type TokenSource } from "../src/cached.ts";
import { coolingDown } from "../src/cool_down.ts";
import type { Ask, Layer } from "../src/grant.ts";
import { stored } from "../src/stored.ts";
import { agesOf } from "../src/token.ts";
import {
  cloudflareKv,
  createWorld,
  type Fleet,
  LOCATIONS,
  mint,
  redis,
  type World,
} from "./fleet_world.ts";
import { inVirtualTime } from "./virtual_time.ts";

export type { Fleet };

/** What came of it. */
export interface Outcome {
  readonly mintsAnHour: number;
  /** Of all calls, in ms. */
  readonly mean: number;
  readonly p99: number;
}

export const STORES = ["none", "Cloudflare KV", "Redis", "Durable Object"] as const;

const HOUR = 3_600_000;
const MARGINS = { ageing: 300_000, stale: 10_000 };
/** The source's default. */
const TIMEOUT = 10_000;

type Store = typeof STORES[number];

/** Runs the fleet. The same fleet, the same outcome. */
export function simulate(fleet: Fleet, store: Store): Promise<Outcome> {
  return inVirtualTime(async (time) => {
    const world = createWorld(fleet, time);
    const sourceOf = sourceMaker(world, store);
    for (let n = 0; n < fleet.isolates; n++) live(world, n % LOCATIONS, sourceOf);
    await time.sleep(fleet.lifetime + fleet.duration);
    const waits = world.waits.sort((a, b) => a - b);
    const p99 = waits[waits.length - Math.ceil(world.calls * 0.01)] ?? 0;
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / world.calls;
    return { mintsAnHour: world.mints / (fleet.duration / HOUR), mean, p99 };
  }, 0);
}

type SourceMaker = (location: number, jitter: number) => TokenSource;

/** How an isolate gets its token: the library's layers over the simulated KPN. */
function sourceMaker(world: World, store: Store): SourceMaker {
  const { now } = world;
  const announce = () => {};
  const isolate = (layer: Layer<Omit<Ask, "run">>, jitter: number) =>
    cached(layer, {
      now,
      announce,
      timeout: TIMEOUT,
      margins: MARGINS,
      random: () => jitter,
    });
  const minted = () => coolingDown(() => mint(world), now, announce);
  const underRun = (layer: Layer): Layer<Omit<Ask, "run">> => (ask) =>
    layer({ ...ask, run: runAt(now()) });

  if (store === "none") return (_, jitter) => isolate(underRun(minted()), jitter);
  if (store === "Durable Object") {
    const object = isolate(underRun(minted()), world.random());
    return () => isolate(asking(world, object), 1);
  }
  const storeAt = store === "Redis" ? redis(world) : cloudflareKv(world);
  return (location, jitter) => {
    const options = { now, announce, timeout: TIMEOUT, random: () => jitter, keyOf };
    return isolate(underRun(stored(minted(), storeAt(location), options)), jitter);
  };
}

const keyOf = () => Promise.resolve("key");

/** A run of the grant as the layers see it; no simulated mint takes so long that it would be cut. */
function runAt(now: number): Ask["run"] {
  const { signal } = new AbortController();
  const run: Partial<Ask["run"]> = { signal, endsAt: now + TIMEOUT, secrets: [] };
  return { ...run, request: { body: "" } } as Ask["run"];
}

/** What the client of the Durable Object does: it asks the object's source, far away. */
function asking(world: World, object: TokenSource): Layer<Omit<Ask, "run">> {
  return async () => {
    await world.take("Durable Object", 0.5);
    const token = await object.token();
    await world.take("Durable Object", 0.5);
    return token;
  };
}

/**
 * One isolate after the other in one place: each from its first call to its end. Calls for which
 * the held token is fresh are counted, and not made.
 */
async function live(world: World, location: number, sourceOf: SourceMaker): Promise<never> {
  const { now, sleep, exponential, fleet: { life, calls } } = world;
  const gap = HOUR / calls;
  for (;;) {
    const death = now() + exponential(life);
    const jitter = world.random();
    const source = sourceOf(location, jitter);
    for (let next = now() + exponential(gap); next < death;) {
      await sleep(next - now());
      const since = now();
      const token = await source.token();
      const wait = now() - since;
      count(world, 1, () => wait);
      count(world, wait / gap, () => wait * world.random()); // who came meanwhile
      const fresh = Math.max(now(), agesOf(token, MARGINS, jitter).ageingAt);
      count(world, Math.max(0, Math.min(death, fresh) - now()) / gap, () => 0);
      next = fresh + exponential(gap);
    }
    await sleep(death - now());
  }
}

/** Counts calls and how long they waited; a share of a call counts as often as it is likely. */
function count(world: World, times: number, wait: () => number): void {
  if (!world.observed()) return;
  const whole = Math.floor(times + world.random());
  world.calls += whole;
  for (let n = 0; n < whole; n++) {
    const ms = wait();
    if (ms === 0) return; // all the others wait as little
    world.waits.push(ms);
  }
}

/** A fleet's outcome with a store, as a row of the table. */
export async function row(fleet: Fleet, store: Store): Promise<string> {
  const { mintsAnHour, mean, p99 } = await simulate(fleet, store);
  const isolates = fleet.isolates.toLocaleString("en");
  const mints = mintsAnHour.toLocaleString("en", { maximumFractionDigits: 1 });
  return `| ${isolates} | ${store} | ${mints} | ${mean.toFixed(1)} ms | ${Math.round(p99)} ms |`;
}

/** The fleet of the table in `.github/MEASUREMENTS.md`, but for how many isolates it has. */
export const FLEET: Omit<Fleet, "isolates"> = {
  calls: 120,
  life: 30 * 60_000,
  lifetime: 3_599_000,
  failures: 0.001,
  duration: 3 * HOUR,
  seed: 1,
};

if (import.meta.main) {
  const option = (value: number | string) => ({ type: "string", default: `${value}` }) as const;
  const { values } = parseArgs({
    options: {
      isolates: option("10,1000,10000"),
      calls: option(FLEET.calls), // an hour and isolate
      life: option(FLEET.life / 60_000), // minutes
      lifetime: option(FLEET.lifetime / 1_000), // seconds
      failures: option(FLEET.failures), // of all operations of the store
      hours: option(FLEET.duration / HOUR),
      seed: option(FLEET.seed),
    },
  });
  console.log("| isolates | store | mints an hour | added latency, mean | p99 |");
  console.log("| ---: | --- | ---: | ---: | ---: |");
  for (const isolates of values.isolates.split(",").map(Number)) {
    const fleet = {
      isolates,
      calls: Number(values.calls),
      life: Number(values.life) * 60_000,
      lifetime: Number(values.lifetime) * 1_000,
      failures: Number(values.failures),
      duration: Number(values.hours) * HOUR,
      seed: Number(values.seed),
    };
    for (const store of STORES) console.log(await row(fleet, store));
  }
}
