/** B64, B68: what a `fetch` of any make gives is read up to a cap, or its mistake is named. */

import { KpnAuthError, readTokenResponse, requestToken } from "../mod.ts";
import { discard, isOk, parseJson, readText, type ResponseLike } from "../src/body.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";
import { counted } from "./support/counted.ts";
import { CREDENTIALS } from "./support/credentials.ts";

/** What is read of an answer: 64 KiB. */
const BODY_LIMIT = 65_536;

const bytes = (text: string) => new TextEncoder().encode(text);
const WIRE = { access_token: "t", expires_in: "3599" };

/** An answer whose body gives `chunks`, one a pull. */
function answer(...chunks: unknown[]): ResponseLike {
  const body = new ReadableStream({
    pull(controller) {
      if (chunks.length) controller.enqueue(chunks.shift());
      else controller.close();
    },
  });
  return { ok: true, status: 200, headers: new Headers(), body };
}

/** A response that is no `Response`. */
const stub = (fields: object) => ({ ok: true, status: 200, ...fields }) as ResponseLike;

Deno.test("B64: 65,536 bytes are read whole, one more is cut, in whatever chunks they come", async () => {
  const whole = "x".repeat(BODY_LIMIT);
  for (const size of [1000, 4096, BODY_LIMIT, BODY_LIMIT + 1]) {
    const chunksOf = (text: string) => text.match(new RegExp(`.{1,${size}}`, "g"))!.map(bytes);
    assertEquals(await readText(answer(...chunksOf(whole))), whole);
    assertEquals(await readText(answer(...chunksOf(`${whole}y`))), `${whole}...`);
  }
  assertEquals((await readText(answer(bytes("é".repeat(BODY_LIMIT))))).length, BODY_LIMIT / 2 + 3);
  assertEquals(await readText(answer(bytes(whole), new Uint8Array(), bytes("y"))), `${whole}...`);
  assertEquals(await readText(answer(bytes(whole), new Uint8Array())), whole);
});

Deno.test("B64: a character that is cut in two by chunks is whole again", async () => {
  const text = "zażółć 🔑";
  assertEquals(
    await readText(answer(...[...bytes(text)].map((byte) => Uint8Array.of(byte)))),
    text,
  );
});

Deno.test("B64: chunks of any kind are joined in their order", async () => {
  const { buffer } = bytes("3");
  const view = new DataView(bytes("x4x").buffer, 1, 1);
  const chunks = ["1", bytes("2"), buffer, view, new Uint8Array(), "5é"];
  assertEquals(await readText(answer(...chunks)), "12345é");
  const stream = async function* () {
    yield* chunks;
  };
  assertEquals(await readText(stub({ body: stream() })), "12345é");
});

Deno.test("B64: a body of empty chunks without end ends the reading, and starves no deadline", async () => {
  let cancelled = false;
  let reads = 0;
  const body = () => ({
    getReader: () => ({
      read: () => Promise.resolve({ done: false, value: new Uint8Array(), nth: reads++ }),
      cancel: () => Promise.resolve(cancelled = true),
    }),
  });
  assertEquals(await readText(stub({ body: body() })), "...");
  assert(cancelled && reads < 2 * BODY_LIMIT, `${reads} chunks`);
  const error = await assertRejects(
    () =>
      requestToken({
        ...CREDENTIALS,
        timeout: 50,
        retries: 0,
        fetch: () => Promise.resolve(stub({ headers: new Headers(), body: body() })),
      }),
    KpnAuthError,
  );
  assert(["timeout", "invalid_response"].includes(error.code), error.message);
});

Deno.test("B31: a stream that is iterated is left beyond the cap", async () => {
  let left = false;
  let sent = 0;
  async function* endless() {
    try {
      for (;; sent++) yield await Promise.resolve("x".repeat(1024));
    } finally {
      left = true;
    }
  }
  assertEquals((await readText(stub({ body: endless() }))).length, BODY_LIMIT + 3);
  await Promise.resolve();
  assert(left && sent < 70, `${sent} KiB`);
});

