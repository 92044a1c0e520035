/** B18, B31: what becomes of the bodies of answers that are looked at, handed back, or given up. */

import { authorizedFetch, type AuthorizedFetchOptions } from "../mod.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";
import { sourceUnderTest } from "./support/source.ts";

const FAULT = '{"fault":{"detail":{"errorcode":"oauth.v2.InvalidAccessToken"}}}';

/** An answer that knows whether its body was read to the end, or cancelled. */
function recorded(
  status: number,
  chunks: Iterable<string>,
  { headers = { "content-type": "application/json" } as HeadersInit, ends = true } = {},
) {
  const iterator = chunks[Symbol.iterator]();
  const fate = { now: "open", pulled: 0 };
  const body = new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next();
      if (!done) {
        fate.pulled += value.length;
        return controller.enqueue(new TextEncoder().encode(value));
      }
      if (!ends) return new Promise(() => {});
      fate.now = "read";
      controller.close();
    },
    cancel() {
      fate.now = "cancelled";
    },
  }, { highWaterMark: 0 });
  return { response: new Response(body, { status, headers }), fate };
}

/** An authorized fetch whose API answers with these, one after the other. */
function answering(
  answers: readonly { response: Response }[],
  options: AuthorizedFetchOptions = {},
) {
  const left = [...answers];
  const { source } = sourceUnderTest();
  return authorizedFetch(source, {
    fetch: () => Promise.resolve(left.shift()!.response),
    ...options,
  });
}

Deno.test("B18: the body of a discarded 401 is read or cancelled, whatever gave it away", async () => {
  const header = { "www-authenticate": 'Bearer error="invalid_token"' };
  const rejections = [
    recorded(401, [FAULT]),
    recorded(401, ["anything", "else"], { headers: header }),
    recorded(401, ["never ends"], { headers: header, ends: false }),
    recorded(500, [
      "<fault><detail><errorcode>oauth.v2.InvalidAccessToken</errorcode></detail></fault>",
    ], { headers: { "content-type": "text/xml" } }),
  ];
  for (const rejection of rejections) {
    const kpn = answering([rejection, recorded(200, ["ok"])]);
    assertEquals(await (await kpn("/x")).text(), "ok");
    assert(rejection.fate.now !== "open");
  }
});

Deno.test("B18: where shouldReplay throws, the answer's body is not left open", async () => {
  const refusal = recorded(401, [FAULT]);
  const kpn = answering([refusal], {
    shouldReplay: () => {
      throw new Error("shouldReplay");
    },
  });
  const outcome = await kpn("/x").then((response) => response.text(), (error) => error);
  assert(refusal.fate.now !== "open", `${outcome}`);
});

Deno.test("B31: no more than 64 KiB of an error is looked at, and it is handed back whole", async () => {
  const chunk = "x".repeat(16_384);
  const answer = recorded(401, Array(20).fill(chunk));
  const response = await answering([answer])("/x");
  assert(answer.fate.pulled <= 6 * 16_384, `${answer.fate.pulled} bytes`);
  assertEquals((await response.text()).length, 20 * 16_384);
  assertEquals(answer.fate.now, "read");
});

Deno.test("an error body that does not end is looked at for a second, and handed back readable", async () => {
  const answer = recorded(401, ["{", '"half":'], { ends: false });
  const response = await answering([answer])("/x");
  const reader = response.body!.getReader();
  const texts = [await reader.read(), await reader.read()].map(({ value }) =>
    new TextDecoder().decode(value)
  );
  assertEquals(texts, ["{", '"half":']);
  await reader.cancel();
  assertEquals(answer.fate.now, "cancelled");
});

Deno.test("an error body that breaks off is handed back to break off in the caller's hands", async () => {
  let pulls = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (pulls++) controller.error(new TypeError("connection lost"));
      else controller.enqueue(new TextEncoder().encode("{"));
    },
  }, { highWaterMark: 0 });
  const headers = { "content-type": "application/json" };
  const response = await answering([{ response: new Response(body, { status: 401, headers }) }])(
    "/x",
  );
  assertEquals(response.status, 401);
  await assertRejects(() => response.text(), TypeError, "connection lost");
});

Deno.test("B58: what is no error is not looked at, and an empty 401 is handed back", async () => {
  const answer = recorded(399, [FAULT]);
  const response = await answering([answer])("/x");
  assertEquals([answer.fate.pulled, await response.text()], [0, FAULT]);
  const empty = await answering([{ response: new Response(null, { status: 401 }) }])("/x");
  assertEquals(empty.status, 401);
});

Deno.test("B58: a rejected token is recognised at any status of 400 and above, with any type", async () => {
  for (
    const rejection of [
      recorded(400, [FAULT]),
      recorded(403, [FAULT]),
      recorded(429, [FAULT]),
      recorded(503, [FAULT]),
      recorded(401, [FAULT], { headers: { "content-type": "text/html" } }),
      recorded(401, [FAULT], { headers: {} }),
    ]
  ) {
    const kpn = answering([rejection, recorded(200, ["ok"])]);
    assertEquals(await (await kpn("/x")).text(), "ok");
    assert(rejection.fate.now !== "open");
  }
});

Deno.test("B18: every body of a token endpoint's answer is read or cancelled", async () => {
  const token = '{"access_token":"a","expires_in":"3600"}';
  for (
    const answer of [
      recorded(200, [token]),
      recorded(401, ['{"ErrorCode":"invalid_client"}']),
      recorded(302, ["moved"], { headers: { location: "https://evil.example/" } }),
      recorded(200, Array(20).fill("x".repeat(16_384))),
      recorded(200, ["<html>"], { headers: { "content-type": "text/html" } }),
      recorded(200, ["{"], { ends: false }),
    ]
  ) {
    const { source } = sourceUnderTest({
      fetch: () => Promise.resolve(answer.response),
      retries: 0,
      attemptTimeout: 20,
    });
    await source.token().catch(() => {});
    assert(answer.fate.now !== "open");
    assert(answer.fate.pulled <= 6 * 16_384);
  }
});
