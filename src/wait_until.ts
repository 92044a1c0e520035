/** What goes on behind a caller, kept alive where a runtime would end it. */

import { causeOf } from "./errors.ts";

/** Keeps an edge runtime from ending the work when the response is sent: `ctx.waitUntil`, or the `ctx` itself. */
export type WaitUntil =
  | ((promise: Promise<unknown>) => void)
  | { waitUntil(promise: Promise<unknown>): void };

/**
 * Calls `waitUntil` as a method of whatever has it.
 *
 * @throws {TypeError} If that is a mistake: Workers' own, on its own, is an "Illegal invocation".
 */
export function keepAlive(
  holder: { readonly waitUntil?: WaitUntil | undefined } | undefined,
  work: Promise<unknown>,
): void {
  try {
    const kept: unknown = typeof holder?.waitUntil === "function"
      ? holder.waitUntil(work)
      : holder?.waitUntil?.waitUntil(work);
    Promise.resolve(kept).catch(() => {});
  } catch (error) {
    // Workers' own throws an Error outside of a request. It is a help, not a condition.
    const { name, message } = causeOf(error);
    if (name !== "TypeError") return;
    const remedy = "Pass the ctx that has it: { waitUntil: ctx }";
    throw new TypeError(`Cannot use waitUntil: ${message.split(". ")[0]}. ${remedy}`);
  }
}

/** Waits for all that goes on behind a run, also for what begins meanwhile. */
export async function allOf(behind: readonly Promise<unknown>[]): Promise<void> {
  for (const work of behind) await work.catch(() => {});
}
