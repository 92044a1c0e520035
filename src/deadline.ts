/** Deadlines that hold even if the work ignores its signal. */

/** The longest time that a timer takes, in ms. */
export const MAX_TIMER = 2 ** 31 - 1;

/**
 * Waits for `work`, for at most `ms` (`Infinity`: no limit) and until the caller's `signal`
 * aborts: then rejects with what `late` gives (without it, resolves to `undefined`), or with the
 * signal's reason. The signal that `work` is given aborts when nobody waits for it any more.
 * Leaves no timer and no listener behind.
 */
export function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late?: () => unknown,
): Promise<T> {
  // Work that takes no signal gets none: a controller is dear where 100,000 wait.
  const over = work.length ? createController() : undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stay: (() => void) | undefined;
  return new Promise<T>((resolve, reject) => {
    // Where there is no limit a timer would only cost, and keep the process from ending.
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
 * A controller; on Fastly Compute, which has none, a stand-in whose signal ends our own waits. A
 * `fetch` there takes no signal: it goes on, and nobody waits for it.
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

/** Who is to be called when a signal aborts. */
const leavers = new WeakMap<EventTarget, Set<() => void>>();

/**
 * Calls `leave` when `signal` aborts; the function that is returned takes that back. However many
 * wait, a signal has one listener, and none when nobody waits: Node 20 warns of a leak at eleven.
 */
export function onAbort(signal: AbortSignal, leave: () => void): () => void {
  const all = leavers.get(signal) ?? new Set();
  leavers.set(signal, all.add(leave));
  signal.addEventListener("abort", callAll); // once: it is the same function each time
  return () => {
    all.delete(leave);
    if (!all.size) signal.removeEventListener("abort", callAll);
  };
}

function callAll({ target }: Event): void {
  leavers.get(target!)!.forEach((leave) => leave());
}

/** What {@linkcode within} waits for where nothing is to be done but to wait. */
export const nothing = (): Promise<never> => new Promise(() => {});

/** What is added to a deadline, in ms, to tell slow work from a slow process. */
const STALL = 50;

/**
 * What `work` gives in time, else it rejects with what `late` gives. A process that was stalled
 * reads an answer that has long come before it gives up.
 */
export function inTime<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  late: () => unknown,
): Promise<T> {
  const answer = Promise.resolve().then(work); // a store may also throw before it has given a promise
  return within(ms, signal, () => answer, () => {}).catch(() =>
    within(STALL, signal, () => answer, late)
  );
}
