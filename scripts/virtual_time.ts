/** What a simulation needs: events in the order of their times, timers that wait for nobody, and chance by a seed. */

import { setImmediate } from "node:timers";

/** Something that happens at its time. */
export interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Events in the order of their times, those of one time in the order in which they were added: a binary heap. */
export function createQueue(): {
  add(at: number, run: () => void): Event;
  next(): Event | undefined;
} {
  const heap: (Event & { readonly nth: number })[] = [];
  let added = 0;
  const swap = (a: number, b: number) => [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  const precedes = (a: number, b: number) => {
    const [one, other] = [heap[a]!, heap[b]!];
    return one.at < other.at || one.at === other.at && one.nth < other.nth;
  };
  return {
    add(at: number, run: () => void): Event {
      const event = { at, run, nth: added++ };
      heap.push(event);
      for (let n = heap.length - 1; n > 0;) {
        const parent = (n - 1) >> 1;
        if (precedes(parent, n)) break;
        swap(parent, n);
        n = parent;
      }
      return event;
    },
    next(): Event | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (heap.length) heap[0] = last!;
      for (let n = 0;;) {
        const child = 2 * n + 1;
        if (child >= heap.length) return first;
        const least = child + 1 < heap.length && precedes(child + 1, child) ? child + 1 : child;
        if (precedes(n, least)) return first;
        swap(n, least);
        n = least;
      }
    },
  };
}

/** The time in which a simulation runs. */
export interface VirtualTime {
  /** Epoch ms. */
  now(): number;
  /** Waits for `ms`. */
  sleep(ms: number): Promise<void>;
  /** How many timers are waiting. */
  timers(): number;
}

/** Timers of ours have ids from here on; others are left to the runtime. */
const FIRST_ID = 2 ** 40;

/**
 * Runs `work` in a time of its own: meanwhile `setTimeout` and `clearTimeout` are replaced, and
 * the next timer fires as soon as nothing else is left to do. So an hour passes in no time,
 * and alike on every machine. Work that waits although no timer does is an error: it would hang.
 *
 * `work` may use promises, streams in memory and `crypto.subtle`, but no sockets, files or processes.
 */
export async function inVirtualTime<T>(
  work: (time: VirtualTime) => Promise<T>,
  startsAt = 1_000_000_000_000,
): Promise<T> {
  const queue = createQueue();
  const open = new Map<number, Event>();
  const fire = new Map<Event, number>();
  let now = startsAt;
  let nextId = FIRST_ID;
  let done = false;

  function setTimer(run: (...given: unknown[]) => void, ms = 0, ...given: unknown[]): number {
    const id = nextId++;
    const event = queue.add(now + Math.max(0, Math.trunc(ms) || 0), () => run(...given));
    open.set(id, event);
    fire.set(event, id);
    return id;
  }

  function clearTimer(id?: number): void {
    if (id === undefined || id < FIRST_ID) return genuine.clearTimeout(id);
    fire.delete(open.get(id)!);
    open.delete(id);
  }

  function fireNext(): void {
    for (let event = queue.next(); event; event = queue.next()) {
      if (!fire.has(event)) continue; // cleared
      clearTimer(fire.get(event));
      now = event.at;
      return event.run();
    }
    throw new Error("Nothing is left to happen: something waits for ever");
  }

  const { setTimeout, clearTimeout } = globalThis;
  const genuine = { setTimeout, clearTimeout };
  const cryptography = watchCryptography();
  Object.assign(globalThis, { setTimeout: setTimer, clearTimeout: clearTimer });
  try {
    const outcome = work({
      now: () => now,
      sleep: (ms) => new Promise((resolve) => setTimer(() => resolve(), ms)),
      timers: () => open.size,
    }).finally(() => done = true);
    outcome.catch(() => {}); // read below
    for (;;) {
      do await immediately(); while (cryptography.busy());
      if (done) return await outcome;
      fireNext();
    }
  } finally {
    Object.assign(globalThis, genuine);
    cryptography.restore();
  }
}

/** Waits until nothing is left to do but what waits for timers, threads or the world. */
const immediately = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * `crypto.subtle` works on threads of its own: it alone keeps a simulation waiting in real time.
 * It answers in the order in which it was asked, one after the other has been dealt with, so that
 * every run is the same.
 */
function watchCryptography() {
  const { subtle } = crypto;
  let running = 0;
  let before: Promise<unknown> = Promise.resolve();
  const watched = new Proxy(subtle, {
    get: (_, name: keyof SubtleCrypto) => (...given: unknown[]) => {
      running++;
      const answer: Promise<unknown> = Reflect.apply(subtle[name] as () => never, subtle, given);
      answer.catch(() => {}); // read in its turn
      const inTurn = before.then(() => answer);
      before = inTurn.catch(() => {}).then(immediately);
      return inTurn.finally(() => running--);
    },
  });
  Object.defineProperty(crypto, "subtle", { value: watched, configurable: true });
  return {
    busy: () => running > 0,
    restore: () => void Reflect.deleteProperty(crypto, "subtle"),
  };
}

/** Mulberry32: 0 ≤ n < 1. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
