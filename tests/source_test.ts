import fc from "fast-check";
import { createTokenSource, KpnAuthError, type TokenStore } from "../mod.ts";
import { quoted } from "../src/options.ts";
import { agesOf } from "../src/token.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "./support/assert.ts";
import { CREDENTIALS, holdsSecret, SENTINEL } from "./support/credentials.ts";
import { memoryStore } from "./support/layers.ts";
import { deferred, sourceUnderTest } from "./support/source.ts";

const MINUTE = 60_000;

Deno.test("a token is fresh, then ageing (renewed behind the call), then stale (waited for)", async () => {
  const { source, mock, clock, settled } = sourceUnderTest();
  const first = await source.token();
  clock.now += 55 * MINUTE - 1;
  assertEquals([await source.token(), mock.mints], [first, 1]);
  clock.now += 1;
  assertEquals(await source.token(), first);
  await settled();
  assertEquals(mock.mints, 2);
  const second = await source.token();
  assert(second.value !== first.value);
  mock.respondNext("unavailable", { to: "token" });
  clock.now = second.expiresAt - 10_001;
  assertEquals(await source.token(), second);
  await settled();
  clock.now = second.expiresAt - 10_000;
  const third = await source.token();
  assert(third.value !== second.value);
  assertEquals(mock.mints, 3);
});

Deno.test("B3: margins are configurable, and capped at 10 % and 5 % of the lifetime", async () => {
  const { source, mock, clock, settled } = sourceUnderTest({ lifetime: 30_000 });
  await source.token();
  clock.now += 26_999;
  for (let call = 0; call < 100; call++) await source.token();
  await settled();
  assertEquals(mock.mints, 1);
  clock.now += 1;
  for (let call = 0; call < 100; call++) await source.token();
  await settled();
  assertEquals(mock.mints, 2);

  const custom = sourceUnderTest({ margins: { ageing: 2_000, stale: 1_000 } });
  const { expiresAt } = await custom.source.token();
  custom.clock.now = expiresAt - 2_001;
  await custom.source.token();
  await custom.settled();
  assertEquals(custom.mock.mints, 1);
  for (const margins of [{ ageing: -1 }, { stale: Infinity }]) {
    assertThrows(() => sourceUnderTest({ margins }), RangeError);
  }
});

Deno.test("B3: a server that hands back the same, or a nearly expired token causes no mint loop", async () => {
  const { source, mock, clock, settled } = sourceUnderTest();
  const answer = (expires_in: string) => () => Response.json({ access_token: "same", expires_in });
  mock.respondNext(answer("3600"), { times: 2 });
  await source.token();
  clock.now += 56 * MINUTE;
  await source.token();
  await settled();
  for (let call = 0; call < 100; call++) await source.token();
  await settled();
  assertEquals(mock.requests.length, 2);

  mock.respondNext(answer("2"), { times: 100 });
  clock.now += 60 * MINUTE;
  for (let call = 0; call < 100; call++) await source.token();
  await settled();
  assertEquals(mock.requests.length, 3);
});

Deno.test("B4: a larger margin never makes a token live longer", () => {
  const ms = fc.integer({ min: 0, max: 10_000_000 });
  const jitter = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(ms, ms, ms, ms, fc.integer({ min: 1, max: 1e9 }), jitter, (...drawn) => {
      const [ageing, stale, more, moreStale, lifetime, jitter] = drawn;
      const token = { requestedAt: 5, expiresAt: 5 + lifetime, value: "", type: "", scope: "" };
      const ages = (ageing: number, stale: number) =>
        agesOf({ ...token, apiProducts: [] }, { ageing, stale }, jitter);
      const small = ages(ageing, stale);
      const large = ages(ageing + more, stale + moreStale);
      assert(large.ageingAt <= small.ageingAt && large.staleAt <= small.staleAt);
      assert(small.ageingAt <= small.staleAt && small.staleAt <= token.expiresAt);
      assert(small.ageingAt >= token.requestedAt + lifetime * 0.9 - 1e-3);
    }),
  );
});

Deno.test("sources of a fleet refresh at different times: the jitter is drawn at a mint", async () => {
  const ageing = await Promise.all([0, 0.5, 0.999].map(async (random) => {
    const { source, mock, clock, settled } = sourceUnderTest({ random: () => random });
    const { expiresAt } = await source.token();
    for (let left = 301_000; left > 230_000; left -= 1_000) {
      clock.now = expiresAt - left;
      await source.token();
      await settled();
      if (mock.mints === 2) return left;
    }
  }));
  assertEquals(ageing, [300_000, 270_000, 240_000]);
});

