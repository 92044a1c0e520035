/** The host's `fetch`, and the signals that it accepts: frameworks and test environments replace both. */

import { onAbort } from "./deadline.ts";
import { KpnAuthError } from "./errors.ts";

/** The given `fetch`, or else the current global one. */
export function fetchOf<T>(given: T | undefined): T {
  const fetch = given ?? globalThis.fetch as T | undefined;
  if (fetch) return fetch;
  throw new KpnAuthError(
    "network_error",
    "Cannot send the request: there is no global `fetch` here. Pass one as the option fetch.",
    { retryable: false },
  );
}

/** Whether `fetch` accepts the signals of a class. */
const taken = new WeakMap<object, boolean>();

/** The signals that stand in for others. */
const standIns = new WeakMap<AbortSignal, AbortSignal>();

/**
 * A signal that `fetch` accepts. Newer versions of Node refuse other classes than their own, such as
 * jsdom's, which test environments make global: then a signal of the host's own follows `signal`.
 */
export function signalFor(signal: AbortSignal): AbortSignal {
  const { constructor } = signal;
  if (!taken.has(constructor)) taken.set(constructor, isTaken(signal));
  if (taken.get(constructor)) return signal;
  const standIn = standIns.get(signal) ?? follow(signal);
  standIns.set(signal, standIn);
  return standIn;
}

/** Whether a signal has the host's own class, or a `Request` refuses even that: happy-dom has its own `fetch`. */
function isTaken(signal: AbortSignal): boolean {
  try {
    const { own } = abortable();
    return signal instanceof own!.constructor ||
      !new Request("https://localhost", { signal: own! });
  } catch {
    return true;
  }
}

function follow(signal: AbortSignal): AbortSignal {
  const { own, stream } = abortable();
  const abort = () => void stream.abort(signal.reason).catch(() => {});
  if (signal.aborted) abort();
  else onAbort(signal, abort);
  return own!;
}

/** The signal of a host's stream is of the host's own class, even if the global class was replaced. */
function abortable(): { stream: WritableStream; own: AbortSignal | undefined } {
  let own: AbortSignal | undefined;
  const stream = new WritableStream({ start: (controller) => void (own = controller.signal) });
  return { stream, own };
}
