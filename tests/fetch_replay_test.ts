/** What is replayed, what is handed back, and how a caller leaves. */

import { authorizedFetch } from "../mod.ts";
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
  const hangs = new Promise((resolve) => timer = setTimeout(() => resolve("it hangs"), 5_000));
  assertEquals(await Promise.race([call.catch((thrown) => thrown), hangs]), "mine");
  clearTimeout(timer);
  assertEquals(mock.requests.length, 0);
});
