/** What goes on behind a caller, kept alive where a runtime would end it. */

/** Keeps an edge runtime from ending the work when the response is sent: `ctx.waitUntil`, or the `ctx` itself. */
export type WaitUntil =
  | ((promise: Promise<unknown>) => void)
  | { waitUntil(promise: Promise<unknown>): void };

/** Calls `waitUntil` as a method of whatever has it: on its own it is an "Illegal invocation". */
export async function keepAlive(
  holder: { readonly waitUntil?: WaitUntil | undefined } | undefined,
  work: Promise<unknown>,
): Promise<void> {
  try {
    if (typeof holder?.waitUntil === "function") await holder.waitUntil(work);
    else await holder?.waitUntil?.waitUntil(work);
  } catch {
    // Workers' own throws outside of a request. It is a help, not a condition.
  }
}

/** Waits for all that goes on behind a run, also for what begins meanwhile. */
export async function allOf(behind: readonly Promise<unknown>[]): Promise<void> {
  for (const work of behind) await work.catch(() => {});
}
