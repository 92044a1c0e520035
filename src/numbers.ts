/** Numbers among the options. */

import { MAX_TIMER } from "./deadline.ts";
import { quoted, refuse } from "./options.ts";

/**
 * Checks numbers, after defaults took the place of what is `undefined`: times in ms that a
 * timer takes, and `retries`, which is whole.
 *
 * @throws {TypeError} If one is no number: text from the environment, `null`, `NaN`.
 * @throws {RangeError} If one is out of range.
 */
export function checkNumbers(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    const label = `${name} ${quoted(value)}`;
    if (typeof value !== "number" || Number.isNaN(value)) refuse(label, "must be a number");
    const whole = name === "retries";
    if (value >= 0 && value <= MAX_TIMER && (!whole || Number.isInteger(value))) continue;
    const kind = whole ? "a whole number " : "";
    throw new RangeError(`Cannot use ${label}: it must be ${kind}from 0 to ${MAX_TIMER}`);
  }
}
