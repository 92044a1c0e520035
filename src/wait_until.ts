/** Keeps background work alive in runtimes that would end it with the request. */

import { causeOf } from "./errors.ts";

/** Keeps an edge runtime alive until a promise settles: a function, or the `ctx` that has the method `waitUntil`. */
export type WaitUntil =
  | ((promise: Promise<unknown>) => void)
  | { waitUntil(promise: Promise<unknown>): void };

/**
 * Calls `holder.waitUntil`, or the method of that name of the `ctx` given as `waitUntil`.
 *
 * @throws {TypeError} If it cannot be called: Workers' own, without its `ctx`, is an "Illegal invocation".
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
    // Workers' own throws an Error outside a request. The work then runs without it.
    const { name, message } = causeOf(error);
    if (name !== "TypeError") return;
    const remedy = "Pass the ctx that has it: { waitUntil: ctx }";
    throw new TypeError(`Cannot use waitUntil: ${message.split(". ")[0]}. ${remedy}`);
  }
}

/** Waits for all background work of a run, including work that starts meanwhile. */
export async function allOf(behind: readonly Promise<unknown>[]): Promise<void> {
  for (const work of behind) await work.catch(() => {});
}
