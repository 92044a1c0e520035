/** B18, B31: what becomes of the bodies of answers that are looked at, handed back, or given up. */

import { Readable } from "node:stream";
import { authorizedFetch, type AuthorizedFetchOptions, KpnAuthError } from "../mod.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "./support/assert.ts";
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

Deno.test("B18: the body of a discarded 401 is read or cancelled, whatever gave it away", () =>
  inVirtualTime(async () => {
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
  }));

/** What a caller's `shouldReplay` may do with the answer that it gets. */
const READINGS: Readonly<Record<string, (response: Response) => unknown>> = {
  "reads nothing": () => {},
  "reads it": (response) => response.text(),
  "reads a clone": (response) => response.clone().text(),
  "reads a part, and keeps the reader": (response) => response.body!.getReader().read(),
  "makes a clone and reads neither": (response) => void response.clone(),
  "reads a part of a clone": (response) => response.clone().body!.getReader().read(),
  "cancels it": (response) => response.body!.cancel(),
  "goes on reading when it has decided": (response) => void response.text().catch(() => {}),
};
for (const [what, read] of Object.entries(READINGS)) {
  Deno.test(`B18: shouldReplay ${what}: the answer is handed back readable, or cancelled if the call is replayed`, async () => {
    for (const replay of [true, false]) {
      const answer = recorded(401, [FAULT, " "]);
      const kpn = answering([answer, recorded(200, ["ok"])], {
        shouldReplay: async (response) => {
          assertEquals([response.status, response.headers.get("content-type")], [
            401,
            "application/json",
          ]);
          await read(response);
          return replay;
        },
      });
      assertEquals(await (await kpn("/x")).text(), replay ? "ok" : `${FAULT} `);
      await turn();
      assert(answer.fate.now !== "open", `replayed: ${replay}`);
    }
  });

  Deno.test(`B18: shouldReplay ${what}: when the answer that is handed back is cancelled, nothing stays open`, async () => {
    const answer = recorded(401, [FAULT, "never ends"], { ends: false });
    const hasty = (response: Response) => {
      Promise.resolve(read(response)).catch(() => {});
      return false;
    };
    const response = await answering([answer], { shouldReplay: hasty })("/x");
    await response.body!.cancel();
    await turn();
    assertEquals(answer.fate.now, "cancelled");
  });
}

/** Lets what hangs on promises alone run. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("B18: where shouldReplay throws, at once or later, its error is the call's, and nothing stays open", async () => {
  const error = new Error("shouldReplay");
  const throwing: ((response: Response) => boolean | Promise<boolean>)[] = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
    async (response) => {
      await response.body!.getReader().read();
      throw error;
    },
  ];
  for (const shouldReplay of throwing) {
    const refusal = recorded(401, [FAULT, "more"]);
    const thrown = await answering([refusal], { shouldReplay })("/x").catch((thrown) => thrown);
    await turn();
    assertEquals([thrown, refusal.fate.now], [error, "cancelled"]);
  }
});

Deno.test("an answer that is ok is never looked at", async () => {
  for (const status of [200, 201, 206]) {
    const answer = recorded(status, [FAULT], {
      headers: { "www-authenticate": 'error="invalid_token"' },
    });
    const never = () => {
      throw new Error("it was looked at");
    };
    Object.defineProperty(answer.response, "clone", { value: never });
    const response = await answering([answer], { shouldReplay: never })("/x");
    assert(response === answer.response);
    assertEquals([answer.fate.pulled, await response.text()], [0, FAULT]);
  }
});

Deno.test("an answer that a wrapper of fetch has read already is handed back", async () => {
  for (const options of [{}, { shouldReplay: (response: Response) => response.status === 403 }]) {
    const answer = recorded(401, [FAULT]);
    await answer.response.text();
    assertEquals((await answering([answer], options)("/x")).status, 401);
  }
});

Deno.test("B31: no more than 64 KiB of an error is looked at, and it is handed back whole", async () => {
  const chunk = "x".repeat(16_384);
  const answer = recorded(401, Array(20).fill(chunk));
  const response = await answering([answer])("/x");
  assert(answer.fate.pulled <= 6 * 16_384, `${answer.fate.pulled} bytes`);
  assertEquals((await response.text()).length, 20 * 16_384);
  assertEquals(answer.fate.now, "read");
});

Deno.test("an error body that does not end is looked at for a second, and handed back readable", () =>
  inVirtualTime(async () => {
    const answer = recorded(401, ["{", '"half":'], { ends: false });
    const response = await answering([answer])("/x");
    const reader = response.body!.getReader();
    const texts = [await reader.read(), await reader.read()].map(({ value }) =>
      new TextDecoder().decode(value)
    );
    assertEquals(texts, ["{", '"half":']);
    await reader.cancel();
    assertEquals(answer.fate.now, "cancelled");
  }));

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

Deno.test("B58: a rejected token is recognised at every status from 400, with any content type", async () => {
  for (const status of [400, 401, 403, 404, 418, 500, 503]) {
    for (const type of ["application/json", "text/plain", "text/html", undefined]) {
      const headers: HeadersInit = type ? { "content-type": type } : {};
      const answer = recorded(status, [FAULT], { headers });
      assertEquals(await (await answering([answer, recorded(200, ["ok"])])("/x")).text(), "ok");
    }
  }
});

Deno.test("B58: what says nothing of the token is handed back, and below 400 it is not looked at", async () => {
  for (const status of [200, 302, 399]) {
    const answer = recorded(status, [FAULT]);
    const response = await answering([answer])("/x");
    assertEquals([response.status, answer.fate.pulled], [status, 0]);
    await response.body?.cancel();
  }
  const response = await answering([{ response: new Response(null, { status: 401 }) }])("/x");
  assertEquals([response.status, await response.text()], [401, ""]);
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

/** The answer of a test's own: no Response, but what a program's mock of fetch may give. */
const stub = (members: object) => ({
  response: { ok: false, status: 401, headers: new Headers(), ...members } as unknown as Response,
});

