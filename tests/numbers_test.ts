import { checkNumbers } from "../src/numbers.ts";
import { assertEquals, assertThrows } from "./support/assert.ts";

const refusal = (value: unknown, name = "timeout") => {
  const numbers = { fine: 1, [name]: value } as Record<string, number>;
  const { constructor, message } = assertThrows(() => checkNumbers(numbers), Error);
  return `${constructor.name}: ${message}`;
};

Deno.test("B70: what a timer takes is accepted, fractions included", () => {
  checkNumbers({ timeout: 0, attemptTimeout: 0.5, ageing: 2 ** 31 - 1, stale: -0, retries: 3 });
});

Deno.test("B70: what is no number is a TypeError that quotes it", () => {
  const values: [unknown, string][] = [
    [NaN, "NaN"],
    ["10000", '"10000"'],
    ["", '""'],
    [null, "null"],
    [undefined, "undefined"],
    [10_000n, "10000"],
    [true, "true"],
    [new Date(5), "(object)"],
    [Object.create(null), "(object)"],
    [[5], "(object)"],
    [Symbol("5"), "Symbol(5)"],
  ];
  for (const [value, quoted] of values) {
    assertEquals(refusal(value), `TypeError: Cannot use timeout ${quoted}: it must be a number`);
  }
});

Deno.test("B70: what is out of range is a RangeError that quotes the value and the range", () => {
  for (const value of [-1, -Number.MIN_VALUE, 2 ** 31, Infinity, -Infinity]) {
    assertEquals(
      refusal(value),
      `RangeError: Cannot use timeout ${value}: it must be from 0 to 2147483647`,
    );
  }
  for (const value of [1.5, -1, Infinity]) {
    assertEquals(
      refusal(value, "retries"),
      `RangeError: Cannot use retries ${value}: it must be a whole number from 0 to 2147483647`,
    );
  }
});
