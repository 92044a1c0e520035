/** The world in which a fleet is simulated. All that is assumed stands here: latencies, failures, KV's propagation. */

import type { TokenStore } from "../src/stored.ts";
import type { AccessToken } from "../src/token.ts";
import { randomFrom, type VirtualTime } from "./virtual_time.ts";

/** What is simulated. Times in ms. */
export interface Fleet {
  /** How many isolates are alive; one that dies is replaced by a cold one. */
  readonly isolates: number;
  /** Calls an hour and isolate, at random times. */
  readonly calls: number;
  /** How long an isolate lives on average. */
  readonly life: number;
  /** Lifetime of a token. */
  readonly lifetime: number;
  /** The share of the store's operations that fail. */
  readonly failures: number;
  /** For how long it is observed, after one token's lifetime to warm up. */
  readonly duration: number;
  readonly seed: number;
}

/** What takes how long: `[at least, on average above that]`, in ms. */
const LATENCY = {
  mint: [100, 100],
  "Cloudflare KV": [5, 20],
  Redis: [1, 4],
  "Durable Object": [20, 40],
} as const;
/** Within so many ms a write to KV is seen in the other locations, of which there are so many. */
const PROPAGATION = 60_000;
export const LOCATIONS = 300;
/** The world of a simulation: its time, its chance, and what is counted. */
export interface World extends VirtualTime {
  readonly fleet: Fleet;
  random(): number;
  /** A random duration of this mean, in ms. */
  exponential(mean: number): number;
  /** Waits for as long as something takes. */
  take(what: keyof typeof LATENCY, share?: number): Promise<void>;
  /** Whether the fleet has warmed up, so that things count. */
  observed(): boolean;
  mints: number;
  calls: number;
  readonly waits: number[];
}

/** A world in which nothing has happened yet. */
export function createWorld(fleet: Fleet, time: VirtualTime): World {
  const random = randomFrom(fleet.seed);
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  return {
    ...time,
    fleet,
    random,
    exponential,
    take: (what, share = 1) =>
      time.sleep((LATENCY[what][0] + exponential(LATENCY[what][1])) * share),
    observed: () => time.now() >= fleet.lifetime,
    mints: 0,
    calls: 0,
    waits: [],
  };
}

/** A mint at KPN. */
export async function mint(world: World): Promise<AccessToken> {
  if (world.observed()) world.mints++;
  const requestedAt = world.now();
  await world.take("mint");
  return {
    value: `${requestedAt}-${world.random()}`,
    type: "Bearer",
    requestedAt,
    expiresAt: requestedAt + world.fleet.lifetime,
    apiProducts: [],
    scope: "",
  };
}

/** An operation of a store takes its time, and may fail. */
async function operate(world: World, store: "Redis" | "Cloudflare KV"): Promise<void> {
  await world.take(store);
  if (world.random() < world.fleet.failures) throw new Error("the store failed");
}

/** One Redis for all locations. */
export function redis(world: World): (location: number) => TokenStore {
  let written: AccessToken | undefined;
  let lock: { readonly until: number } | undefined;
  const operation = () => operate(world, "Redis");
  const store: TokenStore = {
    get: () => operation().then(() => written),
    set: (_, token) => operation().then(() => written = token),
    async exclusive(_, hold) {
      await operation();
      if (lock && world.now() < lock.until) return undefined;
      const mine = lock = { until: world.now() + hold };
      return async () => {
        await operation();
        if (lock === mine) lock = undefined;
      };
    },
  };
  return () => store;
}

/** Workers KV: each write is seen at once where it was made, and some time later everywhere else. */
export function cloudflareKv(world: World): (location: number) => TokenStore {
  let written: { token: AccessToken; location: number; seenAt: number }[] = [];
  const operation = () => operate(world, "Cloudflare KV");
  return (location) => ({
    async get() {
      await operation();
      const now = world.now();
      return written.findLast((one) => one.location === location || one.seenAt <= now)?.token;
    },
    async set(_, token) {
      await operation();
      const now = world.now();
      const seenAt = now + world.random() * PROPAGATION;
      written = [...written.filter((one) => one.token.expiresAt > now), {
        token,
        location,
        seenAt,
      }];
    },
  });
}
