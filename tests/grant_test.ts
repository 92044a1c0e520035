import {
  createTokenSource,
  KpnAuthError,
  requestToken,
  type RequestTokenOptions,
  type TokenFetchInit,
} from "../mod.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { createGrant, minting } from "../src/grant.ts";
import { type MockFailure, mockKpn } from "../src/mock/mock.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import { askLayer, recorder } from "./support/layers.ts";

/** No jitter, so that retries come at once. */
const AT_ONCE = { random: () => 0 };

function failing(options: Partial<RequestTokenOptions>, caller?: { signal: AbortSignal }) {
  return assertRejects(
    () => requestToken({ ...CREDENTIALS, ...AT_ONCE, ...options }, caller),
    KpnAuthError,
  );
}

/** A fetch that never answers, and does not even look at its signal. */
const deaf = () => new Promise<Response>(() => {});

Deno.test("requestToken fetches a token from either realm, and from any endpoint", async () => {
  const mock = mockKpn();
  for (
    const target of [{}, { realm: "msm" }, {
      tokenEndpoint: "http://localhost/oauth/grip/msm/accesstoken",
    }] as const
  ) {
    const token = await requestToken({ ...CREDENTIALS, ...target, fetch: mock.fetch });
    assert(token.value.length === 28);
  }
  assertEquals(mock.requests.map(({ url }) => new URL(url).pathname), [
    "/oauth/client_credential/accesstoken",
    "/oauth/grip/msm/accesstoken",
    "/oauth/grip/msm/accesstoken",
  ]);
});

Deno.test("B5: the lifetime is counted from just before the request left, also if the body is late", async () => {
  let now = 1_000_000;
  const late = new ReadableStream({
    pull(controller) {
      now += 60_000;
      controller.enqueue(new TextEncoder().encode('{"access_token":"a","expires_in":"100"}'));
      controller.close();
    },
  }, { highWaterMark: 0 });
  const fetch = () => {
    now += 1_000;
    return Promise.resolve(new Response(late));
  };
  const token = await requestToken({ ...CREDENTIALS, fetch, now: () => now });
  assertEquals([token.requestedAt, token.expiresAt], [1_000_000, 1_100_000]);
});

Deno.test("B13, B14: redirects are refused, and fetch is given nothing that a runtime rejects", async () => {
  const calls: [string, TokenFetchInit][] = [];
  const { code, status } = await failing({
    fetch: (url, init) => {
      calls.push([url, init]);
      return Promise.resolve(
        new Response(null, { status: 302, headers: { location: "https://evil.example" } }),
      );
    },
  });
  assertEquals([code, status], ["redirected", 302]);
  assertEquals(calls.length, 1, "a redirect is not tried again");
  const [url, init] = calls[0]!;
  assertEquals(typeof url, "string");
  const names = ["body", "headers", "method", "next", "redirect", "signal"];
  assertEquals(Object.keys(init).sort(), names);
  assertEquals([init.redirect, typeof init.body], ["manual", "string"]);
});

Deno.test("B13: an opaque redirect, as browsers show it, is refused too", async () => {
  const opaque = { ok: false, status: 0, headers: new Headers(), body: null };
  assertEquals((await failing({ fetch: () => Promise.resolve(opaque) })).code, "redirected");
});

Deno.test("B15: fetch is called as a bare function", async () => {
  const { fetch } = mockKpn();
  await requestToken({
    ...CREDENTIALS,
    fetch: function (this: unknown, url: string, init: TokenFetchInit) {
      assertEquals(this, undefined);
      return fetch(url, init);
    },
  });
});

Deno.test("B36, B48: globalThis.fetch is looked up at each call, unless one is injected", async () => {
  const { fetch: genuine } = globalThis;
  const mock = mockKpn();
  try {
    globalThis.fetch = mock.fetch;
    await requestToken(CREDENTIALS);
    globalThis.fetch = () => Promise.reject(new Error("not this one"));
    await requestToken({ ...CREDENTIALS, fetch: mock.fetch });
  } finally {
    globalThis.fetch = genuine;
  }
  assertEquals(mock.mints, 2);
});

