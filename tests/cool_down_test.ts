import { KpnAuthError } from "../mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "./support/assert.ts";
import { sourceUnderTest } from "./support/source.ts";

Deno.test("B45: after invalid_client KPN is left alone for 60 s, for all callers, and the error says until when", async () => {
  const { source, mock, clock, events } = sourceUnderTest();
  mock.respondNext("invalid_client", { times: 2 });
  const failing = () => assertRejects(() => source.token(), KpnAuthError);
  const first = await failing();
  const until = clock.now + 60_000;
  assertEquals([first.code, first.retryAfter, first.retryable], ["invalid_client", 60_000, false]);
  assertStringIncludes(
    first.message,
    "The next token request follows in 60 s at the earliest, or with other credentials.",
  );
  assertEquals(events.find(({ type }) => type === "coolDown"), {
    type: "coolDown",
    code: "invalid_client",
    until,
  });
  clock.now += 59_999;
  const others = await Promise.all(Array.from({ length: 50 }, failing));
  for (const { code, message, retryAfter } of others) {
    const expected = first.message.replace("60 s", "1 s");
    assertEquals([code, message, retryAfter], ["invalid_client", expected, 1]);
  }
  assertEquals(mock.requests.length, 1);
  clock.now += 1;
  await failing();
  assertEquals(mock.requests.length, 2);
});

Deno.test("B45: a changed secret ends the cool-down at once, and only a changed one", async () => {
  let secret = "wrong";
  const { source, mock } = sourceUnderTest({ clientSecret: () => secret });
  await assertRejects(() => source.token(), KpnAuthError);
  await assertRejects(() => source.token(), KpnAuthError);
  assertEquals(mock.requests.length, 1);
  secret = "APP_CLIENT_SECRET";
  assertEquals((await source.token()).value.length, 28);
  assertEquals(mock.requests.length, 2);
});

Deno.test("B45: a 429 honours Retry-After, else 60 s, and no more than an hour", async () => {
  for (
    const [header, lasts] of [["120", 120_000], ["", 60_000], ["999999", 3_600_000], [
      new Date(1_000_000_090_000).toUTCString(),
      90_000,
    ]] as const
  ) {
    const { source, mock, clock } = sourceUnderTest({ retries: 0 });
    const headers: HeadersInit = header ? { "retry-after": header } : {};
    mock.respondNext(() => new Response("slow down", { status: 429, headers }));
    const { code, retryAfter } = await assertRejects(() => source.token(), KpnAuthError);
    assertEquals([code, retryAfter], ["rate_limited", lasts]);
    clock.now += lasts - 1;
    await assertRejects(() => source.token(), KpnAuthError);
    assertEquals(mock.requests.length, 1);
    clock.now += 1;
    await source.token();
    assertEquals(mock.requests.length, 2);
  }
});

Deno.test("B45: a clock that is set back does not prolong a cool-down", async () => {
  const { source, mock, clock } = sourceUnderTest();
  mock.respondNext("invalid_client");
  await assertRejects(() => source.token(), KpnAuthError);
  clock.now -= 3_600_000;
  await source.token();
  assertEquals(mock.requests.length, 2);
});

Deno.test("B45: a cool-down costs no token that is valid, and other failures start none", async () => {
  const { source, mock, clock, told, settled } = sourceUnderTest();
  const first = await source.token();
  clock.now = first.expiresAt - 200_000;
  mock.respondNext("invalid_client");
  assertEquals(await source.token(), first);
  await settled();
  told();
  clock.now += 30_000;
  assertEquals(await source.token(), first);
  await settled();
  assertEquals([told(), mock.requests.length], [["refreshFailed"], 2]);

  const down = sourceUnderTest({ retries: 0 });
  down.mock.respondNext("unavailable");
  await assertRejects(() => down.source.token(), KpnAuthError);
  await down.source.token();
  assert(!down.told().includes("coolDown"));
});

Deno.test("B45: a 429 with Retry-After: 0 starts no cool-down", async () => {
  const { source, mock, told } = sourceUnderTest({ retries: 0 });
  const headers = { "retry-after": "0" };
  mock.respondNext(() => new Response("", { status: 429, headers }));
  await assertRejects(() => source.token(), KpnAuthError);
  await source.token();
  assertEquals([mock.requests.length, told().includes("coolDown")], [2, false]);
});
