/** A single flight that a waiter can leave, and that no orphan can hold. */

import { within } from "./deadline.ts";
import { KpnAuthError } from "./errors.ts";

/** One run of the same work for all who ask for it meanwhile. */
export interface SingleFlight<T> {
  /** Whether a run is in the air, and not dead. */
  busy(): boolean;
  /** Starts a run and makes it the one that others join; who starts it sees to its rejection. */
  launch(work: () => Promise<T>): Promise<T>;
  /** Waits for the run in the air, or for one of its own. */
  join(launch: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
}

/** Beyond its own deadline, how long a run may take before it counts as dead, in ms. */
const GRACE = 100;

/** How often a waiter goes round when the run it waited for died. */
const ROUNDS = 3;

/**
 * An edge runtime may end the request that started a run: its promise then never
 * settles, or rejects in the runtime's words (workerd#210). So each waiter has a
 * timer of its own, a run that outlived `deadline` is dead, and whatever rejects
 * without being a {@linkcode KpnAuthError} is no outcome: the waiter clears the
 * slot and goes round.
 */
export function createSingleFlight<T>(deadline: number, now: () => number): SingleFlight<T> {
  const limit = deadline + GRACE;
  let flight: { readonly promise: Promise<T>; readonly startedAt: number } | undefined;

  /** At most `limit`, also if the clock was set back meanwhile. */
  const remaining = () => flight ? Math.min(limit, flight.startedAt + limit - now()) : 0;

  function launch(work: () => Promise<T>): Promise<T> {
    // Started in a microtask: by then the slot is taken, whoever `work` calls back.
    const promise = Promise.resolve().then(work).finally(() => clear(promise));
    flight = { promise, startedAt: now() };
    return promise;
  }

  function clear(promise: Promise<T>): void {
    if (flight?.promise === promise) flight = undefined;
  }

  return {
    busy: () => remaining() > 0,
    launch,
    async join(start, signal) {
      for (let round = 1;; round++) {
        const promise = remaining() > 0 ? flight!.promise : start();
        try {
          return await within(remaining(), signal, () => promise, () => {});
        } catch (error) {
          if (signal?.aborted) throw signal.reason;
          if (error instanceof KpnAuthError) throw error;
          clear(promise);
          if (round < ROUNDS) continue;
          throw new KpnAuthError(
            "timeout",
            "Cannot get a token: the runtime ended the request for it. Pass waitUntil.",
          );
        }
      }
    },
  };
}
