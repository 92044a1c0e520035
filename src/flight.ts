/** A single flight that a waiter can leave, and that no orphan can hold. */

import { within } from "./deadline.ts";
import { causeOf, isKpnAuthError, KpnAuthError } from "./errors.ts";

/** One run of the same work for all who ask for it meanwhile. */
export interface SingleFlight<T> {
  /** Whether a run is in the air, and not dead. */
  busy(): boolean;
  /** Starts a run and makes it the one that others join; who starts it sees to its rejection. */
  launch(work: () => Promise<T>): Promise<T>;
  /**
   * Waits for the run in the air, or for the one that `start` launches, whose error is rethrown
   * as it is. Who waits again names the time (epoch ms) since when it has been waiting: the
   * timeout is total.
   */
  join(start: () => Promise<T>, since?: number): Promise<T>;
}

/** What a flight needs to know. */
export interface FlightOptions<T> {
  /** The deadline that every run keeps by itself, in ms. */
  readonly timeout: number;
  /** The clock: epoch ms. */
  readonly now: () => number;
  /** Takes what a run gives, unless a newer run has taken its place. */
  readonly land: (value: T) => void;
}

/** Beyond its own deadline, how long a run may take before it counts as dead, in ms. */
const GRACE = 100;

/** How often a waiter goes round when the run that it waited for died. */
const ROUNDS = 3;

const LATE = Symbol();

const ANOTHER = "another call's token request";

/**
 * An edge runtime may end the request that started a run: its promise then never
 * settles, or rejects in the runtime's words (workerd#210). So each waiter has a timer of
 * its own, a run that outlived its deadline is dead, and what rejects another call's run without
 * being a {@linkcode KpnAuthError} is no outcome: the waiter clears the slot and goes round. A
 * waiter waits for `timeout` in all; a run that was orphaned costs it one more.
 */
export function createSingleFlight<T>({ timeout, now, land }: FlightOptions<T>): SingleFlight<T> {
  const limit = timeout + GRACE;
  let flight: { readonly promise: Promise<T>; readonly startedAt: number } | undefined;

  /** At most `limit`, also if the clock was set back meanwhile. */
  const left = (since: number) => Math.max(0, Math.min(limit, since + limit - now()));
  const inAir = () => flight && left(flight.startedAt) > 0 ? flight : undefined;

  function launch(work: () => Promise<T>): Promise<T> {
    const startedAt = now();
    // Started in a microtask: by then the slot is taken, whoever `work` calls back.
    const promise = Promise.resolve().then(work).then((value) => {
      if (flight?.promise === promise) land(value);
      return value;
    }).finally(() => clear(promise));
    flight = { promise, startedAt };
    return promise;
  }

  function clear(promise: Promise<T>): void {
    if (flight?.promise === promise) flight = undefined;
  }

  async function join(start: () => Promise<T>, since = now()): Promise<T> {
    for (let round = 1;; round++) {
      const others = inAir();
      const { promise, startedAt } = others ?? { promise: start(), startedAt: now() };
      const [mine, its] = [left(since), left(startedAt)];
      try {
        return await within(Math.min(mine, its), undefined, () => promise, () => LATE);
      } catch (error) {
        // Its own run is not rejected by the end of its request, but by a mistake of the program's.
        if (isKpnAuthError(error) || !others && error !== LATE) throw error;
        if (error === LATE && mine < its) {
          throw tooLate(`timeout (${timeout} ms) ran out while waiting for ${ANOTHER}`);
        }
        clear(promise);
        if (round === ROUNDS) throw tooLate(`${ANOTHER} came to nothing${said(error)}`);
        if (error === LATE) since = now();
      }
    }
  }

  return { busy: () => !!inAir(), launch, join };
}

/** Why it was rejected, in parentheses; a run that just died says nothing. */
function said(error: unknown): string {
  return error === LATE || error === undefined ? "" : ` (${causeOf(error).message})`;
}

function tooLate(why: string): KpnAuthError {
  const remedy = "On an edge runtime, pass waitUntil.";
  return new KpnAuthError("timeout", `Cannot get a token: ${why}. ${remedy}`);
}
