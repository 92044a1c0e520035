/** What is replayed, what is handed back, and how a caller leaves. */

import {
  authorizedFetch,
  type AuthorizedFetchOptions,
  KpnAuthError,
  type TokenCall,
  type TokenSource,
} from "../mod.ts";
import type { MockFailure } from "../src/mock/mock.ts";
import { assert, assertEquals, assertStrictEquals } from "./support/assert.ts";
import { fetchUnderTest, sourceUnderTest } from "./support/source.ts";

const PATH = "/communication/nexmo/number-insight/basic";
const POST = { method: "POST", body: new URLSearchParams({ number: "447700900000" }) };

const REJECTED: MockFailure[] = [
  "invalid_access_token",
  "access_token_expired",
  "access_token_expired_400",
  "invalid_access_token_500",
  "access_token_expired_xml",
  "access_token_expired_header",
];
for (const failure of REJECTED) {
  Deno.test(`B20, B21: a rejected token is replaced, and the call replayed once (${failure})`, async () => {
    const { kpn, mock, calls, events } = fetchUnderTest();
    mock.respondNext(failure, { to: "api" });
    const response = await kpn(PATH, POST);
    assertEquals([response.status, mock.mints, calls().length], [200, 2, 2]);
    await response.body?.cancel();
    const [first, second] = calls();
    assert(first!.headers["authorization"] !== second!.headers["authorization"]);
    assertEquals(first!.body, second!.body);
    assertEquals(events.length, 1);
  });
}

const HANDED_BACK: MockFailure[] = [
  "not_entitled",
  "not_entitled_403",
  "apiresource_doesnot_exist",
  "quota",
  "quota_500",
  "spike_arrest",
  "unknown_path",
  "camara",
  "kpn_flat",
  "server_error",
  "unavailable",
  "bad_gateway",
  "redirect",
];
for (const failure of HANDED_BACK) {
  Deno.test(`B21: everything else is handed back, wholly readable, and mints nothing (${failure})`, async () => {
    const { kpn, mock, calls } = fetchUnderTest();
    mock.respondNext(failure, { to: "api", times: 2 });
    const bare = await mock.fetch(`https://api-prd.kpn.com${PATH}`, {
      ...POST,
      redirect: "manual",
    });
    const response = await kpn(PATH, POST);
    assertEquals([response.status, await response.text()], [bare.status, await bare.text()]);
    assertEquals([mock.mints, calls().length], [1, 2]);
  });
}

Deno.test("B44: at most one replay, and the second refusal is handed back as it came", async () => {
  const { kpn, mock, calls } = fetchUnderTest();
  mock.respondNext("invalid_access_token", { to: "api", times: 9 });
  const response = await kpn(PATH, POST);
  assertEquals([response.status, calls().length, mock.mints], [401, 2, 2]);
  assertEquals((await response.json()).fault.faultstring, "Invalid access token");
});

Deno.test("B44: shouldReplay decides", async () => {
  const asked: number[] = [];
  const { kpn, mock, calls } = fetchUnderTest({
    shouldReplay: async (response) => {
      asked.push(response.status);
      return (await response.clone().text()).includes("CAMARA") || response.status === 404;
    },
  });
  mock.respondNext("camara", { to: "api" });
  await (await kpn(PATH, POST)).body?.cancel();
  mock.respondNext("invalid_access_token", { to: "api" });
  const response = await kpn(PATH, POST);
  assertEquals([response.status, asked, calls().length], [401, [404, 401], 3]);
  await response.body?.cancel();
});

Deno.test("B9: 50 parallel calls with a revoked token: one mint, and each replay has the new token", async () => {
  const { kpn, mock, calls } = fetchUnderTest();
  await (await kpn(PATH, POST)).body?.cancel();
  mock.revoke();
  const responses = await Promise.all(Array.from({ length: 50 }, () => kpn(PATH, POST)));
  for (const response of responses) {
    assertEquals(response.status, 200);
    await response.body?.cancel();
  }
  assertEquals([mock.mints, calls().length], [2, 101]);
});

