/** Random credentials for property tests. */

import fc from "fast-check";
import { SEED } from "./amount.ts";

fc.configureGlobal({ seed: SEED });

const ascii = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
});

/** Any string of printable ASCII that can be a client id or secret. */
export const printableAscii: fc.Arbitrary<string> = ascii
  .filter((text) => text !== "" && text.trim() === text);

/**
 * Any characters, lone surrogates apart. `{ unit: "binary" }` means the same, and takes fast-check two
 * seconds in each file that says it.
 */
export const anyText: (options?: fc.StringConstraints) => fc.Arbitrary<string> = (options) =>
  fc.string({
    ...options,
    unit: fc.oneof(
      fc.integer({ min: 0, max: 0xff }),
      fc.integer({ min: 0, max: 0xd7ff }),
      fc.integer({ min: 0xe000, max: 0x10ffff }),
    ).map((code) => String.fromCodePoint(code)),
  });

/** Any string of printable characters that can be a client id or secret (B25). */
export const printable: fc.Arbitrary<string> = fc.oneof(ascii, anyText())
  .filter((text) => text !== "" && text.trim() === text && !/[\p{Cc}\p{Cs}]/u.test(text));

/** Texts of the characters that no encoder touches. */
export const unreserved: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*._-"),
  minLength: 1,
});