Deno.test("B46: network failures, 5xx and 429 are tried again, twice", async () => {
  const passing: MockFailure[] = [
    "server_error",
    "unavailable",
    "bad_gateway",
    "quota",
    "dropped",
    "truncated",
  ];
  for (const failure of passing) {
    const mock = mockKpn();
    mock.respondNext(failure, { times: 2 });
    await requestToken({ ...CREDENTIALS, ...AT_ONCE, fetch: mock.fetch });
    assertEquals(mock.requests.length, 3, failure);
    mock.respondNext(failure, { times: 9 });
    const { retryable } = await failing({ fetch: mock.fetch });
    assertEquals([retryable, mock.requests.length], [true, 6], failure);
  }
});

Deno.test("B20, B46: invalid_client is never tried again, not even inside a 500", async () => {
  const final: MockFailure[] = [
    "invalid_client",
    "invalid_client_500",
    "invalid_client_id",
    "error_in_200",
    "missing_grant_type",
    "unknown_path",
    "html",
    "oversized",
  ];
  for (const failure of final) {
    const mock = mockKpn();
    mock.respondNext(failure);
    const { retryable } = await failing({ fetch: mock.fetch });
    assertEquals([retryable, mock.requests.length], [false, 1], failure);
  }
});

Deno.test("B46: the pause is jittered, doubles, and ends at the caller's signal", async () => {
  const mock = mockKpn();
  mock.respondNext("server_error", { times: 2 });
  const drawn: number[] = [];
  await requestToken({
    ...CREDENTIALS,
    fetch: mock.fetch,
    random: () => (drawn.push(0), 0),
  });
  assertEquals(drawn.length, 2);

  const controller = new AbortController();
  const reason = new Error("the caller left");
  const fetch = () => {
    queueMicrotask(() => setTimeout(() => controller.abort(reason)));
    return Promise.resolve(new Response("", { status: 503, headers: { "retry-after": "9" } }));
  };
  const asked = requestToken({ ...CREDENTIALS, fetch }, { signal: controller.signal });
  assertStrictEquals(await assertRejects(() => asked), reason);
});

Deno.test("B46: the pause is up to 250 ms and doubles, jittered by random", () =>
  inVirtualTime(async ({ now }) => {
    for (const [drawn, pauses] of [[0.5, [125, 250, 500]], [0.25, [62.5, 125, 250]]] as const) {
      const at: number[] = [];
      const fetch = () => {
        at.push(now());
        return Promise.resolve(new Response("", { status: 503 }));
      };
      await failing({ fetch, now, random: () => drawn, retries: 3 });
      assertEquals(at.slice(1).map((time, n) => time - at[n]!), pauses.map(Math.trunc));
    }
  }));

Deno.test("B47: an attempt may take 4 s and everything 10 s, unless the caller says otherwise", () =>
  inVirtualTime(async ({ now }) => {
    const since = now();
    const at: number[] = [];
    const fetch = () => {
      at.push(now() - since);
      return deaf();
    };
    const whole = await failing({ fetch, now, retries: 9 });
    assertEquals([at, now() - since], [[0, 4_000, 8_000], 10_000]);
    assert(whole.message.includes("timeout (10000 ms)"), whole.message);
    const attempt = await failing({ fetch, now, retries: 0 });
    assert(attempt.message.includes("attemptTimeout (4000 ms)"), attempt.message);
    assertEquals(now() - since, 14_000);
  }));

Deno.test("http without TLS takes a secret on the caller's word alone", async () => {
  const mock = mockKpn();
  const tokenEndpoint = "http://kpn.test/oauth/client_credential/accesstoken";
  const ask = { ...CREDENTIALS, tokenEndpoint, fetch: mock.fetch };
  await requestToken({ ...ask, allowInsecureHttp: true });
  await assertRejects(() => requestToken(ask), TypeError, "allowInsecureHttp");
  assertEquals(mock.requests.map(({ url }) => url.split("?")[0]), [tokenEndpoint]);
});

