/** B28: where the token may go, and what is called. */

import fc from "fast-check";
import { authorizedFetch, createTokenSource, type TokenSource } from "../mod.ts";
import { mockKpn } from "../src/mock/mock.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import { anyText } from "./support/values.ts";

const KPN = "https://api-prd.kpn.com";

/** A source for this origin, and an authorized fetch that notes what it is sent. */
function noting(origin?: string, origins?: readonly (string | URL)[]) {
  const sent: string[] = [];
  const source = {
    ...origin !== undefined && { origin },
    token: () => Promise.resolve({ value: "t" }),
  } as unknown as TokenSource;
  const fetch = (url: string) => (sent.push(url), Promise.resolve(new Response("ok")));
  return { sent, kpn: authorizedFetch(source, { fetch, ...origins !== undefined && { origins } }) };
}

Deno.test("a call goes to the origin that the source's tokens are for, and nowhere else", async () => {
  for (const origin of ["http://mock:8080", "https://gateway.example", KPN]) {
    const { kpn, sent } = noting(origin);
    await kpn("/x");
    await kpn(`${origin}/y`);
    assertEquals(sent, [`${origin}/x`, `${origin}/y`]);
    const elsewhere = origin === KPN ? "https://elsewhere.example" : KPN;
    await assertRejects(() => kpn(`${elsewhere}/x`), TypeError, elsewhere);
  }
  const { kpn, sent } = noting();
  await kpn("/x");
  assertEquals(sent, [`${KPN}/x`]);
});

Deno.test("B79: what is no source, or has no web origin, is refused at once, by name", () => {
  assertThrows(
    () => authorizedFetch({} as TokenSource),
    TypeError,
    "source: it has no method token",
  );
  for (const origin of ["file:///x", "api.example.com", "https://u:p@gw.test"]) {
    assertThrows(() => noting(origin), TypeError, "Cannot use source.origin ");
  }
});

Deno.test("with a tokenEndpoint of a mock nothing else is set, and nothing goes to KPN", async () => {
  const asked: string[] = [];
  const mock = mockKpn();
  const fetch = (url: string, init: RequestInit) => (asked.push(url), mock.fetch(url, init));
  const tokenEndpoint = "https://mock.example/oauth/client_credential/accesstoken";
  const source = createTokenSource({ ...CREDENTIALS, tokenEndpoint, fetch });
  const kpn = authorizedFetch(source, { fetch });
  const body = new URLSearchParams({ number: "1" });
  const init = { method: "POST", body };
  const response = await kpn("/communication/nexmo/number-insight/basic", init);
  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(asked.map((url) => new URL(url).origin), Array(2).fill("https://mock.example"));
  await assertRejects(() => kpn(`${KPN}/x`), TypeError, KPN);
});

Deno.test("origins that are given replace the source's; relative URLs resolve against the first", async () => {
  const { kpn, sent } = noting("http://mock:8080", [
    "https://one.example/base/",
    "https://two.example",
  ]);
  await kpn("/x");
  await kpn("x");
  await kpn("https://two.example/y");
  assertEquals(sent, ["https://one.example/x", "https://one.example/x", "https://two.example/y"]);
  await assertRejects(() => kpn("http://mock:8080/x"), TypeError, "http://mock:8080");
});

Deno.test("origins that are none are refused at construction, with their value", () => {
  const refused: [unknown, string][] = [
    [[], "[]"],
    ["https://one.example", '"https://one.example"'],
    [null, "null"],
    [{}, "{}"],
    [["one.example"], "one.example"],
    [["https://ok.example", "not a URL"], "not a URL"],
    [["ftp://one.example"], "ftp://one.example"],
    [["http://one.example"], "http://one.example"],
    [[""], "origins"],
  ];
  for (const [origins, value] of refused) {
    const { message } = assertThrows(
      () => noting(KPN, origins as string[]),
      TypeError,
      "Cannot use",
    );
    assert(message.includes("origins") && message.includes(value), message);
    const isList = Array.isArray(origins) && origins.length > 0;
    assertEquals(message.endsWith("it must be a list of at least one origin"), !isList, message);
  }
});

