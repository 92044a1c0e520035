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
  const over = new AbortController();
  let timer: ReturnType<typeof setTimeout>;
  return new Promise<T>((resolve, reject) => {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => reject(signal.reason), over);
    timer = setTimeout(() => reject(late?.()), ms);
    work(over.signal).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    over.abort();
  });
}