Deno.test("B9: where no other token can be had, the refusal is handed back and nothing is replayed", async () => {
  for (const script of ["invalid_client", "same"] as const) {
    const { kpn, mock, calls, events } = fetchUnderTest();
    const same = () => Response.json({ access_token: "same", expires_in: 3600 });
    mock.respondNext(same, { to: "token" });
    mock.respondNext(script === "same" ? same : script, { to: "token", times: 9 });
    const response = await kpn(PATH, POST); // the mock knows no token "same"
    assertEquals([response.status, calls().length, events], [401, 1, []]);
    assertEquals((await response.json()).fault.faultstring, "Invalid access token");
  }
});

/** Answers the first call with a token rejected, the others with 200, and records the bodies. */
async function bodiesOf(body: BodyInit | null, asRequest = false): Promise<string[]> {
  const { source } = sourceUnderTest();
  const bodies: string[] = [];
  const kpn = authorizedFetch(source, {
    fetch: async (url, init) => {
      const request = new Request(url, init);
      const type = request.headers.get("content-type") ?? "";
      const boundary = /boundary=(.*)/.exec(type)?.[1] ?? "\0";
      bodies.push(`${type}\n${await request.text()}`.replaceAll(boundary, "BOUNDARY"));
      return new Response("", {
        status: bodies.length > 1 ? 200 : 401,
        headers: { "www-authenticate": 'Bearer error="invalid_token"' },
      });
    },
  });
  const init = { method: "POST", body };
  const response =
    await (asRequest ? kpn(new Request("https://api-prd.kpn.com/x", init)) : kpn("/x", init));
  await response.body?.cancel();
  return bodies;
}

Deno.test("B43: every body that can be sent again is, exactly", async () => {
  const form = new FormData();
  form.set("number", "447700900000");
  form.set("file", new File([new Uint8Array([0, 255, 10])], "a.bin"));
  const bodies: (BodyInit | null)[] = [
    null,
    "",
    "text ✓",
    new URLSearchParams({ a: "1 2" }),
    new Uint8Array([1, 2, 3]).subarray(1),
    new Uint8Array([1, 2, 3]).buffer,
    new DataView(new ArrayBuffer(2)),
    new Blob(["blob"], { type: "text/x" }),
    form,
  ];
  for (const body of bodies) {
    for (const asRequest of [false, true]) {
      const [first, second, ...more] = await bodiesOf(body, asRequest);
      assertEquals([second, more], [first, []]);
    }
  }
});

Deno.test("B43: a one-shot stream is sent once, and its 401 handed back; in a Request it replays", async () => {
  const stream = () => new Blob(["streamed"]).stream();
  const generator = async function* () {
    yield new TextEncoder().encode("streamed");
    await Promise.resolve();
  };
  assertEquals(await bodiesOf(stream()), ["\nstreamed"]);
  assertEquals((await bodiesOf(ReadableStream.from(generator()))).length, 1);
  // As Node's streams are, which undici takes.
  assertEquals((await bodiesOf(generator() as unknown as BodyInit)).length, 1);
  const iterable = { [Symbol.asyncIterator]: generator };
  assertEquals((await bodiesOf(iterable as unknown as BodyInit)).length, 1);
  assertEquals(await bodiesOf(stream(), true), ["\nstreamed", "\nstreamed"]);
});