Deno.test("B64: an answer without a stream is read by text() or json(), and without headers", async () => {
  const json = JSON.stringify(WIRE);
  const ways: object[] = [
    { text: () => Promise.resolve(json) },
    { body: null, text: () => Promise.resolve(json) },
    { json: () => Promise.resolve(WIRE) },
    { text: () => Promise.resolve(json), json: () => Promise.reject(new Error("not this one")) },
    { body: { getReader: () => new Response(json).body!.getReader() } },
  ];
  for (const way of ways) assertEquals<unknown>(await readTokenResponse(stub(way)), WIRE);
  assertEquals(await readText(stub({ body: null })), "");
  const long = stub({ text: () => Promise.resolve("x".repeat(BODY_LIMIT + 1)) });
  assertEquals((await readText(long)).length, BODY_LIMIT + 3);
  const refused = {
    ok: false,
    status: 401,
    json: () => Promise.resolve({ error: "invalid_client" }),
  };
  const error = await assertRejects(() => readTokenResponse(stub(refused)), KpnAuthError);
  assertEquals([error.code, error.status], ["invalid_client", 401]);
});

function notMocked(): never {
  throw new Error("not mocked");
}

/** A body as Node's streams are read. */
async function* yielding(...chunks: unknown[]) {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

Deno.test("B68: a stub's cancel that gives no promise, throws, or is missing harms nothing", async () => {
  const chunk = bytes(JSON.stringify(WIRE));
  for (const cancel of [() => {}, notMocked, () => Promise.reject(new Error("no")), undefined]) {
    let reads = 0;
    const read = () => Promise.resolve(reads++ ? { done: true } : { value: chunk });
    const body = { getReader: () => ({ read, cancel }), cancel };
    assertEquals<unknown>(await readTokenResponse(stub({ body })), WIRE);
    discard(stub({ body }));
  }
});

Deno.test("B64: buffers of another realm are bytes", async () => {
  const buffer = bytes("{}").buffer;
  Object.setPrototypeOf(buffer, null);
  Object.defineProperty(buffer, Symbol.toStringTag, { value: "ArrayBuffer" });
  assertEquals(await readText(stub({ body: yielding(buffer) })), "{}");
});

Deno.test("B68: what a program did wrong with the answer is named, and is never tried again", async () => {
  const after = async (spoil: (response: Response) => unknown) => {
    const response = Response.json(WIRE);
    await spoil(response);
    return response;
  };
  const mistakes: Record<string, [() => unknown, RegExp]> = {
    "read whole": [() => after((response) => response.text()), /was read before.*clone/],
    "being read": [() => after((response) => void response.text()), /was read before/],
    "locked": [() => after((response) => void response.body!.getReader()), /was read before/],
    "begun": [
      () =>
        after(async (response) => {
          const reader = response.body!.getReader();
          await reader.read();
          reader.releaseLock();
        }),
      /was read before/,
    ],
    "cancelled": [() => after((response) => response.body!.cancel()), /was read before/],
    "no body": [() => stub({}), /no `body`, `text` or `json`/],
    "undefined": [() => undefined, /fetch gave is undefined/],
    "null": [() => null, /fetch gave is null/],
    "the JSON": [() => WIRE, /no `body`, `text` or `json`/],
    "a text": [() => JSON.stringify(WIRE), /no `body`, `text` or `json`/],
    "an answer of axios": [() => ({ status: 200, data: WIRE }), /no `body`, `text` or `json`/],
    "without status": [() => ({ ok: true, text: () => "" }), /has no `status`, and is not a token/],
    "only another json()": [() => ({ json: () => ({ a: 1 }) }), /no `status`, and is not a token/],
    "a Blob as a chunk": [
      () => stub({ body: yielding(new Blob(["{}"])) }),
      /neither bytes nor text/,
    ],
    "a huge number as a chunk": [() => stub({ body: yielding(2 ** 40) }), /neither bytes nor text/],
    "an array as a chunk": [() => stub({ body: yielding([123, 125]) }), /neither bytes nor text/],
    "null as a chunk": [() => stub({ body: yielding(null) }), /neither bytes nor text/],
    "a text() without a text": [() => stub({ text: () => {} }), /neither bytes nor text/],
    "a read() without a result": [
      () => stub({ body: { getReader: () => ({ read: () => {} }) } }),
      /neither bytes nor text/,
    ],
    ...Object.fromEntries(
      ["ok", "status", "headers", "body", "bodyUsed"].map((name) => [`a ${name} that throws`, [
        () => Object.defineProperty(stub({ json: () => WIRE }), name, { get: notMocked }),
        new RegExp(`fetch gave has a broken \`${name}\` \\(not mocked\\)`),
      ]]),
    ),
  };
  for (const [name, [give, words]] of Object.entries(mistakes)) {
    let posts = 0;
    const error = await assertRejects(
      () =>
        requestToken({
          ...CREDENTIALS,
          random: () => 0,
          fetch: async () => {
            posts++;
            return await give() as Response;
          },
        }),
      KpnAuthError,
    );
    assertEquals([error.code, error.retryable, posts], ["invalid_response", false, 1], name);
    assert(words.test(error.message), `${name}: ${error.message}`);
  }
});

Deno.test("B64: chunks that are all there already let a deadline's timer run", async () => {
  let reads = 0;
  const body = () => ({
    getReader: () => ({
      read: () => Promise.resolve({ done: false, value: bytes(reads++ ? "x" : "") }),
      cancel: () => Promise.resolve(),
    }),
  });
  const late = new AbortController();
  setTimeout(() => late.abort("too late"));
  const reason = await readText(stub({ body: body() }), late.signal).catch((reason) => reason);
  assertEquals([reason, reads < 5_000], ["too late", true]);
});

Deno.test("B64: what is nested more than 200 deep is no JSON, whatever else it holds", async () => {
  for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
    const nested = (depth: number) =>
      new Response(
        `{"access_token":"t","x":${open.repeat(depth - 1)}1${close.repeat(depth - 1)},"y":[[]]}`,
      );
    assertEquals((await readTokenResponse(nested(200))).access_token, "t");
    const error = await assertRejects(() => readTokenResponse(nested(201)), KpnAuthError);
    assertEquals(error.code, "invalid_response");
  }
});

