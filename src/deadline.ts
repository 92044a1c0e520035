/** Deadlines that hold even if the work ignores its signal. */

/**
 * Waits for `promise`, for at most `ms` and until the caller's `signal` aborts: then
 * does what `late` does (returns or throws), or rejects with the signal's reason.
 * Leaves no timer and no listener behind.
 */
export function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  promise: Promise<T>,
  late: () => T,
): Promise<T> {
  let leave: () => void;
  let timer: ReturnType<typeof setTimeout>;
  return Promise.race([
    promise,
    new Promise<T>((resolve, reject) => {
      leave = () => reject(signal!.reason);
      timer = setTimeout(() => resolve(Promise.resolve().then(late)), ms);
      signal?.addEventListener("abort", leave);
      if (signal?.aborted) leave();
    }),
  ]).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  });
}

/** Does `work` {@linkcode within} a deadline; the signal that it is given aborts when nobody waits for it any more. */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => T,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  try {
    return await within(ms, signal, work(controller.signal), late);
  } finally {
    controller.abort();
  }
}

/** Waits for `ms`; rejects with the signal's reason as soon as it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return within(ms, signal, new Promise(() => {}), () => {});
}