Deno.test("B28: a refusal names the origin, those that are allowed, and the option", async () => {
  const { kpn, sent } = noting(undefined, ["https://one.example", "https://two.example"]);
  for (
    const input of [
      "https://evil.example/x",
      new URL("https://evil.example"),
      new Request("https://evil.example"),
    ]
  ) {
    const { message } = await assertRejects(() => kpn(input), TypeError);
    for (
      const part of [
        "https://evil.example",
        "https://one.example",
        "https://two.example",
        "origins",
      ]
    ) {
      assert(message.includes(part), message);
    }
    assert(
      message.endsWith(
        "only allows URLs that begin with https://one.example/, https://two.example/",
      ),
      message,
    );
  }
  for (const url of ["blob:https://one.example/0", "https://user:pass@one.example/"]) {
    const { message } = await assertRejects(() => kpn(url), TypeError, "https://one.example");
    assert(!message.includes("pass@"), message);
  }
  assertEquals(sent, []);
});

/** Texts that a URL parser treats in its own way, after an origin, before it, and by themselves. */
const piece = fc.constantFrom(
  ...[
    "/",
    "\\",
    "@",
    ":",
    "?",
    "#",
    ".",
    "..",
    " ",
    "\t",
    "\n",
    "\r",
    "\0",
    "%2f",
    "%00",
    "é",
    "\u3002",
  ],
  ...[
    "a",
    "evil.example",
    "user",
    "443",
    "//evil.example",
    "https:",
    "http:",
    "blob:",
    "javascript:",
  ],
  ...[KPN, "https://api-prd.kpn.com.evil.example", "api-prd.kpn.com", "HTTPS://API-PRD.KPN.COM"],
);
const texts = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join("")),
  fc.array(piece, { maxLength: 5 }).map((pieces) => `${KPN}/${pieces.join("")}`),
  fc.array(piece, { maxLength: 5 }).map((pieces) => `/${pieces.join("")}`),
  anyText({ maxLength: 8 }).map((text) => `${KPN}/${text}`),
  anyText({ maxLength: 8 }).map((text) => `/${text}`),
);

Deno.test("B28: a URL that is not parsed goes where a parser would have it go", async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (input) => {
      const { kpn, sent } = noting();
      const error = await kpn(input).then(() => undefined, (thrown) => thrown);
      const parsed = URL.canParse(input, KPN) ? new URL(input, KPN) : undefined;
      if (parsed?.href.startsWith(`${KPN}/`)) {
        assertEquals(sent.map((url) => new URL(url).href), [parsed.href]);
      } else {
        assert(error instanceof TypeError);
        assertEquals(sent, []);
      }
    }),
    { numRuns: 3_000, seed: 10 },
  );
});

Deno.test("a URL that begins with an allowed origin is not parsed, nor is a path", async () => {
  const { kpn, sent } = noting();
  const { URL } = globalThis;
  globalThis.URL = class extends URL {
    constructor(...args: ConstructorParameters<typeof URL>) {
      super(...args);
      throw new Error("it was parsed");
    }
  } as typeof URL;
  try {
    for (const input of [`${KPN}/`, `${KPN}/a?b#c`, "/a", "/", "/?b"]) await kpn(input);
  } finally {
    globalThis.URL = URL;
  }
  assertEquals(sent.length, 5);
});

Deno.test("B28: a Request that shows another URL than it is sent to gets no token", async () => {
  class Rewritten extends Request {
    override get url() {
      return "https://api-prd.kpn.com/x";
    }
  }
  const { fetch } = globalThis;
  const sent: unknown[] = [];
  globalThis.fetch = (input) => Promise.resolve((sent.push(input), new Response()));
  try {
    const kpn = authorizedFetch({
      token: () => Promise.reject(new Error("a token was asked for")),
    });
    for (const init of [undefined, { method: "POST" }, { headers: { authorization: "mine" } }]) {
      await assertRejects(
        () => kpn(new Rewritten("https://evil.example/"), init),
        TypeError,
        "https://evil.example",
      );
    }
    assertEquals(sent, []);
  } finally {
    globalThis.fetch = fetch;
  }
});
