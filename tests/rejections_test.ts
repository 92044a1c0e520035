import { KpnAuthError } from "../mod.ts";
import { createRejections } from "../src/rejections.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "./support/assert.ts";

const DAY = 86_400_000;

Deno.test("B61: every rejected value is remembered, and for a day", () => {
  let time = 0;
  const rejections = createRejections(() => time);
  const values = Array.from({ length: 100 }, (_, n) => `token-${n}`);
  for (const value of values) assertEquals(rejections.add(value), true);
  assertEquals(rejections.add("token-7"), false, "it is known already");
  time += DAY;
  rejections.add("later");
  assertEquals(values.every((value) => rejections.has(value)), true);
  time += 1;
  rejections.add("later still");
  assertEquals(values.some((value) => rejections.has(value)), false, "no token lives so long");
  assertEquals(rejections.has("later"), true);
});

Deno.test("B56: two replacements at once, then one per 60 s, however long nothing happened before", () => {
  let time = 1_000_000;
  const rejections = createRejections(() => time);
  for (const idle of [0, 10 * DAY]) {
    time += idle;
    rejections.count();
    time += 1_000;
    rejections.count();
    assertEquals(rejections.paused(), true);
    const error = assertThrows(() => rejections.count(), KpnAuthError);
    assertEquals([error.code, error.retryAfter, error.retryable], ["invalid_token", 59_000, false]);
    assertStringIncludes(error.message, "The next token request follows in 59 s.");
    for (let minute = 0; minute < 5; minute++) {
      time += minute ? 59_999 : 58_999;
      assertEquals([rejections.paused(), minute], [true, minute]);
      time += 1;
      assertEquals(rejections.paused(), false);
      rejections.count();
    }
  }
});

Deno.test("B66: a clock that is set back does not prolong the pause", () => {
  let time = 1_000_000;
  const rejections = createRejections(() => time);
  rejections.count();
  rejections.count();
  time -= 3_600_000;
  assertEquals(rejections.paused(), false);
  rejections.count();
  rejections.count();
  const { retryAfter } = assertThrows(() => rejections.count(), KpnAuthError);
  assertEquals(retryAfter, 60_000);
});