Deno.test("B64: brackets inside of strings nest nothing", () => {
  const brackets = "[{".repeat(500);
  for (const words of [brackets, `\\"${brackets}`, `${brackets}\\\\`, `]]${brackets}`]) {
    assertEquals(typeof parseJson(`{"a":"${words}","${words}":[]}`), "object", words.slice(-9));
  }
  const deep = "[".repeat(201) + "]".repeat(201);
  for (const before of [`"${"]".repeat(500)}"`, '"\\"]]]"', '"\\\\"']) {
    assertEquals(parseJson(`[${before},${deep}]`), undefined, before);
  }
});

Deno.test("B73: a signal that outlives the reading keeps no listener", async () => {
  const { signal, now, most } = counted();
  assertEquals(await readText(answer("x"), signal), "x");
  await assertRejects(() => readText(stub({ body: yielding(1) }), signal), KpnAuthError);
  assertEquals([now(), most()], [0, 1]);
});

Deno.test("without ok an answer is one from 200 to 299", () => {
  const seen = [199, 200, 299, 300].map((status) => isOk({ status }));
  assertEquals(seen, [false, true, true, false]);
  assertEquals([isOk({}), isOk({ ok: false, status: 200 })], [true, false]);
});

Deno.test("B75: a json() that gives nothing is an empty answer", async () => {
  const error = await assertRejects(
    () => readTokenResponse({ status: 200, json: () => undefined } as ResponseLike),
    KpnAuthError,
    "0 characters",
  );
  assertEquals(error.code, "invalid_response");
});

Deno.test("B75: a json() that breaks off is the network's fault, and is tried again", async () => {
  let posts = 0;
  const fetch = () => {
    posts++;
    return Promise.resolve({
      status: 200,
      json: () => Promise.reject(new TypeError("connection lost")),
    });
  };
  const error = await assertRejects(
    () => requestToken({ ...CREDENTIALS, fetch, retries: 1, random: () => 0 }),
    KpnAuthError,
  );
  assertEquals([error.code, posts], ["network_error", 2]);
});
