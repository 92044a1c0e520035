/** Deadlines that hold even if the work ignores its signal. */

/** The longest time that a timer takes, in ms. */
export const MAX_TIMER = 2 ** 31 - 1;

/**
 * Waits for `work`, for at most `ms` and until the caller's `signal` aborts: then rejects
 * with what `late` gives (without it, resolves to `undefined`), or with the signal's
 * reason. The signal that `work` is given aborts when nobody waits for it any more.
 * Leaves no timer and no listener behind.
 */
export function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late?: () => unknown,
): Promise<T> {
  // Work that takes no signal gets none: a controller is dear where 100,000 wait.
  const over = work.length ? new AbortController() : undefined;
  let timer: ReturnType<typeof setTimeout>;
  let leave: () => void;
  return new Promise<T>((resolve, reject) => {
    leave = () => reject(signal!.reason);
    timer = setTimeout(() => late ? reject(late()) : resolve(undefined as T), ms);
    if (signal?.aborted) return leave();
    signal?.addEventListener("abort", leave);
    work(over?.signal as AbortSignal).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
    over?.abort();
  });
}

/** What {@linkcode within} waits for where nothing is to be done but to wait. */
export const nothing = (): Promise<never> => new Promise(() => {});
