/** B43, B65: a call's init is read as `fetch` reads it: within the call, inherited members too, a body that can be sent once known as such. */

import { Stream } from "node:stream";
import { authorizedFetch, type TokenSource } from "../mod.ts";
import { copyHeaders } from "../src/init.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "./support/assert.ts";

const REJECTED = { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } };

/** Tokens without end, each given when `gate` opens. */
function counting(gate: Promise<unknown> = Promise.resolve()): TokenSource {
  let asked = 0;
  // deno-lint-ignore no-explicit-any -- only the value of a token is used
  return { token: (): Promise<any> => gate.then(() => ({ value: `t${++asked}` })) };
}

/** An authorized fetch whose first answer of two rejects the token, with all that it sent. */
function noting(gate?: Promise<unknown>) {
  const sent: { type: string | null; body: string; method: string; init: RequestInit }[] = [];
  const kpn = authorizedFetch(counting(gate), {
    fetch: async (url, init) => {
      const request = new Request(url, init);
      const { method, headers } = request;
      const type = headers.get("content-type");
      sent.push({ type, method, init, body: await request.text() });
      return sent.length % 2 ? new Response("", REJECTED) : new Response("ok");
    },
  });
  return { kpn, sent };
}

/** A body, how its caller changes it after the call, and what is sent of it. */
type Changed = readonly [BodyInit, change: () => void, includes: string, type: string | null];

function changing(): Record<string, Changed> {
  const form = new URLSearchParams({ number: "1" });
  const data = new FormData();
  data.set("number", "1");
  data.set("file", new File(["content"], "name.txt"));
  const bytes = new Uint8Array([65, 66, 67]);
  const node = Uint8Array.from([65, 66, 67]);
  // As Node's Buffer does, whose slice shows the same memory.
  Object.defineProperty(node, "slice", { value: () => node });
  const view = new DataView(new Uint8Array([48, 65, 66]).buffer, 1);
  const whole = new Uint8Array([65, 66]).buffer;
  const moved = whole.slice(0);
  const FORM = "application/x-www-form-urlencoded;charset=UTF-8";
  return {
    "URLSearchParams": [form, () => form.set("number", "2"), "number=1", FORM],
    "FormData": [data, () => data.set("number", "2"), "\r\n\r\n1\r\n", "multipart/form-data"],
    "FormData, its file": [data, () => data.delete("file"), 'filename="name.txt"', "multipart"],
    "Uint8Array": [bytes.subarray(1), () => bytes.fill(0), "BC", null],
    "Buffer": [node, () => node.fill(0), "ABC", null],
    "DataView": [view, () => view.setUint8(0, 0), "AB", null],
    "ArrayBuffer": [whole, () => new Uint8Array(whole).fill(0), "AB", null],
    "ArrayBuffer, transferred": [moved, () => void moved.transfer(), "AB", null],
  };
}

for (const name of Object.keys(changing())) {
  Deno.test(`B65: a body that is changed after the call is sent as it was, in both sends: ${name}`, async () => {
    const gate = Promise.withResolvers<void>();
    const { kpn, sent } = noting(gate.promise);
    const [body, change, includes, type] = changing()[name]!;
    const call = kpn("/x", { method: "POST", body });
    change();
    gate.resolve();
    assertEquals(await (await call).text(), "ok");
    assertEquals(sent.length, 2);
    for (const { body, type: sentType } of sent) {
      assert(body.includes(includes), body);
      assert(type === null ? sentType === null : sentType?.startsWith(type), `${sentType}`);
    }
  });
}

Deno.test("B65: a form that is used again for each of many calls is sent with what each had", async () => {
  const { kpn, sent } = noting();
  const body = new URLSearchParams();
  await Promise.all(["1", "2", "3"].map((number) => {
    body.set("number", number);
    return kpn("/x", { method: "POST", body });
  }));
  assertEquals(
    new Set(sent.map(({ body }) => body)),
    new Set(["number=1", "number=2", "number=3"]),
  );
});