/** An authorized fetch over a source of the test's own: the first answer rejects the token. */
function rejecting(
  source: { token(call?: TokenCall): unknown },
  options: AuthorizedFetchOptions = {},
) {
  const fate = { now: "open", sent: [] as string[] };
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode(" ")),
    cancel: () => void (fate.now = "cancelled"),
  }, { highWaterMark: 0 });
  const headers = { "www-authenticate": 'Bearer error="invalid_token"' };
  const kpn = authorizedFetch(source as TokenSource, {
    fetch: (_url, { headers: { authorization } }) => {
      fate.sent.push(authorization);
      const isReplay = fate.sent.length > 1;
      return Promise.resolve(
        isReplay ? new Response("ok") : new Response(body, { status: 401, headers }),
      );
    },
    shouldReplay: () => true,
    ...options,
  });
  return { kpn, fate };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("B58: after a rejected one-shot body the replacement is obtained before the 401 is handed back", async () => {
  for (const options of [{}, { shouldReplay: (response: Response) => response.status === 401 }]) {
    const { kpn, mock, calls, events } = fetchUnderTest(options);
    await (await kpn(PATH, POST)).body?.cancel();
    mock.revoke();
    const upload = () =>
      kpn(PATH, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new Blob(["number=447700900000"]).stream(),
      });
    const refused = await upload();
    assertEquals([refused.status, mock.mints, calls().length, events], [401, 2, 2, []]);
    assert((await refused.text()).includes("Invalid access token"));
    const next = await upload();
    assertEquals([next.status, mock.mints, calls().length], [200, 2, 3]);
    await next.body?.cancel();
  }
});

const NO_REPLACEMENT: Readonly<Record<string, () => unknown>> = {
  "fails": () => Promise.reject(new KpnAuthError("invalid_token", "it pauses", { retryAfter: 1 })),
  "throws": () => {
    throw new Error("a source of the caller's own");
  },
  "gives the same token": () => Promise.resolve({ value: "t1" }),
  "gives nothing": () => Promise.resolve(undefined),
};
for (const [what, obtain] of Object.entries(NO_REPLACEMENT)) {
  Deno.test(`the 401 is handed back readable where the source ${what}`, async () => {
    const { kpn, fate } = rejecting({
      token: (call) => call?.rejected ? obtain() : Promise.resolve({ value: "t1" }),
    });
    const response = await kpn("/x");
    assertEquals([response.status, fate.now, fate.sent], [401, "open", ["Bearer t1"]]);
    const reader = response.body!.getReader();
    assertEquals((await reader.read()).value?.length, 1);
    await reader.cancel();
    await turn();
    assertEquals(fate.now, "cancelled");
  });
}

for (const heeds of [true, false]) {
  Deno.test(`B73: an abort while a replacement is obtained ends the call with its reason, and the 401 (source ${heeds ? "heeds" : "ignores"} the signal)`, async () => {
    const controller = new AbortController();
    const reason = { mine: true };
    const { kpn, fate } = rejecting({
      token: (call) => {
        if (!call?.rejected) return Promise.resolve({ value: "t1" });
        queueMicrotask(() => controller.abort(reason));
        return new Promise((_, reject) => {
          if (heeds) call.signal!.addEventListener("abort", () => reject(call.signal!.reason));
        });
      },
    });
    const thrown = await kpn("/x", { signal: controller.signal }).catch((error) => error);
    assertStrictEquals(thrown, reason);
    await turn();
    assertEquals([fate.now, fate.sent], ["cancelled", ["Bearer t1"]]);
  });
}

Deno.test("B73: an abort while shouldReplay decides ends the call with its reason, and the 401", async () => {
  const controller = new AbortController();
  const { kpn, fate } = rejecting({ token: () => Promise.resolve({ value: "t1" }) }, {
    shouldReplay: async (response) => {
      await response.body!.getReader().read();
      controller.abort("left");
      return await new Promise<boolean>(() => {});
    },
  });
  assertEquals(await kpn("/x", { signal: controller.signal }).catch((error) => error), "left");
  await turn();
  assertEquals(fate.now, "cancelled");
});

Deno.test("a signal that is aborted already sends nothing, in init as in a Request", async () => {
  const { kpn, mock } = fetchUnderTest();
  const signal = AbortSignal.abort({ mine: true });
  const request = new Request("https://api-prd.kpn.com/x", { signal });
  for (const call of [() => kpn(PATH, { ...POST, signal }), () => kpn(request)]) {
    assertStrictEquals(await call().catch((thrown) => thrown), signal.reason);
  }
  assertEquals(mock.requests.length, 0);
});