Deno.test("Retry-After is honoured inside the deadline, and not waited for beyond it", async () => {
  const calls: number[] = [];
  const fetch = () => {
    calls.push(Date.now());
    return Promise.resolve(new Response("", { status: 429, headers: { "retry-after": "3600" } }));
  };
  const { code, retryAfter } = await failing({ fetch });
  assertEquals([code, retryAfter, calls.length], ["rate_limited", 3_600_000, 1]);
});

Deno.test("B47: each deadline covers headers and body, and says which phase ran out", () =>
  inVirtualTime(async () => {
    const stuck = () => Promise.resolve(new Response(new ReadableStream()));
    const cases: [Partial<RequestTokenOptions>, string[]][] = [
      [{ fetch: deaf, attemptTimeout: 5 }, ["attemptTimeout (5 ms)", "waiting for the answer"]],
      [{ fetch: stuck, attemptTimeout: 5 }, ["attemptTimeout (5 ms)", "reading the answer"]],
      [{ fetch: deaf, timeout: 5 }, ["timeout (5 ms)", "waiting for the answer"]],
      [{ fetch: stuck, timeout: 5 }, ["timeout (5 ms)", "reading the answer"]],
      [{ clientSecret: deaf as never, timeout: 5 }, [
        "timeout (5 ms)",
        "asking for clientId and clientSecret",
      ]],
    ];
    for (const [options, words] of cases) {
      const { code, message, retryable } = await failing({ retries: 0, ...options });
      assertEquals([code, retryable], ["timeout", true]);
      for (const word of words) assert(message.includes(word), message);
    }
  }));

Deno.test("an attempt that ran out of time is tried again", () =>
  inVirtualTime(async () => {
    const mock = mockKpn();
    mock.respondNext("never", { times: 2 });
    await requestToken({ ...CREDENTIALS, ...AT_ONCE, attemptTimeout: 5, fetch: mock.fetch });
    assertEquals(mock.requests.length, 3);
  }));

Deno.test("B18, B31: a body that comes after the deadline is cancelled, and so is one that is given up", async () => {
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream({ cancel: () => cancelled.resolve() });
  await failing({ fetch: () => Promise.resolve(new Response(body)), timeout: 5 });
  await cancelled.promise;

  const late = Promise.withResolvers<Response>();
  const lateCancelled = Promise.withResolvers<void>();
  await failing({ fetch: () => late.promise, timeout: 5 });
  late.resolve(new Response(new ReadableStream({ cancel: () => lateCancelled.resolve() })));
  await lateCancelled.promise;
});

Deno.test("a caller's own abort is rethrown untouched, and aborts the request", async () => {
  const reason = { my: "reason" };
  const aborted = Promise.withResolvers<void>();
  const controller = new AbortController();
  const asked = requestToken({
    ...CREDENTIALS,
    fetch: (_url, { signal }) => {
      signal.addEventListener("abort", () => aborted.resolve());
      queueMicrotask(() => controller.abort(reason));
      return deaf();
    },
  }, { signal: controller.signal });
  assertStrictEquals(await asked.catch((error) => error), reason);
  await aborted.promise;

  let called = false;
  const early = requestToken({
    ...CREDENTIALS,
    fetch: () => {
      called = true;
      return deaf();
    },
  }, { signal: AbortSignal.abort(reason) });
  assertStrictEquals(await early.catch((error) => error), reason);
  assertEquals(called, false, "no request leaves for a caller who is gone");
});

Deno.test("clientSecret may be a function, sync or async, asked before each request", async () => {
  const mock = mockKpn();
  const secrets = ["old", "APP_CLIENT_SECRET"];
  const clientSecret = () => Promise.resolve(secrets.shift()!);
  assertEquals((await failing({ clientSecret, fetch: mock.fetch })).code, "invalid_client");
  await requestToken({ ...CREDENTIALS, clientSecret, fetch: mock.fetch });
  await requestToken({
    ...CREDENTIALS,
    clientSecret: () => "APP_CLIENT_SECRET",
    fetch: mock.fetch,
  });
});

