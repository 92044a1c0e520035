/** Deadlines that hold even if the work ignores its signal. */

/** The longest time that a timer takes, in ms. */
export const MAX_TIMER = 2 ** 31 - 1;

/**
 * Waits for `work`, for at most `ms` and until the caller's `signal` aborts: then
 * rejects with what `late` gives, or with the signal's reason. The signal that `work`
 * is given aborts when nobody waits for it any more. Leaves no timer and no listener behind.
 */
export function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late?: () => unknown,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal?.throwIfAborted();
    // Work that takes no signal gets none: a controller is dear where 100,000 wait.
    const over = work.length ? new AbortController() : undefined;
    const end = <V>(settle: (value: V) => void) => (value: V) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      over?.abort();
      settle(value);
    };
    const fail = end(reject);
    const leave = () => fail(signal!.reason);
    const timer = setTimeout(() => fail(late?.()), ms);
    signal?.addEventListener("abort", leave);
    work(over?.signal as AbortSignal).then(end(resolve), fail);
  });
}