for (const phase of ["the token request", "the call", "the second token request", "the replay"]) {
  Deno.test(`a signal that aborts during ${phase} ends the call with its reason`, async () => {
    const controller = new AbortController();
    const reason = { mine: true };
    const { kpn, mock, settled } = fetchUnderTest();
    const abort = () => {
      controller.abort(reason);
      return new Promise<Response>(() => {});
    };
    const token = () => Response.json({ access_token: "first" });
    if (phase !== "the token request") mock.respondNext(token, { to: "token" });
    if (phase === "the token request") {
      mock.respondNext(() => (controller.abort(reason), token()), { to: "token" });
    } else if (phase === "the call") mock.respondNext(abort, { to: "api" });
    else {
      mock.respondNext("invalid_access_token", { to: "api" });
      if (phase === "the replay") mock.respondNext(abort, { to: "api" });
      else mock.respondNext(() => (controller.abort(reason), token()), { to: "token" });
    }
    const thrown = await kpn(PATH, { ...POST, signal: controller.signal }).catch((error) => error);
    assertStrictEquals(thrown, reason);
    await settled();
  });
}

Deno.test("a signal ends the reading of a Request's body that never ends", async () => {
  const { kpn, mock } = fetchUnderTest();
  const controller = new AbortController();
  const body = new ReadableStream({ pull: () => controller.abort("mine") });
  const call = kpn(
    new Request("https://api-prd.kpn.com/x", { method: "POST", body, signal: controller.signal }),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hangs = new Promise((resolve) => timer = setTimeout(() => resolve("it hangs"), 120_000));
  assertEquals(await Promise.race([call.catch((thrown) => thrown), hangs]), "mine");
  clearTimeout(timer);
  assertEquals(mock.requests.length, 0);
});

Deno.test("B17: the source gets the call's signal and the waitUntil of the options, also for a replacement", async () => {
  const asked: (TokenCall | undefined)[] = [];
  const source = {
    token: (call?: TokenCall) => Promise.resolve({ value: `t${asked.push(call)}` }),
  };
  const waitUntil = () => {};
  const { signal } = new AbortController();
  for (const options of [{}, { waitUntil }] as AuthorizedFetchOptions[]) {
    for (const init of [{}, { signal }] as { signal?: AbortSignal }[]) {
      const { kpn } = rejecting(source, options);
      await (await kpn("/x", init)).body?.cancel();
      const [first, second] = asked.splice(0);
      assertEquals([first?.signal, first?.waitUntil], [init.signal, options.waitUntil]);
      assertEquals([second?.signal, second?.waitUntil], [init.signal, options.waitUntil]);
      assertEquals(second?.rejected?.value, "t1");
    }
  }
});

Deno.test("B17: a refresh behind an authorized call is left to waitUntil", async () => {
  const { source, mock, clock } = sourceUnderTest({ waitUntil: undefined });
  const kept: Promise<unknown>[] = [];
  const kpn = authorizedFetch(source, {
    fetch: mock.fetch,
    waitUntil: (work) => void kept.push(work),
  });
  await (await kpn(PATH, POST)).body?.cancel();
  assertEquals(kept.splice(0).length, 1);
  clock.now += 56 * 60_000;
  await (await kpn(PATH, POST)).body?.cancel();
  await Promise.all(kept);
  assertEquals([kept.length, mock.mints], [1, 2]);
});

Deno.test("where an answer shows no stream, as in React Native, shouldReplay gets its clone as it is", async () => {
  const copy = { status: 401, body: undefined };
  const answer = { ok: false, status: 401, bodyUsed: false, body: undefined, clone: () => copy };
  const { source, mock } = sourceUnderTest();
  const seen: unknown[] = [];
  const kpn = authorizedFetch(source, {
    fetch: () => Promise.resolve(answer),
    shouldReplay: (response) => seen.push(response) === 0,
  });
  assertStrictEquals(await kpn("/x") as unknown, answer);
  assertEquals([seen.length, mock.mints], [1, 1]);
  assertStrictEquals(seen[0], copy);
});
