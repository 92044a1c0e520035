import { type Quota, readQuota } from "../mod.ts";
import { assertEquals } from "./support/assert.ts";

const quotaOf = (headers: HeadersInit): Quota => readQuota(new Response(null, { headers }));

Deno.test("readQuota: every header that KPN may send, whatever the case of its name", () => {
  assertEquals(
    quotaOf({
      "Quota-Limit": "100",
      "quota-interval": "1",
      "quota-time-unit": "minute",
      "quota-used": "7",
      "quota-reset-UTC": "1587458037687",
      "sunset": "Sat, 31 Dec 2026 23:59:59 GMT",
      "x-other": "1",
    }),
    {
      limit: 100,
      interval: 1,
      timeUnit: "minute",
      used: 7,
      resetUTC: 1_587_458_037_687,
      sunset: "Sat, 31 Dec 2026 23:59:59 GMT",
    },
  );
});

Deno.test("readQuota: what did not come is absent", () => {
  assertEquals(quotaOf({}), {});
  assertEquals(Object.keys(quotaOf({ "quota-used": "0" })), ["used"]);
});

Deno.test("readQuota: digits are numbers, all else stays as it came, nothing is lost", () => {
  const values: Record<string, number | string> = {
    "0": 0,
    "007": 7,
    "999999999999999": 999_999_999_999_999,
    "9007199254740993": "9007199254740993",
    "": "",
    "-1": "-1",
    "1.5": "1.5",
    "1e3": "1e3",
    "0x10": "0x10",
    "Infinity": "Infinity",
    "100, 200": "100, 200",
    "2026-11-26T00:00:00Z": "2026-11-26T00:00:00Z",
  };
  for (const [value, expected] of Object.entries(values)) {
    assertEquals(quotaOf({ "quota-limit": value }), { limit: expected });
  }
});

Deno.test("readQuota: the body stays unread, and an answer that is no success has its quota too", async () => {
  const response = new Response("slow down", { status: 429, headers: { "quota-used": "101" } });
  assertEquals(readQuota(response), { used: 101 });
  assertEquals(await response.text(), "slow down");
});
