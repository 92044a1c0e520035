/** B66, B67: what comes from a store is checked, copied and frozen. */

import { agesOf, isFromFuture, readStoredToken } from "../src/token.ts";
import { toAccessToken } from "../src/response.ts";
import { assert, assertEquals, assertThrows } from "./support/assert.ts";
import { KPN_ANSWER } from "./support/cases.ts";

const DAY = 86_400_000;
const STORED = { value: "stored", requestedAt: 1000, expiresAt: 3_600_000 };

Deno.test("B67: a stored token is copied field by field, filled up and frozen, its list too", () => {
  const stored = {
    ...STORED,
    apiProducts: ["a"],
    scope: "a b",
    type: "bearer",
    junk: 1,
    issuedAt: 5,
  };
  const token = readStoredToken(stored)!;
  assertEquals<unknown>(token, {
    ...STORED,
    type: "bearer",
    scope: "a b",
    apiProducts: ["a"],
    issuedAt: 5,
  });
  assert(Object.isFrozen(token) && Object.isFrozen(token.apiProducts));
  assert(!Object.isFrozen(stored));
  stored.apiProducts.push("b");
  stored.value = "changed";
  assertEquals([token.value, token.apiProducts], ["stored", ["a"]]);
  assertThrows(() => Object.assign(token, { value: "changed" }), TypeError);
  assertEquals(readStoredToken(STORED)!.apiProducts, []);
  for (const expiresAt of [1_001, 1_000.5, 1_000 + DAY + 1]) {
    assertEquals(readStoredToken({ ...STORED, expiresAt })?.expiresAt, expiresAt);
  }
});

Deno.test("B67: a field that is not of its type is left out", () => {
  const odd = { level: {}, status: 1, issuedAt: "5", scope: 7, type: null };
  assertEquals<unknown>(
    readStoredToken({ ...STORED, ...odd, apiProducts: ["a", 1, null, ["b"], {}] }),
    { ...STORED, type: "Bearer", scope: "", apiProducts: ["a"] },
  );
});

Deno.test("B67: what a token is made into survives JSON and is read as itself", () => {
  const token = toAccessToken({ ...KPN_ANSWER, access_token: "t" }, 1_800_000_000_000.5);
  assertEquals(readStoredToken(JSON.parse(JSON.stringify(token))), token);
  assertEquals(Object.keys(token)[0], "value");
});

Deno.test("B67: what is no token, or lives for more than a day or for nothing, is refused", () => {
  const none = [undefined, null, "text", 1, [], {}, JSON.stringify(STORED), () => {}];
  const odd = [
    { value: "" },
    { value: "a b" },
    { value: "a\r\nb" },
    { value: "é" },
    { value: 5 },
    { requestedAt: "1000" },
    { requestedAt: undefined },
    { requestedAt: NaN },
    { requestedAt: -Infinity },
    { expiresAt: Infinity },
    { expiresAt: null },
    { expiresAt: new Date(2000) },
    { expiresAt: 1000 },
    { expiresAt: 999 },
    { expiresAt: 1000 + DAY + 1000 },
    { expiresAt: 1000 + DAY + 1.5 },
    { requestedAt: Infinity, expiresAt: Infinity },
  ].map((fields) => ({ ...STORED, ...fields }));
  for (const value of [...none, ...odd]) {
    assertEquals(readStoredToken(value), undefined, Deno.inspect(value));
  }
});

Deno.test("B66: clocks with fractions are fine, and a lifetime of a whole day with them", () => {
  for (let i = 0; i < 1000; i++) {
    const now = 2 ** 41 - 1000 + i / 4096; // from here on, adding rounds
    const token = toAccessToken({ access_token: "t", expires_in: "999999" }, now);
    assertEquals([token.requestedAt, token.expiresAt], [now, now + DAY]);
    assertEquals(readStoredToken({ ...token }), token);
  }
});

Deno.test("B3, B4: a token ages from 5 minutes or 10 % before its expiry, and is stale from 10 s or 5 %", () => {
  const margins = { ageing: 300_000, stale: 10_000 };
  const before = (lifetime: number, jitter: number, its = margins) => {
    const token = readStoredToken({ ...STORED, expiresAt: STORED.requestedAt + lifetime })!;
    const { ageingAt, staleAt } = agesOf(token, its, jitter);
    return [token.expiresAt - ageingAt, token.expiresAt - staleAt];
  };
  assertEquals(before(3_600_000, 0), [300_000, 10_000]);
  assertEquals(before(3_600_000, 1), [240_000, 10_000]);
  assertEquals(before(3_600_000, 0.5), [270_000, 10_000]);
  assertEquals(before(60_000, 0), [6_000, 3_000]);
  assertEquals(before(3_600_000, 0, { ageing: 0, stale: 10_000 }), [10_000, 10_000]);
});

Deno.test("B66: a token is from the future if it was asked for more than 10 s from now", () => {
  const token = readStoredToken({ ...STORED, requestedAt: 20_000 })!;
  assertEquals([10_000, 9_999].map((time) => isFromFuture(token, time)), [false, true]);
});
