/** What the host gives, and frameworks and test environments replace: `fetch`, and the signals that it takes. */

import { onAbort } from "./deadline.ts";
import { KpnAuthError } from "./errors.ts";

/** The `fetch` that is given, or else the global one of this moment. */
export function fetchOf<T>(given: T | undefined): T {
  const fetch = given ?? globalThis.fetch as T | undefined;
  if (fetch) return fetch;
  throw new KpnAuthError(
    "network_error",
    "Cannot send the request: there is no global `fetch` here. Give one as the option fetch.",
    { retryable: false },
  );
}

/** Whether `fetch` takes the signals of a class as they are. */
const taken = new WeakMap<object, boolean>();

/** The signals that stand in for others. */
const standIns = new WeakMap<AbortSignal, AbortSignal>();

/**
 * The signal as `fetch` takes it. Newer Nodes refuse those of other classes, such as jsdom's, with
 * which test environments replace the global one. Then one of the host's own follows it.
 */
export function signalFor(signal: AbortSignal): AbortSignal {
  const { constructor } = signal;
  if (!taken.has(constructor)) taken.set(constructor, isTaken(signal));
  if (taken.get(constructor)) return signal;
  const standIn = standIns.get(signal) ?? follow(signal);
  standIns.set(signal, standIn);
  return standIn;
}

/** It is of the host's own class, or the host has none that a `Request` takes: happy-dom has its own `fetch`. */
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

/** A stream of the host's has a signal of the host's, whatever the global classes are. */
function abortable(): { stream: WritableStream; own: AbortSignal | undefined } {
  let own: AbortSignal | undefined;
  const stream = new WritableStream({ start: (controller) => void (own = controller.signal) });
  return { stream, own };
}