Deno.test("what clientSecret throws or returns wrongly is an error of its own", async () => {
  const bad: (() => unknown)[] = [
    () => Promise.reject(new RangeError("the vault is closed")),
    () => {
      throw "a string";
    },
    () => undefined,
    () => " s3cret",
    () => Promise.resolve(5),
  ];
  for (const clientSecret of bad) {
    const error = await failing({ clientSecret: clientSecret as () => string, fetch: deaf });
    assertEquals(error.code, "secret_unavailable");
    assert(error.message.includes("clientSecret"));
    assertEquals(error.message.includes("s3cret"), false);
  }
  const { message, cause } = await failing({ clientSecret: bad[0] as () => string, fetch: deaf });
  assert(message.includes("the vault is closed"));
  const both = await failing({
    clientId: () => "id",
    clientSecret: bad[0] as () => string,
    fetch: deaf,
  });
  assert(both.message.includes("clientId and clientSecret"), both.message);
  assertEquals((cause as Error).name, "RangeError");
});

Deno.test("options that cannot be used are refused before anything is sent", async () => {
  const ask = (options: object) => () => requestToken({ ...CREDENTIALS, fetch: deaf, ...options });
  for (const timeout of [-1, Infinity, 2 ** 31]) {
    await assertRejects(ask({ timeout }), RangeError, "timeout");
    await assertRejects(ask({ attemptTimeout: timeout }), RangeError, "attemptTimeout");
    await assertRejects(ask({ retries: timeout }), RangeError, "retries");
  }
  await assertRejects(ask({ clientId: "" }), TypeError, "clientId");
  await assertRejects(ask({ clientSecret: "a\n" }), TypeError, "clientSecret");
  await assertRejects(ask({ tokenEndpoint: "http://kpn.example" }), TypeError, "allowInsecureHttp");
});

Deno.test("B24: a network failure names its cause in the message, and keeps it", async () => {
  const withCode = (code: string, message: string) =>
    new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });
  const cases: [unknown, string, string | undefined][] = [
    [withCode("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1"), "refused", "ECONNREFUSED"],
    [withCode("ENOTFOUND", "getaddrinfo ENOTFOUND kpn.invalid"), "DNS", "ENOTFOUND"],
    [
      withCode("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"),
      "TLS",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
    ],
    [withCode("UND_ERR_SOCKET", "other side closed"), "lost", "UND_ERR_SOCKET"],
    [
      Object.assign(new Error("Unable to connect"), { code: "ConnectionRefused" }),
      "refused",
      "ConnectionRefused",
    ],
    [new Error("Network connection lost."), "lost", undefined],
    [new TypeError("Failed to fetch"), "does not say why", undefined],
    ["a string", "does not say why", undefined],
    [undefined, "does not say why", undefined],
  ];
  for (const [thrown, word, code] of cases) {
    const error = await failing({ fetch: () => Promise.reject(thrown), retries: 0 });
    assertEquals([error.code, error.retryable], ["network_error", typeof thrown === "object"]);
    assert(error.message.includes(word), error.message);
    assert(error.message.includes("api-prd.kpn.com"));
    const cause = error.cause as Error & { code?: string };
    assert(cause instanceof Error && cause !== thrown);
    assertEquals(cause.code, code);
  }
  const ring = new Error("ring");
  ring.cause = ring;
  assertEquals((await failing({ fetch: () => Promise.reject(ring) })).code, "network_error");
});

Deno.test("B19: importing needs no permission, and without --allow-net the error says so", async () => {
  const error = await failing({});
  assertEquals([error.code, error.retryable], ["network_error", false]);
  assert(error.message.includes("--allow-net"));
});

Deno.test("B38: the clock is injectable: nothing else tells the time", async () => {
  const { fetch } = mockKpn();
  const token = await requestToken({ ...CREDENTIALS, fetch, now: () => 42 });
  assertEquals([token.requestedAt, token.expiresAt], [42, 42 + 3_599_000]);
});

