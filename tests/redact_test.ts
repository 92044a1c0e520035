/** B63: nothing that is quoted holds a secret in any usual spelling, and every quote is bounded. */

import { assertLinear } from "./support/linear.ts";
import { KpnAuthError, readTokenResponse, requestToken } from "../mod.ts";
import { redact } from "../src/redact.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";

const SECRETS = [
  "pa/ss+w\"rd<&>'x",
  "s3cr3tAlphaNum0123",
  "ab\\cd\\ef\\gh&lt;%41+ z",
  "pässwörd-łódź-🔑",
];

const base64 = (text: string) =>
  btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
const inHtml = (text: string) =>
  text.replace(
    /[<>"'&]/g,
    (char) => ({ "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "&": "&amp;" })[char]!,
  );
const inForm = (text: string) => `${new URLSearchParams({ "": text })}`.slice(1);
const lowerHex = (text: string) => text.replace(/%../g, (escape) => escape.toLowerCase());

/** Each way to spell a value, and whether it spells part by part, so that a cut part is one, too. */
const SPELLINGS: Record<string, (secret: string) => string> = {
  raw: (secret) => secret,
  form: inForm,
  "form, lower hex": (secret) => lowerHex(inForm(secret)),
  percent: encodeURIComponent,
  "percent, lower hex": (secret) => lowerHex(encodeURIComponent(secret)),
  "every byte percent-encoded": (secret) =>
    Array.from(new TextEncoder().encode(secret), (byte) => `%${byte.toString(16).padStart(2, "0")}`)
      .join(""),
  JSON: inJson,
  "JSON in JSON": (secret) => inJson(inJson(secret)),
  "JSON, ASCII only": (secret) =>
    inJson(secret).replace(
      /[^ -~]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  HTML: inHtml,
  "HTML, numbers": (secret) =>
    secret.replace(/[<>"'&]/g, (char) => `&#x${char.charCodeAt(0).toString(16)};`),
  XML: (secret) => inHtml(secret).replaceAll("&#39;", "&apos;"),
  "JSON in HTML": (secret) => inHtml(inJson(secret)),
  "a form in JSON": (secret) => inJson(inForm(secret)),
  "JSON in a URL": (secret) => encodeURIComponent(inJson(secret)),
};

Deno.test("B63: every run of 8 characters of a secret is hidden, however it is spelled", () => {
  for (const secret of SECRETS) {
    const characters = [...secret];
    for (const [name, spell] of Object.entries(SPELLINGS)) {
      const runs = characters.map((_, from) => characters.slice(from, from + 8)).slice(0, -7);
      for (const run of [secret, ...runs.map((run) => run.join(""))]) {
        const shown = redact(`got [${spell(run)}]`, [secret]);
        // Marks of an escape may be left, of the secret nothing.
        assertEquals(shown.replace(/\\/g, ""), "got [***]", `${name} of ${run}`);
      }
    }
  }
});

Deno.test("B63: base64 of the secret, alone and behind a client id of any length, is hidden", () => {
  for (const secret of SECRETS) {
    for (const before of ["", "my-id:", "my-id2:", "my-id23:"]) {
      for (const spell of [base64, (text: string) => inForm(base64(text)), inJsonUrl]) {
        const shown = redact(`Basic ${spell(before + secret)}`, [secret]);
        const rest = base64(secret).slice(4, 12);
        assert(shown.includes("***") && !shown.includes(rest), `${before}: ${shown}`);
      }
    }
  }
  function inJsonUrl(text: string): string {
    return base64(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  }
});

Deno.test("B63: a short secret is hidden as a value, and leaves the words alone", () => {
  assertEquals(
    redact("a bad client_secret=a, a banana", ["a"]),
    "*** bad client_secret=***, *** banana",
  );
  assertEquals(redact('{"secret":"p@s."} and p@s.x', ["p@s."]), '{"secret":"***"} and p@s.x');
  assertEquals(redact("client_secret%3Dp%40s%2E%26x", ["p@s."]), "client_secret=***&x");
  assertEquals(redact("abcdefg abcdefgh xabcdefg", ["abcdefg"]), "*** abcdefgh xabcdefg");
  assertEquals(redact("nothing", ["", "secretsecret"]), "nothing");
  // Eight characters of it stand for two, which are in many a text.
  assertEquals(redact("a <> b", ["&lt;&gt;s3cr3t-long"]), "a <> b");
  assertEquals(
    redact("a banana \\ &amp;", ["\\".repeat(20)]),
    "a banana \\ &amp;",
  );
});

Deno.test("B63: a text without a secret is quoted as it came, but on one line and bounded", () => {
  assertEquals(
    redact("50%25 of &lt;b&gt; + \\u0041", ["s3cr3tAlphaNum"]),
    "50%25 of &lt;b&gt; + \\u0041",
  );
  assertEquals(redact("a\u0000b\r\nc\u2028d\u202ee\u001b[31m", []), "a b c d e [31m");
  assertEquals(redact("x".repeat(999), []).length, 200);
  assertEquals(redact("x".repeat(199) + "🔑", []), "x".repeat(199));
  const secret = "s3cr3tAlphaNum0123";
  assertEquals(redact("x".repeat(190) + secret, [secret]), "x".repeat(190) + "***");
});

Deno.test("B63: white space, marks and emoji of a secret do not give it away", () => {
  const inNumbers = (base: number, open: string, close: string) => (secret: string) =>
    [...secret].map((one) => open + one.codePointAt(0)!.toString(base) + close).join("");
  const inUnits = (open: string, digits: number) => (secret: string) =>
    Array.from(
      { length: secret.length },
      (_, i) => open + secret.charCodeAt(i).toString(16).padStart(digits, "0"),
    ).join("");
  const ways = [
    (secret: string) => secret,
    inNumbers(10, "&#", ";"),
    inNumbers(16, "&#x", ";"),
    inNumbers(16, "\\u{", "}"),
    inUnits("\\u", 4),
    inUnits("%u", 4),
  ];
  const secrets = [
    "correct\u00a0horse\u00a0battery",
    "ab  cd  ef  gh",
    "tab\tand\nline",
    "ab\u200dcd\u200def\u200dgh",
    "pass\u00adword\u00ad12",
    "😀😁😂🤣😃",
    "e\u0301e\u0301e\u0301e\u0301",
  ];
  for (const secret of secrets) {
    for (const [at, spell] of ways.entries()) {
      assertEquals(redact(`got ${spell(secret)} end`, [secret]), "got *** end", `${secret} ${at}`);
    }
  }
  const hex = inUnits("\\x", 2);
  assertEquals(redact(`got ${hex(SECRETS[1]!)} end`, SECRETS), "got *** end");
});

Deno.test("B63: a secret that begins as an escape goes on is hidden behind what would open one", () => {
  for (
    const [before, secret] of [["%", "41abcdefg"], ["\\u", "0041abcdefg"], ["\\x", "41abcdef"], [
      "&#",
      "65;abcdefg",
    ], ["%25", "41abcdefg"]] as const
  ) {
    const shown = redact(`got ${before}${secret} end`, [secret]);
    assert(/^got \S*\*\*\* end$/.test(shown), shown);
  }
});

Deno.test("B63: a secret that is an escape, or nothing once it is undone, leaves the words alone", () => {
  for (const secret of ["\\", "\\\\", "&amp;&#0;"]) {
    assertEquals(redact("x, got fine end", [secret]), "x, got fine end", secret);
  }
  assertEquals(redact("&#9999999999; %zz", ["s3cr3tAlphaNum"]), "&#9999999999; %zz");
});

Deno.test("B63: no URL is quoted with its query", () => {
  assertEquals(
    redact("error for url (http://127.0.0.1:1/t?sig=SIG&a=b): refused", []),
    "error for url (http://127.0.0.1:1/t?***): refused",
  );
  for (
    const url of ["https://a/t?sig=SIG", "HTTPS://u@a?x=SIG", "ws://a/b?c?SIG)SIG", "redis://a?SIG"]
  ) {
    for (const text of [url, `see ${url}.`, `<${url}>`, `"${url}", and`, `a:${url}`]) {
      const shown = redact(text, []);
      assert(!shown.includes("SIG") && shown.includes("?***"), shown);
    }
  }
  assertEquals(redact("why? a/b?c=d https://a/b#c", []), "why? a/b?c=d https://a/b#c");
});

Deno.test("B63: redacting takes no more than linear time, whatever it is given", () => {
  const secret = SECRETS[0]!;
  const worst = [
    "%25",
    "\\",
    "&amp;",
    "&",
    "%",
    "+",
    secret,
    secret.slice(0, 7),
    " ",
    "aaaaaaaa",
    "://",
    "?",
    "http://a?b)",
  ];
  for (const part of worst) {
    assertLinear(part, (size) => {
      const text = part.repeat(size / part.length);
      return () => redact(text, [secret, "a", " "]);
    });
  }
});

const rejected = (body: unknown, init: ResponseInit = { status: 400 }, secret = SECRETS[1]!) =>
  assertRejects(
    () =>
      requestToken({
        clientId: "my-id",
        clientSecret: secret,
        retries: 0,
        fetch: () => Promise.resolve(Response.json(body, init)),
      }),
    KpnAuthError,
  );

Deno.test("B63: whatever an answer's shape, no field of the error holds the secret, and all are bounded", async () => {
  const secret = SECRETS[1]!;
  const shapes: unknown[] = [
    secret,
    `client_secret=${secret}`,
    { "": secret },
    { "": { "": secret } },
    [secret],
    { error: secret },
    { error: { transactionId: `client_secret=${secret}`, name: secret, message: secret } },
    { transactionId: secret, name: "n", message: "m" },
    { error: { transactionId: "T".repeat(60_000), name: "n", message: "m".repeat(60_000) } },
    { status: 400, code: secret.slice(0, -3), message: secret.slice(3) },
    { fault: { faultstring: secret, detail: { errorcode: secret } } },
    { error: "x", error_description: base64(`my-id:${secret}`) },
  ];
  for (const shape of shapes) {
    const error = await rejected(shape);
    const shown = [error.message, error.transactionId, Deno.inspect(error), error.stack].join();
    assert(!shown.includes(secret.slice(3, 11)) && !shown.includes("NjcjN0"), shown);
    assert(error.message.length < 700 && (error.transactionId?.length ?? 0) <= 100, error.message);
  }
});

Deno.test("B63: a short secret stands in no part of the message, the hint neither", async () => {
  const secret = "s3cr3t7";
  for (
    const init of [
      { status: 400, headers: { "x-request-id": secret } },
      { status: 302, headers: { location: `https://${secret}.example/` } },
      { status: 302, headers: { location: `https://x@${secret}:8443/` } },
    ]
  ) {
    const { message } = await rejected({ error: "x" }, init, secret);
    assert(message.includes("***") && !message.includes(secret), message);
  }
  for (const field of ["transactionId", "correlation_id", "instance"]) {
    const body = { error_code: "x", message: "m", [field]: `id ${secret}` };
    const { message } = await rejected(body, { status: 400 }, secret);
    assert(message.includes("quote transactionId id ***") && !message.includes(secret), message);
  }
});

Deno.test("B63: the token of an answer that is refused is quoted nowhere", async () => {
  const token = "tok-0123456789-abcdef";
  const refused = { access_token: token, refresh_token: `${token}-2`, token_type: "mac" };
  for (
    const [body, status] of [
      [{ ...refused, error: "no", error_description: `issued ${token}` }, 200],
      [{ ...refused, name: "n", message: `${token}-2`, transactionId: token }, 200],
      [{ access_token: token, error: token, error_description: encodeURIComponent(token) }, 401],
      [{ access_token: `${token} `, code: "x", message: token }, 200],
    ] as const
  ) {
    const error = await assertRejects(
      () => readTokenResponse(Response.json(body, { status })),
      KpnAuthError,
    );
    assert(!Deno.inspect(error).includes(token.slice(4, 12)), error.message);
  }
});

Deno.test("B63: the values of parameters are quoted in no error", async () => {
  const parameters = { assertion: "S3CRETPARAMETER", pin: "p1n", scopes: "operator_lookup" };
  for (const value of Object.values(parameters)) {
    const answers = [
      () =>
        Promise.resolve(
          Response.json({ error: "x", error_description: `got ${value}` }, { status: 400 }),
        ),
      () =>
        Promise.resolve(
          Response.json({ error: value }, { status: 400, headers: { "x-request-id": value } }),
        ),
      () => Promise.reject(new TypeError(`cannot send ${encodeURIComponent(value)}`)),
    ];
    for (const fetch of answers) {
      const error = await assertRejects(
        () => requestToken({ clientId: "i", clientSecret: "s", parameters, retries: 0, fetch }),
        KpnAuthError,
      );
      const shown = [error.message, error.transactionId, `${error.cause}`].join();
      assert(shown.includes("***") && !shown.includes(value), shown);
    }
  }
});

Deno.test("B63: Basic as RFC 6749 section 2.3.1 has it, its parts encoded before base64, is hidden", () => {
  for (const secret of SECRETS) {
    for (const encode of [inForm, encodeURIComponent]) {
      for (const id of ["i", "my-id", "an-id-1"]) {
        const basic = base64(`${encode(id)}:${encode(secret)}`);
        const shown = redact(`Basic ${basic}`, [secret]);
        const runs = Array.from({ length: basic.length - 15 }, (_, at) => basic.slice(at, at + 16));
        assert(!runs.some((run) => shown.includes(run)), `${secret}: ${shown}`);
      }
    }
  }
});

Deno.test("B63: of base64 each character is hidden that holds nothing but bits of the secret, and no other", () => {
  const secret = ">>>???~~~abc";
  for (let before = 0; before < 6; before++) {
    const text = btoa("x".repeat(before) + secret + "yyyyy");
    const from = Math.ceil(before * 8 / 6);
    const to = Math.floor((before + secret.length) * 8 / 6);
    for (const spell of [String, inUrl]) {
      const spelled = spell(text);
      const expected = `${spelled.slice(0, from)}***${spelled.slice(to)}`;
      assertEquals(redact(`[${spelled}]`, [secret]), `[${expected}]`, `${before} before`);
    }
  }
  function inUrl(text: string): string {
    return text.replaceAll("+", "-").replaceAll("/", "_");
  }
});

Deno.test("B63: a secret with half a character is hidden as UTF-8 has it", () => {
  assertEquals(redact("[abcd%EF%BF%BDefgh]", ["abcd\ud800efgh"]), "[***]");
});

Deno.test("B63: the last character of Unicode is decoded, and what is beyond is no character", () => {
  const secret = "\u{10ffff}".repeat(4);
  assertEquals(redact(`[${"&#x10ffff;".repeat(4)}]`, [secret]), "[***]");
  assertEquals(redact("[&#x110000;]", ["s3cr3t-long"]), "[&#x110000;]");
});

Deno.test("B63: however often a secret stands in a text, it is hidden each time, two in a row as one", () => {
  assertEquals(redact(Array(9).fill("pin=p1n").join(), ["p1n"]), Array(9).fill("pin=***").join());
  assertEquals(redact("s3cr3t-longs3cr3t-long", ["s3cr3t-long"]), "***");
});

Deno.test("B63: a URL without a scheme loses its query, too", () => {
  assertEquals(redact("at ://a.example?sig=1", []), "at ://a.example?***");
});
