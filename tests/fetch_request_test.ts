/** B65, B44: what a call keeps of a `Request`, of its init, and of its headers. */

import { authorizedFetch, type TokenSource } from "../mod.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "./support/assert.ts";

const URL_ = "https://api-prd.kpn.com/x";
const REJECTED = { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } };

/** A source with an endless supply of tokens: t1, t2, … */
function counting(): TokenSource & { asked: number } {
  const source = {
    asked: 0,
    // deno-lint-ignore no-explicit-any -- only the value of a token is used
    token: (): Promise<any> => Promise.resolve({ value: `t${++source.asked}` }),
  };
  return source;
}

/** What was sent, as an injected fetch got it, or the global one. */
interface Sent {
  readonly input: string | Request;
  // deno-lint-ignore no-explicit-any -- an injected fetch may take anything
  readonly init: any;
  readonly request: Request;
  readonly body: string;
}

/** An authorized fetch whose first token is rejected, and what it sent. */
function twice(injected: boolean, source = counting()) {
  const sent: Sent[] = [];
  // deno-lint-ignore no-explicit-any -- see Sent
  const fetch = async (input: any, init?: any) => {
    const request = new Request(input, init);
    sent.push({ input, init, request, body: await request.clone().text() });
    return sent.length % 2 ? new Response("", REJECTED) : new Response("ok");
  };
  const kpn = authorizedFetch(source, injected ? { fetch } : {});
  return {
    sent,
    source,
    async kpn(...args: Parameters<typeof kpn>): Promise<Response> {
      if (injected) return await kpn(...args);
      const original = globalThis.fetch;
      globalThis.fetch = fetch;
      try {
        return await kpn(...args);
      } finally {
        globalThis.fetch = original;
      }
    },
  };
}

/** The options that a `Request` shows, and a value for each that is not its default. */
const OPTIONS = {
  cache: "no-store",
  credentials: "include",
  integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
  keepalive: true,
  mode: "same-origin",
  referrer: "https://app.example/page",
  referrerPolicy: "no-referrer",
} as const;

const shown = (request: Request | RequestInit) =>
  Object.fromEntries(
    Object.keys(OPTIONS).map((name) => [name, (request as Record<string, unknown>)[name]]),
  );

Deno.test("B65: the global fetch gets a Request rebuilt from the caller's, in both sends", async () => {
  const { kpn, sent } = twice(false);
  const original = new Request(URL_, {
    ...OPTIONS,
    method: "PUT",
    body: "text",
    redirect: "follow",
  });
  assertEquals(await (await kpn(original)).text(), "ok");
  assertEquals(sent.map(({ request }) => request.headers.get("authorization")), [
    "Bearer t1",
    "Bearer t2",
  ]);
  for (const { input, init, request, body } of sent) {
    assert(input instanceof Request && input !== original);
    assertEquals([init, request.method, body, request.redirect], [
      undefined,
      "PUT",
      "text",
      "manual",
    ]);
    assertEquals(shown(input), OPTIONS);
  }
});

Deno.test("B65: globalThis.fetch, handed in, is the global one", async () => {
  const { fetch } = globalThis;
  let input: unknown;
  globalThis.fetch = (given) => (input = given, Promise.resolve(new Response()));
  try {
    await authorizedFetch(counting(), { fetch: globalThis.fetch })(new Request(URL_));
  } finally {
    globalThis.fetch = fetch;
  }
  assert(input instanceof Request);
});

Deno.test("B65: an injected fetch gets every option that can be read, and no default", async () => {
  const { kpn, sent } = twice(true);
  await kpn(new Request(URL_, { ...OPTIONS, method: "PUT", body: "text" }));
  await kpn(new Request(URL_));
  for (const { input, init, body } of sent.slice(0, 2)) {
    assertEquals([input, init.method, init.redirect, body], [URL_, "PUT", "manual", "text"]);
    assertEquals(shown(init), OPTIONS);
  }
  for (const { init } of sent.slice(2)) {
    assertEquals(Object.keys(init).sort(), ["body", "headers", "method", "redirect", "signal"]);
    assertEquals(init.body, null);
  }
});

/** A Request of another library: no `instanceof` knows it. */
function foreign(members: Record<string, unknown> = {}) {
  return {
    url: URL_,
    method: "POST",
    headers: new Headers({ "x-id": "1" }),
    body: {},
    signal: null,
    mode: "navigate",
    referrer: null,
    arrayBuffer: () => Promise.resolve(new TextEncoder().encode("foreign").buffer),
    ...members,
  } as unknown as Request;
}

Deno.test("B65: a foreign Request is known by its shape, its own options with it", async () => {
  for (const injected of [true, false]) {
    const { kpn, sent } = twice(injected);
    const agent = { proxy: true };
    await kpn(foreign({ agent, cf: { cacheTtl: 5 }, credentials: "include" }));
    assertEquals(sent.length, 2);
    for (const { input, init, request, body } of sent) {
      assertEquals([input, request.method, body], [URL_, "POST", "foreign"]);
      assertEquals(request.headers.get("x-id"), "1");
      assertStrictEquals(init.agent, agent);
      assertEquals([init.cf, init.credentials], [{ cacheTtl: 5 }, "include"]);
      assert(!("mode" in init) && !("referrer" in init));
    }
  }
});

