/** What APIs said of a source's tokens, and how often that may cost a mint. */

import { KpnAuthError } from "./errors.ts";

/** The tokens that APIs rejected, and the brake on their replacement. */
export interface Rejections {
  /** Remembers the value of a rejected token; whether it was new. */
  add(value: string): boolean;
  /** Whether a token of this value was rejected. */
  has(value: string): boolean;
  /** Whether the next replacement has to wait. */
  paused(): boolean;
  /** Throws while the next replacement has to wait. */
  check(): void;
  /** Counts a replacement that was obtained. */
  replaced(): void;
  /** Notes that one failed, which says nothing of the API. */
  failed(): void;
}

/** Every so many ms a source may replace a rejected token once, and {@linkcode AT_ONCE} times at first. */
const INTERVAL = 60_000;

/** After so many replacements an API that goes on rejecting is at fault, not the token. */
const AT_ONCE = 2;

/** After a replacement failed, the next one is tried no sooner, in ms. */
const AFTER_FAILURE = 10_000;

/** A token lives no longer than a day: then its value need not be remembered. In ms. */
const DAY = 86_400_000;

/** So many values are remembered at most: a program can name any value. */
const MOST = 10_000;

/** Makes the memory of one token source, on the clock `now`. */
export function createRejections(now: () => number): Rejections {
  /** When each value was rejected: epoch ms, the oldest first. */
  const rejected = new Map<string, number>();
  /** When the last replacement was counted, and until when all of them are paid off: epoch ms. */
  let countedAt = -Infinity;
  let paidOffAt = -Infinity;

  let failedAt = -Infinity;

  /** How long the next replacement has to wait, in ms. A clock that was set back does not prolong it. */
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
    "Cannot replace the rejected token yet: others did not help, or could not be obtained. Check " +
      `that the project has this API, and the realm. The next token request follows in ${
        Math.ceil(retryAfter / 1_000)
      } s.`,
    { retryAfter },
  );
}
