/** Deadlines that hold even if the work ignores its signal. */

import { refuse } from "./options.ts";

/** The longest time that `setTimeout` accepts, in ms. */
export const MAX_TIMER = 2 ** 31 - 1;

/**
 * Waits for `work` for at most `ms` (`Infinity`: no limit), or until the caller's `signal` aborts.
 * When time is up, it rejects with what `late` returns (without `late` it resolves to `undefined`);
 * after an abort it rejects with the signal's reason. The signal passed to `work` aborts as soon as
 * nobody waits.
 * Leaves no timer and no listener behind.
 */
export function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late?: () => unknown,
): Promise<T> {
  // Work that takes no signal gets none: a controller is expensive with 100,000 waiters.
  const over = work.length ? createController() : undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stay: (() => void) | undefined;
  return new Promise<T>((resolve, reject) => {
    // Without a limit, a timer would cost time and keep the process alive.
    if (ms < Infinity) {
      timer = setTimeout(() => late ? reject(late()) : resolve(undefined as T), ms);
    }
    if (signal?.aborted) return reject(signal.reason);
    stay = signal && onAbort(signal, () => reject(signal.reason));
    work(over?.signal as AbortSignal).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    stay?.();
    over?.abort();
  });
}

/**
 * A controller. Fastly Compute has none: a stand-in's signal then ends our own waits. Its `fetch`
 * takes no signal, so the request continues with nobody waiting for it.
 */
export function createController(): Pick<AbortController, "signal" | "abort"> {
  if (globalThis.AbortController) return new AbortController();
  const signal = Object.assign(new EventTarget(), {
    aborted: false,
    reason: new Error("nobody waits any more"),
    throwIfAborted() {
      if (signal.aborted) throw signal.reason;
    },
  });
  return {
    signal: signal as unknown as AbortSignal,
    abort() {
      signal.aborted = true;
      signal.dispatchEvent(new Event("abort"));
    },
  };
}

/** The functions to call when a signal aborts. */
const leavers = new WeakMap<EventTarget, Set<() => void>>();

/**
 * Calls `leave` when `signal` aborts, unless the returned function was called before. Any number of
 * waiters share one listener, removed with the last: Node 20 warns of a leak at eleven listeners.
 */
export function onAbort(signal: AbortSignal, leave: () => void): () => void {
  if (!signal.addEventListener) refuse("signal", "is not an AbortSignal: pass controller.signal");
  const all = leavers.get(signal) ?? new Set();
  leavers.set(signal, all.add(leave));
  signal.addEventListener("abort", callAll); // a no-op if it was added before
  return () => {
    all.delete(leave);
    if (!all.size) signal.removeEventListener("abort", callAll);
  };
}

function callAll({ target }: Event): void {
  leavers.get(target!)!.forEach((leave) => leave());
}

/** Work that never ends, for a {@linkcode within} that only waits. */
export const nothing = (): Promise<never> => new Promise(() => {});

/** Extra time after a deadline, in ms, which distinguishes slow work from a stalled process. */
const STALL = 50;

/**
 * Resolves to what `work` gives within `ms`, else rejects with what `late` returns. A stalled process
 * gets {@linkcode STALL} ms more, to read an answer that arrived in time.
 */
export function inTime<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  late: () => unknown,
): Promise<T> {
  const answer = Promise.resolve().then(work); // a store may throw instead of returning a promise
  return within(ms, signal, () => answer, () => {}).catch(() =>
    within(STALL, signal, () => answer, late)
  );
}
