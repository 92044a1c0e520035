import { KpnAuthError } from "../mod.ts";
import { createRejections, type Rejections } from "../src/rejections.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "./support/assert.ts";

const DAY = 86_400_000;

/** A replacement that is obtained. */
function replace(rejections: Rejections): void {
  rejections.check();
  rejections.replaced();
}

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
    replace(rejections);
    time += 1_000;
    replace(rejections);
    assertEquals(rejections.paused(), true);
    const error = assertThrows(() => replace(rejections), KpnAuthError);
    assertEquals([error.code, error.retryAfter, error.retryable], ["invalid_token", 59_000, false]);
    assertStringIncludes(error.message, "The next token request follows in 59 s.");
    for (let minute = 0; minute < 5; minute++) {
      time += minute ? 59_999 : 58_999;
      assertEquals([rejections.paused(), minute], [true, minute]);
      time += 1;
      assertEquals(rejections.paused(), false);
      replace(rejections);
    }
  }
});

Deno.test("B56: after a failed replacement the next one is tried after 10 s, and counts only if it succeeds", () => {
  let time = 1_000_000;
  const rejections = createRejections(() => time);
  for (let outage = 0; outage < 5; outage++) {
    rejections.check();
    rejections.failed();
    assertEquals(assertThrows(() => rejections.check(), KpnAuthError).retryAfter, 10_000);
    time += 9_999;
    const { code, retryAfter } = assertThrows(() => rejections.check(), KpnAuthError);
    assertEquals([code, retryAfter, rejections.paused()], ["invalid_token", 1, true]);
    time += 1;
  }
  replace(rejections);
  replace(rejections);
  assertEquals(rejections.paused(), true);
  time -= 3_600_000;
  rejections.failed();
  time -= 1;
  assertEquals(rejections.paused(), false, "a clock that was set back");
});

Deno.test("a program that names any number of values costs bounded memory, and linear time", () => {
  const rejections = createRejections(() => 0);
  for (let n = 0; n < 100_000; n++) rejections.add(`value ${n}`);
  assertEquals([rejections.has("value 99999"), rejections.has("value 90000")], [true, true]);
  assertEquals(rejections.has("value 89999"), false);
});

Deno.test("B66: a clock that is set back does not prolong the pause", () => {
  let time = 1_000_000;
  const rejections = createRejections(() => time);
  replace(rejections);
  replace(rejections);
  time -= 3_600_000;
  assertEquals(rejections.paused(), false);
  replace(rejections);
  replace(rejections);
  const { retryAfter } = assertThrows(() => replace(rejections), KpnAuthError);
  assertEquals(retryAfter, 60_000);
});

Deno.test("B56: what a caller is told of a long pause is its length in whole seconds", () => {
  const rejections = createRejections(() => 0);
  for (let n = 0; n < 20; n++) rejections.replaced();
  const { message } = assertThrows(() => rejections.check(), KpnAuthError);
  assertEquals(
    message,
    "Cannot replace the rejected token yet: new ones did not help, or could not be obtained. Check " +
      "that the project has this API, and the realm. The next token request follows in 1140 s.",
  );
});