Deno.test("B73: after a replay the body of the 401 is given up, however: Node's streams are destroyed, and stubs may throw", async () => {
  const copy = () => new Response(FAULT, { status: 401 });
  for (const shouldReplay of [undefined, () => true]) {
    const stream = Readable.from([FAULT]);
    const bodies = [stream, { cancel() {} }, { cancel: () => assert(false) }, {}, "text", null];
    for (const body of bodies) {
      const kpn = answering([stub({ body, clone: copy }), recorded(200, ["ok"])], { shouldReplay });
      assertEquals(await (await kpn("/x")).text(), "ok");
    }
    assert(stream.destroyed);
  }
});

Deno.test("B73: a copy that shouldReplay left unread is given up too where it is a Node stream", async () => {
  const copy = Readable.from([FAULT]);
  const answer = stub({ body: Readable.from([FAULT]), clone: () => stub({ body: copy }).response });
  const response = await answering([answer], { shouldReplay: () => false })("/x");
  await turn();
  assertEquals([copy.destroyed, (response.body as unknown as Readable).destroyed], [true, false]);
});

Deno.test("B75: a stub without clone is judged by its headers and status; one without headers is handed back", async () => {
  const headers = new Headers({ "www-authenticate": 'Bearer error="invalid_token"' });
  const json = () => Promise.resolve({});
  const ok = () => recorded(200, ["ok"]);
  assertEquals((await answering([stub({ headers, json }), ok()])("/x")).status, 200);
  assertEquals((await answering([stub({ headers: undefined, json }), ok()])("/x")).status, 401);
  const is401 = ({ status }: Response) => status === 401;
  const replaying = answering([stub({ json }), ok()], { shouldReplay: is401 });
  assertEquals((await replaying("/x")).status, 200);
});

Deno.test("what no Response can be made with is handed back where it has no clone: its status, a body in use", async () => {
  const inUse = recorded(401, [FAULT]).response.body!;
  inUse.getReader();
  const answers = [
    ...[101, 304, 600, NaN].map((status) => ({
      status,
      body: recorded(401, [FAULT]).response.body,
    })),
    { status: 401, body: inUse },
  ];
  for (const members of answers) {
    const { response } = stub(members);
    assert(await answering([{ response }])("/x") === response, `${members.status}`);
  }
  for (const status of [200, 599]) {
    const answer = stub({ status, body: recorded(401, ["{}"]).response.body });
    const given = await answering([answer], { shouldReplay: () => false })("/x");
    assertEquals([given === answer.response, given.status], [false, status]);
    assertEquals(await given.text(), "{}");
  }
});

Deno.test("B18: an answer that comes when its caller has left is cancelled, whatever fetch makes of signals", async () => {
  const { response, fate } = recorded(200, ["ok"]);
  const { promise, resolve } = Promise.withResolvers<Response>();
  const { source } = sourceUnderTest();
  const controller = new AbortController();
  const fetch = () => (queueMicrotask(() => controller.abort("left")), promise);
  const call = authorizedFetch(source, { fetch })("/x", { signal: controller.signal });
  assertEquals<unknown>(await assertRejects(() => call), "left");
  resolve(response);
  await turn();
  assertEquals(fate.now, "cancelled");
});

Deno.test("B68: what fetch gave, if it is no answer, is named, in both sends", async () => {
  for (const nothing of [undefined, null]) {
    const none = { response: nothing as unknown as Response };
    for (const answers of [[none], [recorded(401, [FAULT]), none]]) {
      const error = await assertRejects(() => answering(answers)("/x"), KpnAuthError);
      assertEquals(error.code, "invalid_response");
      assert(error.message.includes(`what fetch gave is ${nothing}`), error.message);
    }
  }
});

Deno.test("shouldReplay gets a copy also of an answer whose status no Response can be made with", async () => {
  const answer = recorded(401, [FAULT]);
  Object.defineProperty(answer.response, "status", { value: 600 });
  const clone = () => Object.defineProperty(new Response(FAULT), "status", { value: 600 });
  Object.defineProperty(answer.response, "clone", { value: clone });
  const seen: number[] = [];
  const shouldReplay = ({ status }: Response) => (seen.push(status), false);
  await (await answering([answer], { shouldReplay })("/x")).body?.cancel();
  assertEquals(seen, [600]);
});

Deno.test("B68: fetch, shouldReplay and onEvent that are no functions are refused at construction, with the value", () => {
  for (const name of ["fetch", "shouldReplay", "onEvent"]) {
    for (const value of ["text", 0, false, null]) {
      assertThrows(
        () => answering([], { [name]: value }),
        TypeError,
        `Cannot use ${name} ${JSON.stringify(value)}: it must be a function`,
      );
    }
  }
});

Deno.test("shouldReplay gets a copy that shows the answer's url", async () => {
  const response = new Response("no", { status: 401 });
  Object.defineProperty(response, "url", { value: "https://api-prd.kpn.com/x" });
  const urls: string[] = [];
  const kpn = answering([{ response }], {
    shouldReplay: async (copy) => {
      urls.push(copy.url, await copy.text());
      return false;
    },
  });
  await (await kpn("/x")).text();
  assertEquals(urls, ["https://api-prd.kpn.com/x", "no"]);
});
