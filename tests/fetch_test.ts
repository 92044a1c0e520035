import { authorizedFetch, type AuthorizedFetchOptions, KpnAuthError } from "../mod.ts";
import type { MockFailure } from "../src/testing/mock.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "./support/assert.ts";
import { sourceUnderTest } from "./support/source.ts";

const PATH = "/communication/nexmo/number-insight/basic";
const POST = { method: "POST", body: new URLSearchParams({ number: "447700900000" }) };

function fetchUnderTest(options: AuthorizedFetchOptions = {}) {
  const under = sourceUnderTest();
  const events: unknown[] = [];
  const kpn = authorizedFetch(under.source, {
    fetch: under.mock.fetch,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const calls = () => under.mock.requests.filter(({ url }) => !url.includes("/oauth/"));
  return { ...under, kpn, calls, events };
}

Deno.test("authorizedFetch takes what fetch takes: a path, a string, a URL, a Request", async () => {
  const { kpn, calls } = fetchUnderTest();
  const url = `https://api-prd.kpn.com${PATH}`;
  const inputs: [string | URL | Request, RequestInit?][] = [
    [PATH, POST],
    [url, POST],
    [new URL(url), POST],
    [new Request(url, POST)],
    [new Request(url, { ...POST, headers: { "x-request-id": "1" } }), {
      headers: { "content-type": "application/x-www-form-urlencoded", "x-request-id": "2" },
    }],
    [new Request(url), POST],
  ];
  for (const [input, init] of inputs) {
    const response = await kpn(input, init);
    assertEquals([response.status, (await response.json()).country_code], [200, "GB"]);
  }
  for (const { method, url: sentTo, headers, body } of calls()) {
    assertEquals([method, sentTo, body], ["POST", url, "number=447700900000"]);
    assert(/^Bearer \w{28}$/.test(headers["authorization"]!));
  }
  assertEquals(calls()[4]!.headers["x-request-id"], "2");
});

Deno.test("members of init that are undefined leave a Request as it is, as with fetch", async () => {
  const { kpn, calls } = fetchUnderTest();
  const request = () =>
    new Request(`https://api-prd.kpn.com${PATH}`, { ...POST, headers: { "x-request-id": "1" } });
  const members = ["method", "headers", "body", "signal"];
  for (const member of members) {
    await (await kpn(request(), { [member]: undefined })).body?.cancel();
  }
  for (const { method, headers, body } of calls()) {
    assertEquals([method, headers["x-request-id"], body], ["POST", "1", "number=447700900000"]);
  }
  assertEquals(calls().length, members.length);
  const aborted = new Request(request(), { signal: AbortSignal.abort("mine") });
  const thrown = await kpn(aborted, { signal: undefined } as unknown as RequestInit)
    .catch((error) => error);
  assertEquals([thrown, calls().length], ["mine", members.length]);
});

Deno.test("a Request given as init is not silently sent as a GET", async () => {
  const { kpn, calls } = fetchUnderTest();
  const init = new Request("https://api-prd.kpn.com/", POST) as unknown as RequestInit;
  const outcome = await kpn(PATH, init).then(
    (response) => response.body?.cancel(),
    (error) => error,
  );
  const [call] = calls();
  assert(call ? call.method === "POST" && call.body !== "" : outcome instanceof TypeError);
});

Deno.test("headers are merged in every form that fetch takes, and the caller's stay untouched", async () => {
  const { kpn, calls } = fetchUnderTest();
  const forms: HeadersInit[] = [
    { "X-Request-Id": "7" },
    [["x-request-id", "7"]],
    new Headers({ "x-request-id": "7" }),
  ];
  for (const headers of forms) {
    const before = JSON.stringify([...new Headers(headers)]);
    await (await kpn(PATH, { ...POST, headers })).body?.cancel();
    assertEquals(JSON.stringify([...new Headers(headers)]), before);
    assertEquals(calls().at(-1)!.headers["x-request-id"], "7");
  }
});

Deno.test("B28: a token goes to allowed origins only; the refusal names the origin and the option", async () => {
  const { kpn, mock } = fetchUnderTest();
  const refused = [
    ["https://api-prd.kpn.com.evil.example/x", "https://api-prd.kpn.com.evil.example"],
    ["//evil.example/x", "https://evil.example"],
    ["\\\\evil.example/x", "https://evil.example"],
    ["https://api-prd.kpn.com@evil.example/", "https://evil.example"],
    ["http://api-prd.kpn.com/", "http://api-prd.kpn.com"],
    ["https://api-prd.kpn.com:8443/", "https://api-prd.kpn.com:8443"],
    ["https://API-PRD.KPN.COM.:443/", "https://api-prd.kpn.com."],
    ["https://evil.example\t/x", "https://evil.example"],
    ["data:text/plain,hello", "null"],
    ["blob:https://evil.example/0", "https://evil.example"],
    ["file:///etc/passwd", "null"],
    ["javascript:alert(1)", "null"],
  ];
  for (const [url, origin] of refused) {
    const inputs = [url!, new URL(url!, "https://api-prd.kpn.com")];
    for (const input of inputs) {
      const { message } = await assertRejects(() => kpn(input), TypeError, ` ${origin}:`);
      assertMatch(message, /Cannot send a token to .* origins/);
    }
  }
  await assertRejects(() => kpn(new Request("https://evil.example/x", POST)), TypeError, "evil");
  assertEquals(mock.requests.length, 0);
});

Deno.test("B28: a blob: URL of an allowed origin, or a user in it, does not pass for the origin", async () => {
  const { kpn, mock } = fetchUnderTest();
  for (
    const url of [
      "blob:https://api-prd.kpn.com/0",
      "https://user:pass@api-prd.kpn.com/",
      "https://user@api-prd.kpn.com/",
    ]
  ) {
    const { message } = await assertRejects(() => kpn(url), TypeError);
    assert(!message.includes("pass@"));
  }
  assertEquals(mock.requests.length, 0);
});

Deno.test("B28: origins are compared as origins, https only but for loopback and on the caller's word", async () => {
  const sent: string[] = [];
  const fetch = (url: string) => (sent.push(url), Promise.resolve(new Response("ok")));
  const origins = ["https://one.example:443/", new URL("http://localhost:1/x"), "http://[::1]:2"];
  const { source } = sourceUnderTest();
  const kpn = authorizedFetch(source, { origins, fetch });
  for (const url of ["/a?b#c", "https://ONE.example/", "http://localhost:1/", "http://[::1]:2/"]) {
    assertEquals((await kpn(url)).status, 200);
  }
  assertEquals(sent[0], "https://one.example/a?b#c");
  for (const origin of ["http://one.example", "ftp://one.example", "one.example", "data:,x", ""]) {
    assertThrows(() => authorizedFetch(source, { origins: [origin] }), TypeError, "origins");
  }
  const open = { origins: ["http://mock:8080"], allowInsecureHttp: true, fetch };
  assertEquals((await authorizedFetch(source, open)("/x")).status, 200);
});

Deno.test("B44: a caller's own authorization is left alone: no token, no replay, and still the origin check", async () => {
  const { kpn, mock, calls } = fetchUnderTest();
  const headers = { Authorization: "Basic abc" };
  const request = new Request(`https://api-prd.kpn.com${PATH}`, { ...POST, headers });
  for (const response of [await kpn(PATH, { ...POST, headers }), await kpn(request)]) {
    assertEquals(response.status, 401);
    await response.body?.cancel();
  }
  assertEquals(calls().map((call) => call.headers["authorization"]), ["Basic abc", "Basic abc"]);
  assertEquals([mock.mints, mock.requests.length], [0, 2]);
  await assertRejects(() => kpn("https://evil.example/", { headers }), TypeError);
});

Deno.test("B15: fetch is called as a bare function with a string, and redirect: manual whatever was asked", async () => {
  const { source } = sourceUnderTest();
  const seen: unknown[] = [];
  const fetch = function (this: unknown, url: unknown, init: RequestInit) {
    seen.push(this, typeof url, init.redirect);
    return Promise.resolve(new Response(null, { status: 302, headers: { location: "/y" } }));
  };
  const kpn = authorizedFetch(source, { fetch });
  const response = await kpn(new Request("https://api-prd.kpn.com/x"), { redirect: "follow" });
  assertEquals([response.status, response.headers.get("location")], [302, "/y"]);
  assertEquals(seen, [undefined, "string", "manual"]);
});

Deno.test("B49: without a token the API is not called", async () => {
  const { kpn, mock, calls } = fetchUnderTest();
  mock.respondNext("invalid_client", { to: "token" });
  const { code } = await assertRejects(() => kpn(PATH, POST), KpnAuthError);
  await assertRejects(() => kpn(PATH, POST), KpnAuthError);
  assertEquals([code, calls().length], ["invalid_client", 0]);
});

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
    const bare = await mock.fetch(`https://api-prd.kpn.com${PATH}`, POST);
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
    mock.respondNext(script === "same" ? same : script, { to: "token" });
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
  assertEquals(await bodiesOf(stream(), true), ["\nstreamed", "\nstreamed"]);
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
  const hangs = new Promise((resolve) => timer = setTimeout(() => resolve("it hangs"), 1_000));
  assertEquals(await Promise.race([call.catch((thrown) => thrown), hangs]), "mine");
  clearTimeout(timer);
  assertEquals(mock.requests.length, 0);
});
