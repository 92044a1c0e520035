/**
 * Simulates a fleet of isolates, so that an architect can choose a store: prints mints an hour
 * and the latency that getting a token adds to the callers' requests, as a Markdown table.
 *
 *     deno task fleet
 *     deno task fleet --isolates=500 --calls=30 --life=10 --failures=0.01 --seed=2
 *
 * The rules are the source's own: ages with jitter, a refresh in the background, the store read
 * before a mint, the right to mint where a store can give it. The latencies are assumptions.
 */

import { parseArgs } from "node:util";
import { createQueue, randomFrom } from "./virtual_time.ts";
import { type AccessToken, type Ages, agesOf } from "../src/token.ts";

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
/** What is assumed of the world: `[at least, on average above that]`, in ms. */
const LATENCY = {
  mint: [100, 100],
  "Cloudflare KV": [5, 20],
  Redis: [1, 4],
  "Durable Object": [20, 40],
} as const;
/** Within so many ms a write to KV is seen in the other locations, of which there are so many. */
const PROPAGATION = 60_000;
const LOCATIONS = 300;
/** As in `src/shared.ts` with the default timeout. */
const PATIENCE = 5_000;
const LOOK_EVERY = 100;

type Token = AccessToken & { readonly location: number; readonly seenAt: number };
type Held = Ages & { readonly token: Token };
/** Something that takes time: yields for how long it waits. */
type Flow<T> = Generator<number, T, void>;

