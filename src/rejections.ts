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
  /** Counts a replacement, or throws while the next one has to wait. */
  count(): void;
}

/** Every so many ms a source may replace a rejected token once, and {@linkcode AT_ONCE} times at first. */
const INTERVAL = 60_000;

/** After so many replacements an API that goes on rejecting is at fault, not the token. */
const AT_ONCE = 2;

/** A token lives no longer than a day: then its value need not be remembered. In ms. */
const DAY = 86_400_000;

/** Makes the memory of one token source, on the clock `now`. */
export function createRejections(now: () => number): Rejections {
  /** When each value was rejected: epoch ms, the oldest first. */
  const rejected = new Map<string, number>();
  /** When the last replacement was counted, and until when all of them are paid off: epoch ms. */
  let countedAt = -Infinity;
  let paidOffAt = -Infinity;

  /** How long the next replacement has to wait, in ms. A clock that was set back does not prolong it. */
  const wait = () =>
    now() < countedAt ? 0 : Math.max(0, paidOffAt - now() - (AT_ONCE - 1) * INTERVAL);

  return {
    add(value) {
      const time = now();
      for (const [old, since] of rejected) {
        if (Math.abs(time - since) > DAY) rejected.delete(old);
      }
      const isNew = !rejected.has(value);
      rejected.set(value, time);
      return isNew;
    },

    has: (value) => rejected.has(value),

    paused: () => wait() > 0,

    count() {
      const retryAfter = wait();
      if (retryAfter > 0) throw tooMany(retryAfter);
      const time = now();
      paidOffAt = Math.max(time, time < countedAt ? time : paidOffAt) + INTERVAL;
      countedAt = time;
    },
  };
}

function tooMany(retryAfter: number): KpnAuthError {
  return new KpnAuthError(
    "invalid_token",
    "Cannot replace the rejected token: two replacements did not help. Check that the project has " +
      `this API, and the realm. The next token request follows in ${
        Math.ceil(retryAfter / 1_000)
      } s.`,
    { retryAfter },
  );
}
