/** Random credentials for property tests. */

import fc from "fast-check";
import { SEED } from "./amount.ts";

fc.configureGlobal({ seed: SEED });

/** Any string of printable characters that can be a client id or secret (B25). */
export const printable: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: "binary" }),
).filter((text) => text !== "" && text.trim() === text && !/[\p{Cc}\p{Cs}]/u.test(text));

/** The characters that no encoder touches. */
export const unreserved: fc.Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9*._-]+$/);
