/** A single flight: concurrent callers share one run. A waiter can leave it, and an orphaned run blocks nobody. */

import { within } from "./deadline.ts";
import { causeOf, isKpnAuthError, KpnAuthError } from "./errors.ts";

/** Runs some work once for all concurrent callers. */
export interface SingleFlight<T> {
  /** Whether a run is in progress, and not dead. */
  busy(): boolean;
  /** Starts the run that others join. The caller handles its rejection. */
  launch(work: () => Promise<T>): Promise<T>;
  /**
   * Waits for the run in progress, or for the one that `start` launches, whose error is rethrown
   * unchanged. A caller that waits again passes the time of its first wait (epoch ms) as `since`: the
   * timeout is total.
   */
  join(start: () => Promise<T>, since?: number): Promise<T>;
}

/** Options of {@linkcode createSingleFlight}. */
export interface FlightOptions<T> {
  /** The deadline that every run keeps itself, in ms. */
  readonly timeout: number;
  /** The clock: epoch ms. */
  readonly now: () => number;
  /** Receives a run's result, unless a newer run has replaced it. */
  readonly land: (value: T) => void;
}

/** How long after its own deadline a run counts as dead, in ms. */
const GRACE = 100;

/** How many runs a waiter waits for, if each of them dies. */
const ROUNDS = 3;

const LATE = Symbol();

const ANOTHER = "another call's token request";

/**
 * Makes a single flight.
 *
 * An edge runtime may end the request that started a run: the run's promise then never settles, or
 * rejects with the runtime's own error (workerd#210). So each waiter has its own timer, a run past its
 * deadline counts as dead, and if another call's run rejects with an error other than a
 * {@linkcode KpnAuthError}, that is not a result: the waiter forgets the run and joins or starts
 * another. A waiter waits for `timeout` in total, and for one more `timeout` if the run was orphaned.
 */
export function createSingleFlight<T>({ timeout, now, land }: FlightOptions<T>): SingleFlight<T> {
  const limit = timeout + GRACE;
  let flight: { readonly promise: Promise<T>; readonly startedAt: number } | undefined;

  /** How long is left, in ms; at most `limit`, even if the clock was set back. */
  const left = (since: number) => Math.max(0, Math.min(limit, since + limit - now()));
  const inAir = () => flight && left(flight.startedAt) > 0 ? flight : undefined;

  function launch(work: () => Promise<T>): Promise<T> {
    const startedAt = now();
    // Starts in a microtask, when `flight` is set: `work` may call back into this source.
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
        // Not the end of a request rejects a caller's own run, but a mistake in the program.
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

/** Why a run was rejected, in parentheses; nothing if it never settled. */
function said(error: unknown): string {
  return error === LATE || error === undefined ? "" : ` (${causeOf(error).message})`;
}

function tooLate(why: string): KpnAuthError {
  const remedy = "On an edge runtime, pass waitUntil.";
  return new KpnAuthError("timeout", `Cannot get a token: ${why}. ${remedy}`);
}
