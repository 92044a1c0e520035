/** Remembers the tokens that APIs rejected, and limits how often a source replaces them. */

import { KpnAuthError } from "./errors.ts";

/** The rejected tokens, and the limit on their replacements. */
export interface Rejections {
  /** Remembers the value of a rejected token. Returns whether it was new. */
  add(value: string): boolean;
  /** Whether a token with this value was rejected. */
  has(value: string): boolean;
  /** Whether the next replacement has to wait. */
  paused(): boolean;
  /** Throws while the next replacement has to wait. */
  check(): void;
  /** Counts a replacement that was obtained. */
  replaced(): void;
  /** Notes that a replacement failed. It is not counted: it says nothing about the API. */
  failed(): void;
}

/** A source may replace one rejected token in this time, in ms, and {@linkcode AT_ONCE} at first. */
const INTERVAL = 60_000;

/** How many replacements may follow one another at once. If an API rejects those too, the fault is the API's. */
const AT_ONCE = 2;

/** The pause after a replacement that failed, in ms. */
const AFTER_FAILURE = 10_000;

/** How long a value is remembered, in ms: no token lives longer. */
const DAY = 86_400_000;

/** How many values are remembered at most: a program can report any value. */
const MOST = 10_000;

/** Makes the memory of one token source, with the clock `now`. */
export function createRejections(now: () => number): Rejections {
  /** When each value was rejected: epoch ms, the oldest first. */
  const rejected = new Map<string, number>();
  /** When the last replacement was counted, and when the last interval that they use up ends: epoch ms. */
  let countedAt = -Infinity;
  let paidOffAt = -Infinity;

  let failedAt = -Infinity;

  /** How long the next replacement has to wait, in ms; no longer if the clock was set back. */
  const wait = () => {
    const time = now();
    const paid = time < countedAt ? 0 : paidOffAt - time - (AT_ONCE - 1) * INTERVAL;
    const rested = time < failedAt ? 0 : failedAt + AFTER_FAILURE - time;
    return Math.max(0, paid, rested);
  };

  return {
    add(value) {
      const time = now();
      const isNew = !rejected.delete(value);
      rejected.set(value, time);
      for (const [old, since] of rejected) {
        if (rejected.size <= MOST && Math.abs(time - since) <= DAY) break;
        rejected.delete(old);
      }
      return isNew;
    },

    has: (value) => rejected.has(value),

    paused: () => wait() > 0,

    check() {
      const retryAfter = wait();
      if (retryAfter > 0) throw tooMany(retryAfter);
    },

    replaced() {
      const time = now();
      paidOffAt = Math.max(time, time < countedAt ? time : paidOffAt) + INTERVAL;
      countedAt = time;
    },

    failed: () => void (failedAt = now()),
  };
}

function tooMany(retryAfter: number): KpnAuthError {
  return new KpnAuthError(
    "invalid_token",
    "Cannot replace the rejected token yet: new ones did not help, or could not be obtained. Check " +
      `that the project has this API, and the realm. The next token request follows in ${
        Math.ceil(retryAfter / 1_000)
      } s.`,
    { retryAfter },
  );
}
