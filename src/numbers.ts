/** Checks the options that are numbers. */

import { MAX_TIMER } from "./deadline.ts";
import { quoted, refuse } from "./options.ts";

/**
 * Checks numbers, after the defaults were applied: times in ms that a timer accepts, and
 * `retries`, which is a whole number.
 *
 * @throws {TypeError} If one is not a number: text from the environment, `null`, `NaN`.
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