Deno.test("B65: a body is read only where there is one, and once", async () => {
  const never = () => Promise.reject(new Error("there is no body to read"));
  for (const injected of [true, false]) {
    const { kpn, sent } = twice(injected);
    await kpn(foreign({ method: "GET", body: null, arrayBuffer: never }));
    const request = new Request(URL_);
    Object.defineProperty(request, "arrayBuffer", { value: never });
    await kpn(request);
    const replaced = new Request(URL_, { method: "POST", body: "old" });
    Object.defineProperty(replaced, "arrayBuffer", { value: never });
    await kpn(replaced, { body: "" });
    assertEquals(sent.map(({ body }) => body), Array(6).fill(""));
  }
});

Deno.test("B65: a Request that does not show its body, as in Firefox, is sent with what it has", async () => {
  for (const injected of [true, false]) {
    const { kpn, sent } = twice(injected);
    for (const init of [{}, { method: "POST", body: "text" }]) {
      const request = new Request(URL_, init);
      Object.defineProperty(request, "body", { value: undefined });
      await kpn(request);
    }
    assertEquals(sent.map(({ body }) => body), ["", "", "text", "text"]);
  }
});

Deno.test("B65: init beside a Request overrides it as fetch's does", async () => {
  const make = () =>
    new Request(URL_, {
      method: "POST",
      headers: { "x-id": "1", "content-type": "text/a" },
      body: "body",
      cache: "no-store",
      signal: AbortSignal.abort("left"),
    });
  const inits: RequestInit[] = [
    { method: "PUT" },
    { headers: { "x-id": "2" } },
    { headers: [["x-id", "2"], ["x-id", "3"]] },
    { body: "other" },
    { body: new URLSearchParams({ a: "1" }), headers: {} },
    { body: null },
    { cache: "reload", credentials: "omit" },
    {
      method: undefined,
      headers: undefined,
      body: undefined,
      cache: undefined,
    } as unknown as RequestInit,
  ];
  for (const init of inits) {
    const call = { ...init, signal: null };
    const expected = new Request(make(), call);
    const [text, { method, cache, credentials }] = [await expected.text(), expected];
    for (const injected of [true, false]) {
      const { kpn, sent } = twice(injected);
      await kpn(make(), call);
      for (const { request, body } of sent) {
        assertEquals([request.method, request.cache, request.credentials, body], [
          method,
          cache,
          credentials,
          text,
        ]);
        request.headers.delete("authorization");
        assertEquals([...request.headers], [...expected.headers]);
      }
      assertEquals(sent.length, 2);
    }
  }
});

Deno.test("B65: a Request given as init is sent with its method, headers, body and options", async () => {
  for (const injected of [true, false]) {
    const { kpn, sent } = twice(injected);
    const init = {
      method: "PUT",
      headers: { "x-id": "1" },
      body: "text",
      cache: "no-store",
    } as const;
    await kpn("/x", new Request("https://elsewhere.example/", init) as unknown as RequestInit);
    await kpn(
      new Request(URL_, { method: "POST", body: "old" }),
      new Request("https://elsewhere.example/", init) as unknown as RequestInit,
    );
    assertEquals(sent.length, 4);
    for (const { request, body } of sent) {
      assertEquals([request.url, request.method, body], [URL_, "PUT", "text"]);
      assertEquals([request.headers.get("x-id"), request.cache], ["1", "no-store"]);
    }
  }
});

/** Headers in every form that fetch takes, each made anew: some can be read only once. */
const FORMS: Readonly<Record<string, () => HeadersInit>> = {
  "a record": () => ({ "X-Id": "1", accept: "a/b" }),
  "a list with duplicates":
    () => [["x", "1"], ["x", "2"], ["set-cookie", "a"], ["set-cookie", "b"]],
  "Headers with duplicates": () =>
    new Headers([["x", "1"], ["x", "2"], ["set-cookie", "a"], ["set-cookie", "b"]]),
  "a Map": () => new Map([["x", "1"]]) as unknown as HeadersInit,
  "an iterator": () => new Map([["x", "1"]]).entries() as unknown as HeadersInit,
  "iterators in a list": () => [["x", "1"].values()] as unknown as HeadersInit,
  "values that are no text": () =>
    ({ a: undefined, b: null, c: 5, d: ["x", "y"] }) as unknown as HeadersInit,
  "none": () => ({}),
};
for (const [form, make] of Object.entries(FORMS)) {
  Deno.test(`B44: headers are sent as fetch sends them, the token added: ${form}`, async () => {
    const expected = [...new Headers(make())];
    for (const injected of [true, false]) {
      const { kpn, sent } = twice(injected);
      await kpn("/x", { headers: make() });
      await kpn(new Request(URL_, { headers: make() }));
      await kpn(new Request(URL_, { headers: { old: "1" } }), { headers: make() });
      assertEquals(sent.length, 6);
      for (const { request } of sent) {
        assert(/^Bearer t\d$/.test(request.headers.get("authorization")!));
        request.headers.delete("authorization");
        assertEquals([...request.headers], expected);
      }
    }
  });
}