Deno.test("the lowest layer emits what comes of a mint; with a good token in hand one attempt has to do", async () => {
  let now = 1_000;
  const mock = mockKpn({ now: () => now });
  const options = {
    ...AT_ONCE,
    now: () => now,
    fetch: (...call: Parameters<typeof mock.fetch>) => {
      now += 250;
      return mock.fetch(...call);
    },
  };
  const { announce, events, heard } = recorder();
  const layer = minting(createGrant({ ...CREDENTIALS, ...options }), announce);
  mock.respondNext("unavailable", { times: 2 });
  const { expiresAt } = await askLayer(layer, options);
  assertEquals(events.splice(0), [
    { type: "mintStarted" },
    { type: "mintSucceeded", duration: 750, attempt: 3, expiresAt },
  ]);
  mock.respondNext("unavailable", { times: 2 });
  await assertRejects(() => askLayer(layer, options, { renewing: true }), KpnAuthError);
  assertEquals([heard(), mock.requests.length], [["mintStarted"], 4]);
});

Deno.test("B68: options that are to be functions and are none are refused at construction, with the value", () => {
  for (const name of ["fetch", "now", "random", "onEvent"]) {
    for (
      const [value, words] of [
        ["https://proxy.test", '"https://proxy.test"'],
        [5, "5"],
        [null, "null"],
        [false, "false"],
        [{}, "(object)"],
      ]
    ) {
      const { message } = assertThrows(
        () => createTokenSource({ ...CREDENTIALS, [name]: value }),
        TypeError,
      );
      assertEquals(message, `Cannot use ${name} ${words}: it must be a function`);
    }
    createTokenSource({ ...CREDENTIALS, [name]: undefined });
  }
});

Deno.test("the signal that fetch gets aborts when an attempt fails or is left, and not when it succeeds", async () => {
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const attempt = async (answer: () => Promise<Response>, caller?: { signal: AbortSignal }) => {
    let given!: AbortSignal;
    const fetch = (_url: string, { signal }: TokenFetchInit) => (given = signal, answer());
    await requestToken({ ...CREDENTIALS, fetch, retries: 0, attemptTimeout: 20 }, caller)
      .catch(() => {});
    await turn();
    return given.aborted;
  };
  const token = () => Promise.resolve(Response.json({ access_token: "a" }));
  const leaving = new AbortController();
  assertEquals(await attempt(token), false);
  assertEquals(await attempt(token, leaving), false);
  assertEquals(await attempt(() => Promise.resolve(Response.json({}, { status: 500 }))), true);
  assertEquals(await attempt(deaf), true);
  const left = attempt(() => (leaving.abort(), deaf()), leaving);
  assertEquals(await left, true);
});

Deno.test("a wrapper of fetch can read a clone of the answer when the token has long been handed out", async () => {
  let log!: Promise<string>;
  const fetch = async (_url: string, { signal }: TokenFetchInit) => {
    const response = Response.json({ access_token: "a" });
    const copy = response.clone();
    log = new Promise((resolve) => setTimeout(resolve)).then(() => signal.throwIfAborted()).then(
      () => copy.text(),
    );
    return await Promise.resolve(response);
  };
  await requestToken({ ...CREDENTIALS, fetch });
  assertEquals(await log, '{"access_token":"a"}');
});

Deno.test("a Retry-After that ends with the deadline is not waited for", async () => {
  await inVirtualTime(async ({ now }) => {
    const since = now();
    const error = await assertRejects(() =>
      requestToken({
        ...CREDENTIALS,
        now,
        fetch: () =>
          Promise.resolve(new Response("", { status: 503, headers: { "retry-after": "10" } })),
      }), KpnAuthError);
    assertEquals([error.code, now() - since], ["server_error", 0]);
  });
});

Deno.test("a Retry-After beyond the timeout is not waited for, though the clock is set back meanwhile", async () => {
  await inVirtualTime(async (time) => {
    let back = 0;
    const { code, retryAfter } = await failing({
      now: () => time.now() - back,
      fetch: () => {
        back = 3_600_000;
        return Promise.resolve(new Response("", { status: 429, headers: { "retry-after": "20" } }));
      },
    });
    assertEquals([code, retryAfter], ["rate_limited", 20_000]);
  });
});