/** Runs the fleet. The same fleet, the same outcome. */
export function simulate(fleet: Fleet, store: typeof STORES[number]): Outcome {
  const random = randomFrom(fleet.seed);
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  const events = createQueue();
  const end = fleet.lifetime + fleet.duration;
  const gap = HOUR / fleet.calls;
  let now = 0;
  let mints = 0;
  let calls = 0;
  const waits: number[] = [];

  /** All that the store knows: what was written (KV: and not yet seen everywhere), who has the right. */
  let written: Token[] = [];
  let rightTaken = false;
  /** The Durable Object's own state. */
  let objectHolds: Held | undefined;
  let objectMints: { readonly token: Token; readonly until: number } | undefined;

  const observed = () => now >= fleet.lifetime;
  const took = (what: keyof typeof LATENCY) => LATENCY[what][0] + exponential(LATENCY[what][1]);
  const holding = (token: Token, jitter: number) => ({ token, ...agesOf(token, MARGINS, jitter) });

  function count(times: number, wait: () => number): void {
    if (!observed()) return;
    const whole = Math.floor(times + random());
    calls += whole;
    for (let n = 0; n < whole; n++) {
      const ms = wait();
      if (ms > 0) waits.push(ms);
      else break; // all the others wait as little
    }
  }

  function newToken(location: number): Token {
    if (observed()) mints++;
    const [requestedAt, expiresAt] = [now, now + fleet.lifetime];
    const value = `${requestedAt}-${random()}`;
    return { value, requestedAt, expiresAt, location, seenAt: Infinity } as Token;
  }

  function* mint(location: number): Flow<Token> {
    const token = newToken(location);
    yield took("mint");
    return token;
  }

  /** One operation of the store; says whether it failed. */
  function* operation(): Flow<boolean> {
    yield took(store as keyof typeof LATENCY);
    return random() < fleet.failures;
  }

  function* read(location: number, adopts: (token: Token) => boolean): Flow<Token | undefined> {
    if (yield* operation()) return undefined;
    const token = written.findLast((token) => token.location === location || token.seenAt <= now);
    return token && adopts(token) ? token : undefined;
  }

  function* mintAndShare(location: number): Flow<Token> {
    const token = yield* mint(location);
    if (!(yield* operation())) {
      const seenAt = store === "Redis" ? now : now + random() * PROPAGATION;
      written = [...written.filter(({ expiresAt }) => expiresAt > now), { ...token, seenAt }];
    }
    return token;
  }

  /** `sharedToken`'s way to a token. */
  function* shared(location: number, adopts: (token: Token) => boolean): Flow<Token> {
    const found = yield* read(location, adopts);
    if (found) return found;
    if (store !== "Redis") return yield* mintAndShare(location);
    for (const since = now; now - since < PATIENCE;) {
      if (yield* operation()) break;
      if (!rightTaken) {
        rightTaken = true;
        const token = (yield* read(location, adopts)) ?? (yield* mintAndShare(location));
        yield* operation();
        rightTaken = false;
        return token;
      }
      yield LOOK_EVERY * (0.5 + random());
      const found = yield* read(location, adopts);
      if (found) return found;
    }
    return (yield* read(location, adopts)) ?? (yield* mintAndShare(location));
  }

  /** The object answers at once unless its token is stale; one mint is under way at most. */
  function* object(location: number): Flow<Token> {
    yield took(store as keyof typeof LATENCY) / 2;
    if (objectMints && now >= objectMints.until) {
      objectHolds = holding(objectMints.token, random());
      objectMints = undefined;
    }
    if (!objectHolds || now >= objectHolds.ageingAt) {
      objectMints ??= { token: newToken(location), until: now + took("mint") };
    }
    let token = objectHolds?.token;
    if (!token || now >= objectHolds!.staleAt) {
      token = objectMints!.token;
      yield objectMints!.until - now;
    }
    yield took(store as keyof typeof LATENCY) / 2;
    return token;
  }

  function obtain(location: number, held: Held | undefined, renewing: boolean): Flow<Token> {
    if (store === "none") return mint(location);
    if (store === "Durable Object") return object(location);
    return shared(location, (token) => {
      const { ageingAt, staleAt } = agesOf(token, MARGINS, 0);
      return renewing ? token.value !== held?.token.value && now < ageingAt : now < staleAt;
    });
  }

  /** One isolate from its first call to its end; then a cold one in its stead. */
  function* isolate(location: number): Flow<void> {
    for (;;) {
      const death = now + exponential(fleet.life);
      let held: Held | undefined;
      for (let next = now + exponential(gap); next < death;) {
        yield next - now;
        const since = now;
        const renewing = held !== undefined && now < held.staleAt;
        const token: Token = yield* obtain(location, held, renewing && store !== "Durable Object");
        const wait = now - since;
        // The object's client has no background: every call waits for its answer.
        const waited = renewing && store !== "Durable Object" ? 0 : wait;
        count(1, () => waited);
        count(wait / gap, () => waited * random());
        held = holding(token, store === "Durable Object" ? 1 : random());
        const fresh = Math.max(now, held.ageingAt);
        count(Math.max(0, Math.min(death, fresh) - now) / gap, () => 0);
        next = fresh + exponential(gap);
      }
      yield Math.max(0, death - now);
    }
  }

  function resume(flow: Flow<void>): void {
    const { value, done } = flow.next();
    if (!done) events.add(now + value, () => resume(flow));
  }

  for (let n = 0; n < fleet.isolates; n++) resume(isolate(n % LOCATIONS));
  for (let event = events.next(); event && event.at < end; event = events.next()) {
    now = event.at;
    event.run();
  }
  waits.sort((a, b) => a - b);
  const p99 = waits[waits.length - Math.ceil(calls * 0.01)] ?? 0;
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / calls;
  return { mintsAnHour: mints / (fleet.duration / HOUR), mean, p99 };
}

if (import.meta.main) {
  const option = (value: string) => ({ type: "string", default: value }) as const;
  const { values } = parseArgs({
    options: {
      isolates: option("10,1000,100000"),
      calls: option("120"), // an hour and isolate
      life: option("30"), // minutes
      lifetime: option("3599"), // seconds
      failures: option("0.001"), // of all operations of the store
      hours: option("3"),
      seed: option("1"),
    },
  });
  console.log("| isolates | store | mints an hour | added latency, mean | p99 |");
  console.log("| ---: | --- | ---: | ---: | ---: |");
  for (const isolates of values.isolates.split(",").map(Number)) {
    for (const store of STORES) {
      const { mintsAnHour, mean, p99 } = simulate({
        isolates,
        calls: Number(values.calls),
        life: Number(values.life) * 60_000,
        lifetime: Number(values.lifetime) * 1_000,
        failures: Number(values.failures),
        duration: Number(values.hours) * HOUR,
        seed: Number(values.seed),
      }, store);
      const size = isolates.toLocaleString("en");
      const rate = mintsAnHour.toLocaleString("en", { maximumFractionDigits: 1 });
      console.log(
        `| ${size} | ${store} | ${rate} | ${mean.toFixed(1)} ms | ${Math.round(p99)} ms |`,
      );
    }
  }
}