Deno.test("B11: a failing refresh drops no token that is valid, and is told, and pauses", async () => {
  const { source, mock, clock, events, told, settled } = sourceUnderTest();
  const first = await source.token();
  told();
  mock.respondNext("unavailable", { times: 1 });
  clock.now = first.expiresAt - 100_000;
  assertEquals(await source.token(), first);
  await settled();
  const { type, error } = events.at(-1) as { type: string; error: KpnAuthError };
  assertEquals([type, error.code, error.status], ["refreshFailed", "server_error", 503]);
  assertEquals(told(), ["mintStarted", "refreshFailed"]);
  for (let call = 0; call < 10; call++) assertEquals(await source.token(), first);
  await settled();
  assertEquals(mock.requests.length, 2);
  clock.now += 10_000;
  await source.token();
  await settled();
  assert((await source.token()).value !== first.value);
});

Deno.test("B16: constructing reads no clock, draws nothing, fetches nothing and asks for no secret", () => {
  const forbidden = () => {
    throw new Error("not while constructing");
  };
  const { setTimeout, fetch } = globalThis;
  const { now } = Date;
  const { random } = Math;
  try {
    Object.assign(globalThis, { setTimeout: forbidden, fetch: forbidden });
    Date.now = Math.random = forbidden;
    createTokenSource(CREDENTIALS);
    createTokenSource({
      ...CREDENTIALS,
      clientSecret: forbidden,
      fetch: forbidden,
      now: forbidden,
      random: forbidden,
      store: { get: forbidden, set: forbidden },
      onEvent: forbidden,
      waitUntil: forbidden,
    });
  } finally {
    Object.assign(globalThis, { setTimeout, fetch });
    Date.now = now;
    Math.random = random;
  }
});

Deno.test("the clock may jump an hour forward and back: every call gets a token", async () => {
  const { source, mock, clock, settled } = sourceUnderTest();
  await source.token();
  clock.now += 60 * MINUTE;
  await source.token();
  assertEquals(mock.mints, 2);
  clock.now -= 120 * MINUTE;
  for (let minute = 0; minute < 240; minute++) {
    clock.now += MINUTE;
    await source.token();
    await settled();
  }
  assert(mock.mints >= 4 && mock.mints <= 7, `${mock.mints} mints`);
});

Deno.test("the clock may jump while a mint is in flight", async () => {
  for (const jump of [60 * MINUTE, -60 * MINUTE]) {
    const { source, mock, clock } = sourceUnderTest();
    mock.respondNext((request) => {
      clock.now += jump;
      return mock.fetch(request.url, request);
    });
    const tokens = await Promise.all([source.token(), source.token()]);
    assertEquals(tokens[0], tokens[1]);
    assert((await source.token()).expiresAt > clock.now);
  }
});

Deno.test("events come once each and in order", async () => {
  const { source, mock, clock, told, events, settled } = sourceUnderTest();
  mock.respondNext("dropped");
  const first = await source.token();
  const { attempt } = events.at(-1) as { attempt: number };
  assertEquals([told(), attempt], [["mintStarted", "mintSucceeded"], 2]);
  await source.token();
  assertEquals(told(), []);
  await source.token({ rejected: first });
  assertEquals(told(), ["tokenRejected", "mintStarted", "mintSucceeded"]);
  await source.token({ rejected: first });
  assertEquals(told(), []);
  clock.now += 56 * MINUTE;
  await source.token();
  await settled();
  assertEquals(told(), ["mintStarted", "mintSucceeded"]);
  clock.now += 60 * MINUTE;
  mock.respondNext("invalid_client");
  await assertRejects(() => source.token(), KpnAuthError);
  assertEquals(told(), ["mintStarted", "coolDown", "mintFailed"]);
});