Deno.test("B65: a Request's headers, changed after the call, are sent as they were", async () => {
  for (const injected of [true, false]) {
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    const { fetch } = globalThis;
    // deno-lint-ignore no-explicit-any -- an injected fetch gets a string, the global one a Request
    const api = async (input: any, init?: any) => {
      const request = new Request(input, init);
      seen.push(`${request.headers.get("x-id")} ${await request.text()}`);
      return new Response();
    };
    globalThis.fetch = api;
    try {
      const kpn = authorizedFetch(
        counting(gate.promise),
        injected ? { fetch: (u, i) => api(u, i) } : {},
      );
      const headers = { "x-id": "1" };
      const request = new Request("https://api-prd.kpn.com/x", {
        method: "POST",
        headers,
        body: "whole",
      });
      const calls = [kpn(request), kpn("/x", new Request(request.url, { headers }))];
      request.headers.set("x-id", "2");
      gate.resolve();
      await Promise.all(calls);
      assertEquals(seen.sort(), ["1 ", "1 whole"]);
    } finally {
      globalThis.fetch = fetch;
    }
  }
});

Deno.test("B65: an init's members count wherever they stand: own, inherited, or getters of a class", async () => {
  class Post {
    #body = "x";
    get method() {
      return "POST";
    }
    get headers() {
      return { "x-id": "1" };
    }
    get body() {
      return this.#body;
    }
  }
  class Own extends Post {
    cf = { cacheTtl: 5 };
  }
  const members = { method: "POST", body: "x", headers: { "x-id": "1" }, cf: { cacheTtl: 5 } };
  const inits = [members, Object.create(members), new Own()];
  for (const init of inits as (RequestInit & { cf: unknown })[]) {
    const { kpn, sent } = noting();
    await kpn("/x", init);
    for (const { method, body, init } of sent) {
      assertEquals([method, body], ["POST", "x"]);
      assertEquals((init as { cf?: unknown }).cf, { cacheTtl: 5 });
      assertEquals((init.headers as Record<string, string>)["x-id"], "1");
    }
    await kpn(new Request("https://api-prd.kpn.com/x"), init);
    assertEquals([sent[2]!.method, sent[2]!.body], ["POST", "x"]);
  }
  const { kpn, sent } = noting();
  await kpn("/x", Object.create({ dispatcher: "undici's own" }));
  assertEquals((sent[0]!.init as { dispatcher?: unknown }).dispatcher, "undici's own");
});

/** An authorized fetch that takes bodies as a program's own fetch would; how often it was called, and with what status it ended. */
async function sentTimes(body: unknown): Promise<[calls: number, status: number]> {
  let calls = 0;
  const kpn = authorizedFetch(counting(), {
    fetch: () => Promise.resolve(new Response("", ++calls > 1 ? {} : REJECTED)),
  });
  const { status } = await kpn("/x", { method: "POST", body: body as BodyInit });
  return [calls, status];
}

Deno.test("B43: what is not known to be sendable twice is sent once, and its 401 handed back", async () => {
  const oneShots: Record<string, unknown> = {
    "an old Node stream": new Stream(),
    "form-data of npm": Object.assign(new Stream(), { [Symbol.toStringTag]: "FormData" }),
    "a generator": (function* () {
      yield "data";
    })(),
    "an iterator": ["data"].values(),
    "an async generator": (async function* () {
      yield await Promise.resolve("data");
    })(),
    "a stream": new Blob(["data"]).stream(),
    "a foreign stream": { getReader: () => {} },
    "a foreign stream with a type": { type: "bytes", getReader: () => {} },
    "an old form-data of npm": { append() {}, pipe() {} },
  };
  for (const [name, body] of Object.entries(oneShots)) {
    assertEquals(await sentTimes(body), [1, 401], name);
  }
});

/** A file of a library's own class, which no `instanceof` knows. */
const foreignFile = (text: string, more: object = {}) => ({
  type: "text/csv",
  size: text.length,
  slice() {},
  arrayBuffer: () => Promise.resolve(new TextEncoder().encode(text).buffer),
  ...more,
});

/** A form of a library's own class. */
function foreignForm(...entries: [string, unknown][]) {
  return {
    append: (name: string, value: unknown) => void entries.push([name, value]),
    [Symbol.iterator]: () => entries.values(),
  };
}

Deno.test("B43, B75: bodies of another realm's or library's classes are sent twice", async () => {
  const form = foreignForm(["file", foreignFile("a,b", { name: "a.csv" })]);
  const files = [foreignFile("a,b"), foreignFile("", { type: "" })];
  const formWithoutEntries = { append() {} };
  for (const body of [...files, form, formWithoutEntries, null, undefined, "", 5]) {
    assertEquals(await sentTimes(body), [2, 200]);
  }
});