Deno.test("a list of headers stays a list, and a record a record", async () => {
  const { kpn, sent } = twice(true);
  await kpn("/x", { headers: [["x", "1"], ["x", "2"]] });
  assertEquals(sent[0]!.init.headers, [["x", "1"], ["x", "2"], ["authorization", "Bearer t1"]]);
  await kpn("/x", { headers: { x: "1" } });
  assertEquals(sent[2]!.init.headers, { x: "1", authorization: "Bearer t3" });
});

Deno.test("what fetch does not take for headers is refused, and no token is asked for", async () => {
  for (
    const headers of [null, 5, "a: b", true, [["only a name"]], { "a b": "1" }, [["a b", "1"]]]
  ) {
    const { kpn, source } = twice(true);
    const init = { headers } as unknown as RequestInit;
    await assertRejects(() => kpn("/x", init), TypeError);
    await assertRejects(() => kpn(new Request(URL_), init), TypeError);
    if (Object(headers) !== headers) assertEquals(source.asked, 0);
  }
});

Deno.test("B44: a caller's own authorization is sent untouched, in any case and form; no token is asked for", async () => {
  const forms = (name: string, value: string): HeadersInit[] => [
    { [name]: value },
    [["x", "1"], [name, value]],
    new Headers([[name, value]]),
    new Map([[name, value]]) as unknown as HeadersInit,
    [[name, value]].values() as unknown as HeadersInit,
  ];
  for (const name of ["authorization", "Authorization", "AUTHORIZATION"]) {
    for (const value of ["Basic abc", "Bearer mine", ""]) {
      for (const injected of [true, false]) {
        const { kpn, sent, source } = twice(injected);
        for (const headers of forms(name, value)) await kpn("/x", { headers });
        for (const headers of forms(name, value)) await kpn(new Request(URL_, { headers }));
        for (const headers of forms(name, value)) await kpn(new Request(URL_), { headers });
        for (const headers of forms(name, value)) {
          await kpn(foreign({ headers: new Headers(headers) }));
        }
        await kpn(
          "/x",
          new Request(URL_, { headers: { [name]: value } }) as unknown as RequestInit,
        );
        assertEquals(
          sent.map(({ request }) => request.headers.get("authorization")),
          Array(21).fill(value),
        );
        assertEquals(source.asked, 0);
      }
    }
  }
});

Deno.test("a caller that changes its init while a token is obtained changes nothing that is sent", async () => {
  for (const form of ["record", "list"] as const) {
    const { kpn, sent } = twice(true);
    const record: Record<string, string> = { x: "1" };
    const list: [string, string][] = [["x", "1"]];
    const init: RequestInit = { method: "POST", headers: form === "record" ? record : list };
    const call = kpn("/x", init);
    Object.assign(record, { x: "2", authorization: "mine" });
    list[0]![1] = "2";
    list.push(["authorization", "mine"]);
    Object.assign(init, { method: "PUT", headers: {} });
    await call;
    for (const [index, { request }] of sent.entries()) {
      assertEquals([request.method, request.headers.get("x")], ["POST", "1"]);
      assertEquals(request.headers.get("authorization"), `Bearer t${index + 1}`);
    }
    assertEquals(sent.length, 2);
  }
});

Deno.test("B65: a rebuilt Request keeps the referrer and the policy that are set, and sets no others", async () => {
  const Genuine = globalThis.Request;
  const rebuilt: RequestInit[] = [];
  globalThis.Request = class extends Genuine {
    constructor(input: RequestInfo | URL, init: RequestInit = {}) {
      super(input, init);
      rebuilt.push(init);
    }
  };
  try {
    for (const [referrer, referrerPolicy] of [["https://a.b/", "origin"], ["about:client", ""]]) {
      const { kpn } = twice(false);
      const request = new Request(URL_);
      Object.defineProperties(request, {
        referrer: { value: referrer },
        referrerPolicy: { value: referrerPolicy },
      });
      rebuilt.length = 0;
      await kpn(request);
      const given = ["referrer", "referrerPolicy"].map((name) => name in rebuilt[0]!);
      assertEquals(given, referrerPolicy ? [true, true] : [false, false]);
    }
  } finally {
    globalThis.Request = Genuine;
  }
});

Deno.test("B65: a Request's empty body is a body", async () => {
  const { kpn, sent } = twice(true);
  await kpn(new Request(URL_, { method: "POST", body: "" }));
  assertEquals(sent.map(({ init }) => init.body?.byteLength), [0, 0]);
});