Deno.test("B27: no event of a source shows a secret or a token, not even a refused one", async () => {
  const lines: string[] = [];
  let value = "";
  const { source, mock, clock, settled } = sourceUnderTest({
    ...SENTINEL,
    onEvent: (event) => lines.push(JSON.stringify(event) + Deno.inspect(event, { depth: 9 })),
  });
  mock.respondNext(() => Response.json({ access_token: "t0ken-s", expires_in: 3600 }));
  ({ value } = await source.token());
  clock.now += 56 * MINUTE;
  await source.token();
  await settled();
  await assertRejects(() => source.token({ rejected: { value } }), KpnAuthError);
  assertEquals(lines.length, 7);
  for (const line of lines) assert(!holdsSecret(line) && !line.includes(value), line);
});

Deno.test("a listener that throws, rejects, or asks for a token itself breaks nothing", async () => {
  const listeners = [
    () => {
      throw new Error("listener");
    },
    () => Promise.reject(new Error("listener")),
    () => source.token(),
  ];
  let source: ReturnType<typeof createTokenSource>;
  for (const onEvent of listeners) {
    const under = sourceUnderTest({ onEvent });
    source = under.source;
    const first = await source.token();
    const second = await source.token({ rejected: first });
    assert(second.value !== first.value);
    under.mock.respondNext("invalid_client");
    const { code } = await assertRejects(() => source.token({ rejected: second }), KpnAuthError);
    assertEquals(code, "invalid_client");
    await under.settled();
  }
});

Deno.test("B17: waitUntil is taken with the call (a ctx, its method, a function), and at construction", async () => {
  const { mock, clock } = sourceUnderTest();
  const kept: Promise<unknown>[] = [];
  /** As a Workers ctx: without its `this` its method is an "Illegal invocation". */
  class Context {
    #kept = kept;
    waitUntil(promise: Promise<unknown>) {
      this.#kept.push(promise);
    }
  }
  const ctx = new Context();
  const options = { ...CREDENTIALS, fetch: mock.fetch, now: () => clock.now, random: () => 0 };
  for (const call of [ctx, { waitUntil: ctx }, { waitUntil: ctx.waitUntil.bind(ctx) }]) {
    const source = createTokenSource(options);
    await source.token(call);
    assertEquals(kept.splice(0).length, 1);
    await source.token(call);
    assertEquals(kept.length, 0);
    clock.now += 56 * MINUTE;
    const before = mock.mints;
    await source.token(call);
    assertEquals(kept.length, 1);
    await Promise.all(kept.splice(0));
    assertEquals(mock.mints, before + 1);
  }
  const source = createTokenSource({ ...options, waitUntil: ctx });
  mock.respondNext("invalid_client");
  await assertRejects(() => source.token(), KpnAuthError);
  assertEquals(kept.length, 1);
  await Promise.all(kept); // a failed mint is no rejection of waitUntil's
});

Deno.test("B17: a waitUntil that throws fails no call", async () => {
  const waitUntil = () => {
    throw new Error("outside of a request");
  };
  const { source, mock, clock } = sourceUnderTest({ waitUntil });
  const first = await source.token({ waitUntil });
  clock.now += 56 * MINUTE;
  assertEquals(await source.token(), first);
  while (mock.mints < 2) await Promise.resolve();
});

/** Workers' own, which knows what it is a method of. */
class Context {
  readonly kept: Promise<unknown>[] = [];
  waitUntil(work: Promise<unknown>) {
    if (!(this instanceof Context)) throw new TypeError("Illegal invocation. See https://…");
    this.kept.push(work);
  }
}

Deno.test("B76: an unbound waitUntil is refused at once with the remedy, and nothing is sent", async () => {
  const ctx = new Context();
  const words =
    "Cannot use waitUntil: Illegal invocation. Pass the ctx that has it: { waitUntil: ctx }";
  for (const where of ["source", "call"] as const) {
    const wrong = { waitUntil: ctx.waitUntil };
    const { source, mock } = sourceUnderTest(where === "source" ? wrong : {});
    for (let call = 0; call < 3; call++) {
      const refused = source.token(where === "call" ? wrong : undefined);
      assertEquals((await assertRejects(() => refused, TypeError)).message, words);
    }
    assertEquals(mock.requests.length, 0);
  }
  for (const call of [ctx, { waitUntil: ctx }, { waitUntil: ctx.waitUntil.bind(ctx) }]) {
    await sourceUnderTest().source.token(call);
  }
  assertEquals(ctx.kept.length, 3);
  await Promise.all(ctx.kept);
});