Deno.test("B75: a file of a foreign class is sent with its bytes and its type, not as [object Blob]", async () => {
  const { kpn, sent } = noting();
  await kpn("/x", { method: "POST", body: foreignFile("a,b") as unknown as BodyInit });
  await kpn("/x", {
    method: "POST",
    headers: [["Content-Type", "text/plain"]],
    body: foreignFile("a,b") as unknown as BodyInit,
  });
  assertEquals(sent.map(({ type, body }) => [type, body]), [
    ["text/csv", "a,b"],
    ["text/csv", "a,b"],
    ["text/plain", "a,b"],
    ["text/plain", "a,b"],
  ]);
});

Deno.test("B75: a form of a foreign class is sent as the runtime sends its own", async () => {
  const entries: [string, string][] = [
    ["number", "1"],
    ['a "name"\r\n', "line\nline\r\n"],
    ["ünï", "€"],
  ];
  const expected = new FormData();
  for (const entry of entries) expected.append(...entry);
  expected.append("file", new File(["a,b"], 'a".csv', { type: "text/csv" }));
  expected.append("file", new Blob(["c"]));
  const form = foreignForm(
    ...entries,
    ["file", foreignFile("a,b", { name: 'a".csv' })],
    ["file", foreignFile("c", { type: "" })],
  );
  for (const body of [form, expected]) {
    let sent: Request | undefined;
    const fetch = (url: string, init: RequestInit) =>
      Promise.resolve((sent = new Request(url, init), new Response()));
    const call = authorizedFetch(counting(), { fetch })("/x", {
      method: "POST",
      body: body as unknown as BodyInit,
    });
    body.append("later", "x");
    await call;
    const seen = await sent!.clone().formData();
    const own = await new Response(expected).formData();
    own.delete("later");
    assertEquals(await contents(seen), await contents(own));
  }
});

const contents = async (form: FormData) =>
  await Promise.all(
    [...form].map(async ([name, value]) =>
      typeof value === "string" ? [name, value] : [name, value.name, value.type, await value.text()]
    ),
  );

Deno.test("B75: a file that cannot be read is named, and nothing is sent in its stead", async () => {
  const file = { size: 1, type: "", slice() {} }; // jsdom's Blob
  for (const body of [file, foreignForm(["file", file])]) {
    const { kpn, sent } = noting();
    const error = await assertRejects(
      () => kpn("/x", { method: "POST", body: body as unknown as BodyInit }),
      TypeError,
    );
    assertEquals(
      error.message,
      "Cannot send the body: its Blob has no `arrayBuffer`; send bytes or text",
    );
    assertEquals(sent.length, 0);
  }
});

Deno.test("B75: what is neither a URL nor a Request is named, and not called as a path", async () => {
  for (const input of [{}, { url: "/x", method: "POST" }, { [Symbol.toStringTag]: "Request" }]) {
    const { kpn, sent } = noting();
    const error = await assertRejects(() => kpn(input as unknown as Request), TypeError);
    assert(/^Cannot call \[object \w+\]: pass a URL, or a Request/.test(error.message));
    assertEquals(sent.length, 0);
  }
});

Deno.test("headers that are none are refused without their value", () => {
  for (const headers of ["s3cret", 5, true]) {
    const { message } = assertThrows(
      () => copyHeaders(headers as unknown as HeadersInit),
      TypeError,
    );
    assert(!message.includes("s3cret"), message);
  }
});

Deno.test("B75: what is known to be a form, and does not show its entries, is sent as it is", async () => {
  const form = { append() {} } as unknown as BodyInit; // React Native's
  const bodies: unknown[] = [];
  const kpn = authorizedFetch(counting(), {
    fetch: (_url, { body }) => (bodies.push(body), Promise.resolve(new Response())),
  });
  await kpn("/x", { method: "POST", body: form });
  assert(bodies[0] === form);
});

Deno.test("B75: a foreign form ends with its boundary, and a file without a type is bytes", async () => {
  const { kpn, sent } = noting();
  const form = foreignForm(["file", foreignFile("c", { type: "" })]);
  await kpn("/x", { method: "POST", body: form as unknown as BodyInit });
  const { type, body } = sent[0]!;
  const boundary = type!.split("boundary=")[1]!;
  assertEquals(body.split("\r\n"), [
    `--${boundary}`,
    'Content-Disposition: form-data; name="file"; filename="blob"',
    "Content-Type: application/octet-stream",
    "",
    "c",
    `--${boundary}--`,
    "",
  ]);
});
