import { KpnAuthError, type KpnAuthErrorCode, type KpnAuthErrorDetails } from "../mod.ts";
import { coolingDown } from "../src/cool_down.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "./support/assert.ts";
import { askLayer, recorder, tokenOf } from "./support/layers.ts";
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
    "The next token request follows in 60 s, or with other credentials.",
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
    const { code, retryAfter, message } = await assertRejects(() => source.token(), KpnAuthError);
    assertEquals([code, retryAfter], ["rate_limited", lasts]);
    assert(message.includes(` The next token request follows in ${lasts / 1_000} s, `), message);
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

Deno.test("B45: a cool-down that a clock's setting back has ended stays ended", async () => {
  const { clock, next, ask, asked } = coolingUnderTest();
  next("invalid_client", { status: 401 });
  await assertRejects(() => ask(), KpnAuthError);
  clock.now -= 5_000;
  next("network_error");
  await assertRejects(() => ask(), KpnAuthError);
  clock.now += 5_000;
  await ask();
  assertEquals(asked(), 3);
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

/** The layer over one that refuses as told, on a clock that the test turns. */
function coolingUnderTest() {
  const clock = { now: 1_000_000_000_000 };
  const now = () => clock.now;
  const { announce, events } = recorder();
  const answers: (KpnAuthError | undefined)[] = [];
  let asked = 0;
  const layer = coolingDown(
    () => {
      asked++;
      const error = answers.shift();
      return error ? Promise.reject(error) : Promise.resolve(tokenOf("t", clock.now));
    },
    now,
    announce,
  );
  return {
    clock,
    events,
    /** What the layer below says next: nothing wrong, or a refusal. */
    next: (code?: KpnAuthErrorCode, details?: KpnAuthErrorDetails) =>
      void answers.push(code && new KpnAuthError(code, "No.", details)),
    ask: (clientSecret = "s3cret") => askLayer(layer, { now, clientSecret }),
    asked: () => asked,
  };
}

Deno.test("B72: every refusal that a retry cannot cure gets a breather: 1 s, doubling to 60 s", async () => {
  for (
    const [code, status] of [["access_denied", 403], ["not_found", 404], [
      "redirected",
      302,
    ]] as const
  ) {
    const { clock, events, next, ask, asked } = coolingUnderTest();
    for (const [n, seconds] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      next(code, { status });
      const error = await assertRejects(() => ask(), KpnAuthError);
      assertEquals([error.code, error.status, error.retryAfter], [code, status, seconds * 1_000]);
      assertStringIncludes(error.message, `No. The next token request follows in ${seconds} s`);
      assertEquals(events.splice(0), [{
        type: "coolDown",
        code,
        until: clock.now + seconds * 1_000,
      }]);
      clock.now += seconds * 1_000 - 1;
      for (let call = 0; call < 50; call++) await assertRejects(() => ask(), KpnAuthError);
      assertEquals([asked(), events.length], [n + 1, 0]);
      clock.now += 1;
    }
    next();
    await ask();
    next(code, { status });
    assertEquals((await assertRejects(() => ask(), KpnAuthError)).retryAfter, 1_000);
  }
});

Deno.test("B72: other credentials end a breather", async () => {
  const { next, ask, asked } = coolingUnderTest();
  next("access_denied", { status: 403 });
  await assertRejects(() => ask(), KpnAuthError);
  assertEquals((await ask("another")).value, "t");
  assertEquals((await ask()).value, "t", "they are forgotten with the refusal");
  assertEquals(asked(), 3);
});

Deno.test("B72: a 503 with Retry-After is honoured as a 429 is; what has no answer starts no pause", async () => {
  const pauses: [KpnAuthErrorCode, KpnAuthErrorDetails, number | undefined][] = [
    ["server_error", { status: 503, retryAfter: 120_000 }, 120_000],
    ["server_error", { status: 503, retryAfter: 10 * 3_600_000 }, 3_600_000],
    ["server_error", { status: 503 }, undefined],
    ["rate_limited", { status: 429, retryAfter: 5_000 }, 5_000],
    ["rate_limited", { status: 429 }, 60_000],
    ["access_denied", { status: 403, retryAfter: 5_000 }, 5_000],
    ["not_approved", { status: 401 }, 60_000],
    ["key_expired", { status: 401 }, 60_000],
    ["network_error", {}, undefined],
    ["timeout", {}, undefined],
    ["secret_unavailable", {}, undefined],
  ];
  for (const [code, details, lasts] of pauses) {
    const { next, ask, asked, events } = coolingUnderTest();
    next(code, details);
    const error = await assertRejects(() => ask(), KpnAuthError);
    assertEquals([code, error.retryAfter, events.length], [code, lasts, lasts ? 1 : 0]);
    await ask().catch(() => {});
    assertEquals([code, asked()], [code, lasts ? 1 : 2]);
  }
});

Deno.test("what is no KpnAuthError passes as it is, and starts no pause", async () => {
  const reason = { mine: true };
  let asked = 0;
  const layer = coolingDown(() => (asked++, Promise.reject(reason)), Date.now, () => {});
  for (let n = 1; n < 3; n++) {
    assertEquals([await askLayer(layer).catch((error) => error), asked], [reason, n]);
  }
});