Deno.test("B55, B56: 100 calls to an API that rejects everything cost two mints; the others notice nothing", async () => {
  for (const failure of [undefined, "unavailable", "quota"] as const) {
    const { source, mock, clock } = sourceUnderTest();
    const first = await source.token();
    if (failure) mock.respondNext(failure, { times: 1_000, to: "token" });
    for (let call = 0; call < 100; call++) {
      const held = await source.token();
      await source.token({ rejected: held }).catch(() => {});
      clock.now += 500;
    }
    const { value } = await source.token();
    assertEquals([mock.mints, value === first.value], failure ? [1, true] : [3, false]);
    // In 50 s: one failed replacement of three tries every 10 s.
    assert(mock.requests.length <= 1 + 5 * 3, `${mock.requests.length} POSTs`);
  }
});

Deno.test("B61: a mint that is still being written gives nobody the token that was rejected", async () => {
  const writing = deferred<void>();
  const { source, mock } = sourceUnderTest({
    store: { get: () => Promise.resolve(undefined), set: () => writing.promise },
  });
  const first = await source.token();
  const second = await source.token({ rejected: first });
  assert(second.value !== first.value);
  assertEquals(mock.mints, 2);
  writing.resolve();
});

Deno.test("B66: what another machine whose clock is ahead has stored is not adopted, fractions are", async () => {
  for (const [ahead, mints] of [[3_600_000, 2], [10_000.5, 2], [9_999.5, 1], [-0.25, 1]] as const) {
    const { mock, clock } = sourceUnderTest();
    const store = memoryStore(() => clock.now);
    const options = { ...CREDENTIALS, store, fetch: mock.fetch, random: () => 0 };
    const writer = createTokenSource({ ...options, now: () => clock.now + ahead });
    const kept: Promise<unknown>[] = [];
    const waitUntil = (work: Promise<unknown>) => void kept.push(work);
    await writer.token({ waitUntil });
    await Promise.all(kept);
    await createTokenSource({ ...options, now: () => clock.now }).token({ waitUntil });
    await Promise.all(kept);
    assertEquals([ahead, mock.mints], [ahead, mints]);
  }
});

Deno.test("clientId may be a function, asked together with the secret before each token request", async () => {
  const asked: string[] = [];
  const { source, mock } = sourceUnderTest({
    clientId: () => (asked.push("id"), "APP_CLIENT_ID"),
    clientSecret: () => (asked.push("secret"), Promise.resolve("APP_CLIENT_SECRET")),
  });
  await source.token();
  await source.token();
  assertEquals([asked, mock.mints], [["id", "secret"], 1]);
});

Deno.test("B3: by default a token ages for 5 minutes", async () => {
  const { source, mock, clock, settled } = sourceUnderTest();
  const { expiresAt } = await source.token();
  clock.now = expiresAt - 300_001;
  await source.token();
  await settled();
  assertEquals(mock.mints, 1);
  clock.now++;
  await source.token();
  await settled();
  assertEquals(mock.mints, 2);
});

Deno.test("B70: margins that are no object are refused by name", () => {
  for (const margins of [5, null, "60"]) {
    assertThrows(
      () => createTokenSource({ ...CREDENTIALS, margins: margins as never }),
      TypeError,
      "margins",
    );
  }
});

Deno.test("B66: a clock that says no time is named, and works again once it does", async () => {
  for (const broken of [NaN, Infinity, "5", undefined] as number[]) {
    let time = broken;
    const { source } = sourceUnderTest({ now: () => time });
    for (const call of [undefined, { rejected: { value: "t0" } }]) {
      await assertRejects(
        () => source.token(call),
        TypeError,
        `Cannot use now: it returned ${quoted(broken)}, not epoch ms`,
      );
    }
    time = 1_000_000_000_000;
    assertEquals((await source.token()).requestedAt, time);
  }
});

Deno.test("B79: what is no store is refused at once, by the method that it lacks", () => {
  for (
    const [store, lacks] of [[{}, "store.get"], [{ get() {} }, "store.set"], [
      () => {},
      "store.get",
    ]] as const
  ) {
    assertThrows(
      () => createTokenSource({ ...CREDENTIALS, store: store as unknown as TokenStore }),
      TypeError,
      `Cannot use ${lacks} `,
    );
  }
});

Deno.test("B70: options that are no object are refused as such", () => {
  for (const options of [undefined, null, 5, "id"]) {
    assertThrows(() => createTokenSource(options as never), TypeError, "Cannot use options");
  }
});
