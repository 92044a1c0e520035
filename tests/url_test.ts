import fc from "fast-check";
import { secureUrl } from "../src/url.ts";
import { assert, assertEquals, assertThrows } from "./support/assert.ts";
import { anyText } from "./support/values.ts";

const accept = (given: string | URL, allowInsecureHttp?: boolean) =>
  secureUrl("tokenEndpoint", given, allowInsecureHttp).href;

const refusal = (given: unknown, allowInsecureHttp?: unknown) =>
  assertThrows(
    () => secureUrl("tokenEndpoint", given as string, allowInsecureHttp as boolean),
    TypeError,
  ).message;

Deno.test("https goes anywhere, as text, as a URL, or as a URL of another realm", () => {
  assertEquals(accept("https://gw.test/t"), "https://gw.test/t");
  assertEquals(accept("HTTPS://gw.test"), "https://gw.test/");
  assertEquals(accept(new URL("https://gw.test/t")), "https://gw.test/t");
  assertEquals(accept({ href: "https://gw.test/t" } as URL), "https://gw.test/t");
});

Deno.test("http is for loopback, however it is spelled", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST:8080",
      "kpn.localhost",
      "a.b.localhost:1",
      "127.0.0.1",
      "127.8.9.1:1",
      "127.1",
      "0x7f.1",
      "2130706433",
      "[::1]:80",
      "[0:0:0:0:0:0:0:1]",
    ]
  ) {
    accept(`http://${host}/token`);
  }
});

Deno.test("http elsewhere wants allowInsecureHttp: true, and nothing that is like it", () => {
  for (
    const host of [
      "kpn.example",
      "127.0.0.1.evil.test",
      "127.evil.test",
      "localhost.evil.test",
      "evil-localhost",
      "10.0.0.1",
      "128.0.0.1",
      "0.0.0.0",
      "[::2]",
      "[::ffff:10.0.0.1]",
    ]
  ) {
    for (const allow of [undefined, false, "true", "false", 1, null]) {
      assertEquals(
        refusal(`http://${host}/localhost`, allow),
        `Cannot use tokenEndpoint "http://${host}/localhost": it must be https, unless allowInsecureHttp is true`,
      );
    }
    accept(`http://${host}/`, true);
  }
});

Deno.test("B79: each mistake in a URL has a message of its own, with the value", () => {
  const mistakes: [unknown, string][] = [
    ["", '"": it is empty: is the environment variable set?'],
    [undefined, "undefined: it is undefined: is the environment variable set?"],
    [null, "null: it is null: is the environment variable set?"],
    ["undefined", '"undefined": it is undefined: is the environment variable set?'],
    ["https://gw.test/t\n", '"https://gw.test/t\\n": it ends with a line break: trim it'],
    [" https://gw.test/t", '" https://gw.test/t": it has white space at an end: trim it'],
    ["https://gw\t.test/", '"https://gw\\t.test/": it has a control character inside'],
    [5, "5: it is of type number, not string"],
    [10n, "10: it is of type bigint, not string"],
    [{}, "(object): it is of type object, not string"],
    [
      "api-prd.kpn.com/oauth",
      '"api-prd.kpn.com/oauth": it must be a URL that begins with https://',
    ],
    ["localhost:8080/token", '"localhost:8080/token": it must be a URL that begins with https://'],
    ["//gw.test/t", '"//gw.test/t": it must be a URL that begins with https://'],
    ["/oauth/token", '"/oauth/token": it must be a URL that begins with https://'],
    ["ftp://localhost/t", '"ftp://localhost/t": it must be a URL that begins with https://'],
    [
      "blob:https://gw.test/1",
      '"blob:https://gw.test/1": it must be a URL that begins with https://',
    ],
    ["https://", '"https://": it must be a URL that begins with https://'],
    ["https://a b/", '"https://a b/": it must be a URL that begins with https://'],
    [
      "https://gw.test:99999/",
      '"https://gw.test:99999/": it must be a URL that begins with https://',
    ],
  ];
  for (const [given, text] of mistakes) {
    assertEquals(refusal(given, true), `Cannot use tokenEndpoint ${text}`);
  }
});

Deno.test("no password and no query is quoted, whatever else is wrong", () => {
  for (
    const given of [
      "https://user:hunter2@gw.test/t",
      "https://hunter2@gw.test/t",
      "https://:hunter2@gw.test/t",
      "http://user:hunter2@localhost/t",
      "https://user:hunter2@bad host/t",
      "https://user:a?hunter2@gw.test/t",
      "https://user:a#hunter2@gw.test/t",
      "https://user:a\u2028hunter2@bad host",
      "user:hunter2@gw.test/t",
      "http://gw.test/t?client_secret=hunter2",
      "http://gw.test/t?a@b&client_secret=hunter2",
      "gw.test/t?client_secret=hunter2",
      "https://gw.test/t?client_secret=hunter2\n",
      "https://a b/#hunter2",
      "https://user:hunter2\u2028@bad host",
      "https://a b/?\u2028hunter2",
      `https://user:hunter2${"x".repeat(200)}@bad host`,
    ]
  ) {
    const message = refusal(given);
    assert(!message.includes("hunter2"), message);
  }
  assertEquals(
    refusal("https://user:hunter2@gw.test/t"),
    'Cannot use tokenEndpoint "…": it must not contain a user or a password',
  );
});

Deno.test("any text is either a URL that may get a secret, or refused with the option's name", () => {
  const urls = fc.oneof(
    fc.string(),
    anyText(),
    fc.tuple(
      fc.constantFrom("https:", "http:", "ftp:"),
      fc.constantFrom("gw.test", "u:p@h:1"),
      anyText(),
    )
      .map(([scheme, host, path]) => `${scheme}//${host}/${path}`),
    fc.anything({ maxDepth: 1, withNullPrototype: true }),
  );
  fc.assert(fc.property(urls, (given) => {
    try {
      const url = secureUrl("tokenEndpoint", given as string, undefined);
      assert(url.protocol === "https:" && !url.username && !url.password);
    } catch (error) {
      assert(error instanceof TypeError);
      assert(error.message.startsWith("Cannot use tokenEndpoint "), error.message);
      assert(error.message.length < 250);
    }
  }));
});

Deno.test("Fastly's engine has no URL.canParse", () => {
  const { canParse } = URL;
  try {
    URL.canParse = undefined as never;
    accept("https://gw.test/t");
    refusal("https://a b");
  } finally {
    URL.canParse = canParse;
  }
});
