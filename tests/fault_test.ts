/** B20 to B23, B57, B64, B80, B81: what an error answer means, from a code in its own place. */

import { assertLinear } from "./support/linear.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { type FaultCode, KpnAuthError, readFault, readTokenResponse } from "../mod.ts";
import { isTokenRejected, parseFault } from "../src/fault.ts";
import { FAILURES } from "../src/mock/answers.ts";
import golden from "./golden/faults.json" with { type: "json" };
import { assert, assertEquals, assertMatch, assertRejects } from "./support/assert.ts";

const json = (status: number, body: unknown, headers = {}): Response =>
  Response.json(body, { status, headers });
const fault = (errorcode: string) => ({ fault: { faultstring: "words", detail: { errorcode } } });
const codeOf = async (response: Response) => (await readFault(response))?.code;

Deno.test("B20, B22, B81: every shape and code of KPN's reads as tests/golden/faults.json says", async () => {
  const read: Record<string, unknown> = {};
  for (const [name, answer] of Object.entries(FAILURES)) {
    const response = answer();
    const fault = await readFault(response);
    if (fault) {
      const { hint, ...rest } = fault;
      read[name] = { status: response.status, ...rest };
      assertMatch(hint, /^[A-Z].+\.$/, name);
    }
    await response.body?.cancel(); // it can still be read
  }
  assertEquals(read, golden);
});

/** .github/KPN.md, "More of Apigee's codes". */
const CODES: Partial<Record<FaultCode, readonly string[]>> = {
  invalid_token: [
    "invalid_access_token",
    "InvalidAccessToken",
    "access_token_expired",
    "AccessTokenExpired",
    "access_token_not_approved",
  ],
  not_entitled: [
    "InvalidAPICallAsNoApiProductMatchFound",
    "apiresource_doesnot_exist",
    "consumer_key_missing_api_product_association",
    "InvalidApiKeyForGivenResource",
  ],
  not_approved: [
    "invalid_client-client_id_not_approved",
    "invalid_client-app_not_approved",
    "ApiKeyNotApproved",
    "DeveloperStatusNotActive",
    "CompanyStatusNotActive",
  ],
  invalid_client: [
    "invalid_client",
    "invalid_client-invalid_client_id",
    "InvalidClientIdentifier",
    "invalid_consumer_key",
    "InvalidApiKey",
    "FailedToResolveAPIKey",
  ],
  key_expired: ["consumer_key_expired"],
  rate_limited: ["QuotaViolation", "SpikeArrestViolation", "ConcurrentRatelimitViolation"],
  not_found: ["ApplicationNotFound"],
};

/** Where a code stands; in a text only with what tells it from a word. */
const PLACES: Readonly<Record<string, (code: string, status: number) => Response>> = {
  fault: (code, status) => json(status, fault(code)),
  xml: (code, status) =>
    new Response(
      `<?xml version="1.0"?>\n<fault>\n  <faultstring>words</faultstring>\n  <detail>\n` +
        `    <errorcode>${code}</errorcode>\n  </detail>\n</fault>`,
      { status },
    ),
  ErrorCode: (code, status) => json(status, { ErrorCode: code, Error: "words" }),
  error: (code, status) => json(status, { error: code, error_description: "words" }),
  code: (code, status) => json(status, { status, code, message: "words" }),
  errorResponse: (code, status) => json(status, { errorResponse: { code, message: "words" } }),
  challenge: (code, status) =>
    new Response("", { status, headers: { "www-authenticate": `Bearer error="${code}"` } }),
};

Deno.test("B20, B57: a code decides in every place, with any prefix, in any case, at any status", async () => {
  for (const [expected, codes] of Object.entries(CODES)) {
    for (const code of codes) {
      for (const prefix of ["", "keymanagement.service.", "oauth.v2.", "steps.oauth.v2."]) {
        for (const spelling of [code, code.toLowerCase(), code.toUpperCase()]) {
          for (const [place, answer] of Object.entries(PLACES)) {
            for (const status of [400, 403, 500]) {
              const full = prefix + spelling;
              const read = await readFault(answer(full, status));
              assertEquals([read?.code, read?.originalCode], [expected, full], `${place} ${full}`);
            }
          }
        }
      }
    }
  }
});

Deno.test("B20: a code that begins a text of KPN's envelope or of a challenge decides", async () => {
  const nested = (message: string) =>
    json(500, { error: { transactionId: "t", name: "Oops", message } });
  const flat = (message: string) => json(500, { info: "i", name: "Oops", message });
  const challenge = (words: string) =>
    new Response("", {
      status: 401,
      headers: { "www-authenticate": `Bearer error="invalid_token",error_description="${words}"` },
    });
  for (const answer of [nested, flat, challenge]) {
    assertEquals(await codeOf(answer("invalid_client-app_not_approved")), "not_approved");
    assertEquals(await codeOf(answer("oauth.v2.InvalidApiKey: words")), "invalid_client");
  }
  assertEquals(await codeOf(challenge("The token expired")), "invalid_token");
});

Deno.test("B57: words, echoes and codes out of their place decide nothing", async () => {
  const code = "invalid_access_token";
  const answers = [
    json(500, { error: { transactionId: "1", name: "x", message: "failed: invalid token of 7" } }),
    json(500, { error: { name: "x", message: `2 of 3 failed: ${code}` } }),
    json(401, { error: { name: "Unauthorized", message: "Unauthenticated" } }),
    json(401, { fault: { faultstring: "Invalid access token" } }),
    json(401, { fault: { faultstring: code, detail: { errorcode: "x" }, errorcode: code } }),
    json(400, { status: 400, code: "INVALID_ARGUMENT", message: "Invalid token: wrong OTP" }),
    json(400, {
      code: "INVALID_ARGUMENT",
      message: "m",
      request: { errorcode: code, error: code },
    }),
    json(400, { code: "INVALID_ARGUMENT", message: "m", request: fault(code) }),
    json(401, { error: "invalid token", message: "access token expired" }),
    json(401, { error: `The code.${code}` }),
    json(401, { error: `to.${code} or not` }),
    json(401, [fault(code)]),
    json(401, code),
    json(401, { "": code, errorcode: code, detail: { errorcode: code } }),
    json(403, { status: 403, code: "INVALID_TOKEN_CONTEXT", message: "m" }),
    json(401, { type: code, title: "t", detail: "access token expired", code: "X" }),
    new Response(`<p><fault><detail><errorcode>${code}</errorcode></detail></fault>`, {
      status: 401,
    }),
    new Response(
      `<fault><faultstring><![CDATA[<detail><errorcode>${code}</errorcode>]]></faultstring></fault>`,
      { status: 401 },
    ),
    new Response(`access_token_expired`, { status: 401 }),
    ...[
      `Bearer realm="error=\\"${code}\\", error=${code}"`,
      `Bearer x-error="${code}"`,
      `Bearer realm="null"`,
      `Bearer error="x", error_description="no ${code}"`,
    ].map((challenge) =>
      new Response("", { status: 401, headers: { "www-authenticate": challenge } })
    ),
  ];
  for (const [at, response] of answers.entries()) {
    const read = await readFault(response);
    const body = await response.text();
    assert(read?.code !== "invalid_token", `${at}: ${body}`);
  }
});

/** What an API says in its own envelope; `kpn`'s name and a problem's type are no codes. */
const OWN: Readonly<Record<string, object>> = {
  camara: { status: 400, code: "INVALID_ARGUMENT", message: "m" },
  "camara without a status": { code: "INVALID_ARGUMENT", message: "m" },
  kpn: { transactionId: "1", status: "400 - Bad Request", name: "Bad Request", message: "m" },
  match: { error_code: 400, message: "m", correlation_id: "c" },
  problem: { type: "about:blank", title: "t", status: 400, detail: "d" },
  errorResponse: { errorResponse: { code: "SMS-400", message: "m" } },
  notifications: { notifications: [{ type: "error", message: "m" }], status: "ERROR" },
};

Deno.test("B57: an envelope that stands beside or inside the answer's own is an echo", async () => {
  const echoes = [
    { error: "invalid_token", error_description: "d" },
    fault("oauth.v2.InvalidAccessToken"),
    { notifications: [{ type: "invalid_token" }] },
    { errorResponse: { code: "invalid_token", message: "m" } },
    { ErrorCode: "invalid_token", Error: "e" },
    { error: { code: "UNAUTHENTICATED", message: "m" } },
    { error: { transactionId: "1", name: "n", message: "invalid_token" } },
    { request: fault("invalid_token") },
  ];
  for (const [name, own] of Object.entries(OWN)) {
    const alone = await readFault(json(400, own));
    for (const echo of echoes) {
      // Two of an API's own nested ones cannot be told apart.
      if (
        /^(errorResponse|notifications)$/.test(name) && /Response|notif/.test(Object.keys(echo)[0]!)
      ) {
        continue;
      }
      for (const body of [{ ...own, ...echo }, { ...echo, ...own }]) {
        const read = await readFault(json(400, body));
        assertEquals(
          [read?.code, read?.envelope, read?.originalCode],
          [alone?.code, alone?.envelope, alone?.originalCode],
          JSON.stringify(body),
        );
      }
    }
  }
});

Deno.test("B57: one field without its envelope is no code", async () => {
  for (const field of ["name", "type", "code", "error_code", "errorcode", "status", "title"]) {
    for (const status of [400, 401, 404, 409, 500]) {
      const read = await codeOf(json(status, { id: 7, [field]: "invalid_token" }));
      assert(read !== "invalid_token", `${status} ${field}`);
    }
  }
  for (
    const body of [
      { error: { transactionId: "1", name: "invalid_token", message: "no such field" } },
      { transactionId: "1", name: "invalid_token", message: "no such field" },
      { type: "invalid_token", title: "t", status: 400, detail: "d" },
      { type: "https://docs.kpn.com/x.invalid_token", title: "t", status: 400, detail: "d" },
    ]
  ) assertEquals(await codeOf(json(400, body)), "invalid_request", JSON.stringify(body));
});

Deno.test("B57: a text begins with a code only if a colon or nothing follows", async () => {
  const kpn = (message: string) =>
    json(400, { error: { transactionId: "1", name: "Bad Request", message } });
  const challenge = (words: string) =>
    new Response("", {
      status: 401,
      headers: {
        "www-authenticate": `Bearer error="insufficient_scope",error_description="${words}"`,
      },
    });
  for (const answer of [kpn, challenge]) {
    for (
      const words of [
        "invalid_token is no valid value of the field otp",
        "device.invalid_token was not found",
        "invalid_token of device 7",
        "invalid_token, of device 7",
        "invalid_token; x",
        "invalid_token=7",
        "invalid_token\u00a0: x",
      ]
    ) assert(await codeOf(answer(words)) !== "invalid_token", words);
    for (const words of ["invalid_token", "invalid_token: x", "oauth.v2.InvalidAccessToken:x"]) {
      assertEquals(await codeOf(answer(words)), "invalid_token", words);
    }
  }
});

Deno.test("B57: a code is compared whole, in ASCII, with underscores between its words only", async () => {
  const codes = [
    "A".repeat(186) + ".invalid_token_context_missing",
    "invalid_to\u212aen",
    "acce\u017f\u017f_token_expired",
    "inv_ali_dtoken",
    "_invalid_token",
    "invalid__token",
    "invalid_token_",
    "invalid token",
    "invalid-token",
    "invalid_\u200btoken",
    "x/invalid_token",
    "invalid_token.",
    "context-invalid_token",
  ];
  for (const code of codes) {
    for (const [place, answer] of Object.entries(PLACES)) {
      if (place === "challenge" && /[^ -~]/.test(code)) continue; // no header can hold it
      assert(await codeOf(answer(code, 400)) !== "invalid_token", `${place} ${code}`);
    }
  }
});

Deno.test("B57: a number is an API's own code, and never a status", async () => {
  for (const number of [401, 403, 404, 407, 429, "401", "404", "407", 1.404, "V1.429", "x.407"]) {
    for (
      const body of [
        { error_code: number, message: "m" },
        { errorResponse: { code: number, message: "m" } },
        { code: number, message: "m" },
        { status: 400, code: number, message: "m" },
      ]
    ) {
      const read = await readFault(json(400, body));
      assertEquals([read?.code, read?.originalCode], ["invalid_request", `${number}`]);
      assertEquals(await codeOf(json(500, body)), "server_error");
      assertEquals(await codeOf(json(429, body)), "rate_limited");
    }
  }
});

Deno.test("B58: a code is read in XML with comments and CDATA, among notifications, and behind its kind", async () => {
  const code = "oauth.v2.InvalidAccessToken";
  const bodies = [
    `<?xml version="1.0"?>\n<!-- x --><fault><detail><errorcode>${code}</errorcode></detail></fault>`,
    `<!--><fault>--><fault><!-- a --><detail><errorcode>${code}<!-- b --></errorcode></detail></fault>`,
    `<fault><faultstring><![CDATA[a <b> c]]></faultstring><detail><errorcode>${code}</errorcode></detail></fault>`,
    `<fault><detail><errorcode><![CDATA[${code}]]></errorcode></detail></fault>`,
    { notifications: [{ type: "error", message: "x" }, { type: "invalid_token" }] },
    { notifications: [{ type: "a" }, null, 5, { type: "b" }, { type: "UNAUTHENTICATED" }] },
    { error: { transactionId: "1", name: "n", message: "invalid_token-access_token_expired" } },
    { ErrorCode: "invalid_token-access_token_expired", Error: "x" },
    fault("keymanagement.service.invalid_access_token-anything"),
    { error: { code: "UNAUTHENTICATED", message: "m" } },
  ];
  for (const body of bodies) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    assertEquals(await codeOf(new Response(text, { status: 401 })), "invalid_token", text);
  }
  const asides = [
    `<!-- <fault><detail><errorcode>${code}</errorcode></detail></fault> -->`,
    `<!-- <fault> <!-- x --> <detail><errorcode>${code}</errorcode>`,
    `<![CDATA[<fault><detail><errorcode>${code}</errorcode></detail></fault>]]>`,
    `<!-- <fault><detail><errorcode>${code}</errorcode></detail></fault>`,
  ];
  for (const text of asides) {
    assertEquals(await codeOf(new Response(text, { status: 401 })), "access_denied", text);
  }
});

Deno.test("B20: a body's known code goes before the challenge, the challenge before the status", async () => {
  const headers = { "www-authenticate": 'Bearer error="invalid_token"' };
  assertEquals(await codeOf(json(401, fault("QuotaViolation"), headers)), "rate_limited");
  const read = await readFault(
    json(500, { name: "x", message: "no", transactionId: "t" }, headers),
  );
  assertEquals(
    [read?.code, read?.envelope, read?.message, read?.transactionId],
    ["invalid_token", "www-authenticate", "no", "t"],
  );
});

Deno.test("B80: invalid_request with status 401 is invalid_client at the token endpoint, and nowhere else", async () => {
  const plain = JSON.stringify({ error: "invalid_request" });
  const at = (status: number, tokenEndpoint: boolean) =>
    parseFault({ status, headers: new Headers() }, plain, { tokenEndpoint }).code;
  assertEquals([at(401, true), at(401, false), at(400, true)], [
    "invalid_client",
    "invalid_request",
    "invalid_request",
  ]);
  assertEquals(await codeOf(json(401, { ErrorCode: "invalid_request" })), "invalid_client");
});

const HTML = "<!DOCTYPE html><html><body>Please log in</body></html>";

/** Answers without a code that is known: the status says what they mean. */
const BY_STATUS: readonly (readonly [number, string, Record<string, string>, FaultCode])[] = [
  [401, "", {}, "access_denied"],
  [403, "", {}, "access_denied"],
  [403, "  \n", { "content-type": "text/html" }, "access_denied"],
  [401, "no", {}, "access_denied"],
  [401, "{", { "content-type": "application/json" }, "access_denied"],
  [403, "<error>no</error>", { "content-type": "application/xml" }, "access_denied"],
  [401, '{"message":"no"}', { "content-type": "text/html" }, "access_denied"],
  [401, HTML, {}, "invalid_response"],
  [403, HTML, {}, "invalid_response"],
  [403, "<p>no", { "content-type": "text/html" }, "invalid_response"],
  [407, "", {}, "proxy_refused"],
  [403, "", { via: "1.1 google" }, "access_denied"],
  [403, "", { via: "1.1 proxy.example" }, "access_denied"],
  [403, "", { "x-squid-error": "ERR_ACCESS_DENIED 0" }, "proxy_refused"],
  [403, HTML, { via: "1.1 google" }, "invalid_response"],
  [401, "", { via: "1.1 proxy.example" }, "access_denied"],
  [403, "no", { "proxy-authenticate": "Basic" }, "proxy_refused"],
  [403, HTML, { "x-squid-error": "ERR_ACCESS_DENIED 0" }, "proxy_refused"],
  [403, "<html>Generated by proxy.example (squid/5.7)", {}, "proxy_refused"],
  [403, '{"code":"PERMISSION_DENIED"}', { via: "1.1 proxy.example" }, "access_denied"],
  [404, HTML, {}, "not_found"],
  [429, "", {}, "rate_limited"],
  [502, HTML, {}, "server_error"],
  [500, "", {}, "server_error"],
  [400, '{"message":"number is wrong"}', {}, "invalid_request"],
  [400, HTML, {}, "invalid_response"],
  [418, "{}", {}, "invalid_response"],
];

Deno.test("B23, B80, B82: without a known code the status decides; HTML and a proxy's marks are told apart", async () => {
  for (const [status, body, headers, expected] of BY_STATUS) {
    const response = new Response(body, { status, headers });
    assertEquals(await codeOf(response), expected, `${status} ${body} ${JSON.stringify(headers)}`);
  }
});

Deno.test("B63: code, text and id are bounded, on one line, and without control characters", async () => {
  const nasty = `\u001b[31m\u202ered\r\n\u2028${"x".repeat(70)}\ud800 ${"y".repeat(20_000)}`;
  const answers = [
    json(400, { error: { transactionId: nasty, name: nasty, message: nasty } }),
    json(400, { error_code: nasty, message: nasty, correlation_id: nasty }),
    json(400, { type: nasty, detail: nasty, instance: nasty }),
    new Response(`<fault><faultstring>${nasty}</faultstring><detail><errorcode>${nasty}</`, {
      status: 400,
      headers: { "x-request-id": "r".repeat(5_000) },
    }),
  ];
  for (const response of answers) {
    const { originalCode, message, transactionId = "", hint } = (await readFault(response))!;
    assert(originalCode.length <= 200 && message.length <= 200 && transactionId.length <= 100);
    assert(transactionId.length > 90 && message.length > 190 && hint.length < 500);
    assertEquals(
      [originalCode, message, transactionId, hint].join("").match(/\p{C}|\u2028/gu),
      null,
    );
  }
});

Deno.test("B22, B81: the id is the body's, else that of x-request-id; the hint says what it is for", async () => {
  const headers = { "x-request-id": "from-header" };
  for (
    const [body, id] of [
      [{ error: { transactionId: "t1", name: "x" } }, "t1"],
      [{ transactionId: "t2", name: "x", message: "m" }, "t2"],
      [{ error_code: 400, message: "m", correlation_id: "c1" }, "c1"],
      [{ type: "about:blank", title: "x", instance: "/i/1" }, "/i/1"],
      [{ errorResponse: { code: "x", transactionId: "t3" } }, "t3"],
      [{}, "from-header"],
    ] as const
  ) {
    const read = await readFault(json(400, body, headers));
    assertEquals(read?.transactionId, id);
    assertMatch(read!.hint, new RegExp(` support, quote transactionId ${id}\\.$`));
  }
  assert(!(await readFault(json(400, {})))!.hint.includes("transactionId"));
});

/** What a hint must say, and must not: each remedy is its own. */
const HINTS: readonly (readonly [keyof typeof FAILURES, RegExp, RegExp])[] = [
  ["not_entitled", /product.*developer\.kpn\.com.*a new token will not help/, /secret/],
  ["not_approved", /right.*(pending|revoked).*developer\.kpn\.com.*will not help/, /[Cc]opy/],
  ["key_expired", /key has expired.*new key.*developer\.kpn\.com/, /[Cc]opy/],
  ["invalid_client", /Copy both.*Sandbox and Project.*a retry will not help/, /pending/],
  ["invalid_token", /Request a new token; a new secret will not help/, /developer/],
  ["rate_limited", /a new token or a new secret will not help/, /URL/],
  ["spike_arrest", /Wait 1 s before/, /URL/],
  ["not_found", /URL/, /phone/],
  ["camara", /phone number/, /URL/],
  ["empty_403", /developer\.kpn\.com/, /proxy/],
  ["proxy_refused", /proxy/, /developer/],
  ["invalid_response", /proxy/, /developer/],
];

Deno.test("B21, B80: hints are whole sentences with the remedy, and what will not help", async () => {
  for (const [name, does, not] of HINTS) {
    const { hint } = (await readFault(FAILURES[name]()))!;
    assertMatch(hint, does, name);
    assert(!not.test(hint), `${name}: ${hint}`);
  }
});

Deno.test("Retry-After is read as seconds or as a date; a redirect's host is named", () => {
  const NOW = Date.UTC(2026, 10, 26);
  const at = (status: number, headers: Record<string, string>) =>
    parseFault({ status, headers: new Headers(headers) }, "", { now: () => NOW });
  const { retryAfter, hint } = at(503, { "retry-after": "90" });
  assertEquals(retryAfter, 90_000);
  assertMatch(hint, /Wait 90 s before the next try\./);
  const date = new Date(NOW + 5_000).toUTCString();
  assertEquals(at(429, { "retry-after": date }).retryAfter, 5_000);
  for (
    const wrong of [
      "soon",
      "-1",
      "foo 3000",
      "foo 3000 10:00:00",
      "Sun 3000",
      "1 Jan 3000 10:00:00 GMT",
      new Date(0).toUTCString(),
      "1e9",
      "9".repeat(400),
    ]
  ) {
    assertEquals(at(429, { "retry-after": wrong }).retryAfter, undefined, wrong);
  }
  for (
    const later of [
      "Thu, 26 Nov 2026 00:00:05 GMT",
      "Thursday, 26-Nov-26 00:00:05 GMT",
    ]
  ) assertEquals(at(429, { "retry-after": later }).retryAfter, 5_000, later);
  const redirect = at(302, { location: "https://login.example/?secret=x" });
  assertEquals(redirect.code, "redirected");
  assertMatch(redirect.hint, /It leads to login\.example\./);
  assert(!redirect.hint.includes("secret=x"));
  assertEquals(at(302, { location: "/elsewhere" }).code, "redirected");
});

Deno.test("what is no fault is undefined, and a body that was read is a TypeError", async () => {
  assertEquals(await readFault(json(200, fault("invalid_access_token"))), undefined);
  assertEquals(await readFault(FAILURES.redirect()), undefined);
  const read = FAILURES.quota();
  await read.text();
  await assertRejects(() => readFault(read), TypeError);
});

Deno.test("any JSON at all is taken without a throw", async () => {
  for (
    const body of ["null", "[]", "1", '"x"', '{"error":5}', '{"fault":"x"}', '{"error":null}', "{"]
  ) {
    const fault = await readFault(new Response(body, { status: 400 }));
    assertEquals([fault?.code, fault?.envelope], ["invalid_response", "unknown"], body);
  }
});

/** An answer whose body is made by `pull`. */
const streamed = (pull: (body: ReadableStreamDefaultController) => unknown): Response =>
  new Response(new ReadableStream({ pull: async (body) => void await pull(body) }), {
    status: 401,
  });

Deno.test("B64, B73: a body without an end ends, one of empty or tiny chunks too", () =>
  inVirtualTime(async () => {
    const endless = [
      streamed(() => new Promise(() => {})),
      streamed((body) => body.enqueue(new Uint8Array(0))),
      streamed((body) => body.enqueue(new Uint8Array(1))),
      streamed((body) => body.enqueue(new Uint8Array(10_000))),
    ];
    assertEquals(await Promise.all(endless.map(codeOf)), Array(4).fill("access_denied"));
    for (const { body } of endless) await body?.cancel();
  }));

Deno.test("B73: a signal ends the reading, and the body can still be read", async () => {
  const reader = new AbortController();
  const response = streamed(() => new Promise(() => {}));
  const read = readFault(response, { signal: reader.signal });
  reader.abort(new Error("enough"));
  await assertRejects(() => read, Error, "enough");
  await response.body?.cancel();
  await assertRejects(
    () => readFault(FAILURES.quota(), { signal: AbortSignal.abort(new Error("before")) }),
    Error,
    "before",
  );
});

Deno.test("B58: a whole fault is read although its body stays open, breaks off or goes on", () =>
  inVirtualTime(async () => {
    for (
      const text of [
        JSON.stringify(fault("InvalidAccessToken")),
        "<fault><detail><errorcode>InvalidAccessToken</errorcode>",
      ]
    ) {
      const ends: ((body: ReadableStreamDefaultController) => unknown)[] = [
        () => new Promise(() => {}),
        (body) => body.error(new TypeError("lost")),
        (body) => body.enqueue(new TextEncoder().encode(" ".repeat(9_000))),
      ];
      for (const end of ends) {
        const bytes = [...new TextEncoder().encode(text)];
        const response = streamed((body) =>
          bytes.length ? body.enqueue(Uint8Array.from(bytes.splice(0, 40))) : end(body)
        );
        assertEquals(await codeOf(response), "invalid_token", `${text} ${end}`);
        await response.body?.cancel().catch(() => {});
      }
    }
    const half = streamed((body) => body.enqueue(new TextEncoder().encode('{"fault":{"detail":')));
    assertEquals(await codeOf(half), "access_denied");
    await half.body?.cancel();
  }));

Deno.test("a body that breaks off leaves status and headers to decide", async () => {
  const broken = streamed((body) => body.error(new TypeError("lost")));
  assertEquals(await codeOf(broken), "access_denied");
  await assertRejects(() => broken.text(), TypeError, "lost");
});

Deno.test("B58: isTokenRejected is readFault's invalid_token, and leaves the answer readable", async () => {
  for (const [name, { code }] of Object.entries(golden)) {
    const response = FAILURES[name as keyof typeof FAILURES]();
    assertEquals(await isTokenRejected(response), code === "invalid_token", name);
    await response.text();
  }
  assertEquals(await isTokenRejected(json(200, fault("invalid_access_token"))), false);
});

/** The worst texts of a length: body, and headers. */
const WORST: Readonly<Record<string, (length: number) => [string, Record<string, string>]>> = {
  "white space": (n) => [" ".repeat(n), {}],
  "brackets": (n) => ["[".repeat(n / 2) + "]".repeat(n / 2), {}],
  "brackets with company": (n) => ["[[],".repeat(n / 5) + "1" + "]".repeat(n / 5), {}],
  "objects": (n) => ['{"a":'.repeat(n / 6) + "1" + "}".repeat(n / 6), {}],
  "one key": (n) => ["{" + '"error":"x y",'.repeat(n / 14) + '"a":1}', {}],
  "an unfinished fault": (n) => ["<fault>" + " ".repeat(n), {}],
  "faults": (n) => ["<fault><detail>".repeat(n / 15), {}],
  "an instruction": (n) => ["<?" + "> ".repeat(n / 2), {}],
  "a code": (n) => [JSON.stringify({ info: "i", name: "x", message: "a.".repeat(n / 2) }), {}],
  "comments": (n) => ["<!--".repeat(n / 4), {}],
  "CDATA": (n) => ["<fault><faultstring>" + "<![CDATA[".repeat(n / 9), {}],
  "many sections": (n) => ["<fault><faultstring>" + "<![CDATA[<]]>".repeat(n / 13), {}],
  "notifications": (
    n,
  ) => [JSON.stringify({ notifications: Array(n >> 4).fill({ type: "x" }) }), {}],
  "brackets behind strings": (
    n,
  ) => [`["${"]".repeat(n / 3)}",${"[".repeat(n / 3)}${"]".repeat(n / 3)}]`, {}],
  "a string without an end": (n) => ['"' + '\\"'.repeat(n / 2), {}],
  "quotes": (n) => ['\\"'.repeat(n / 2), {}],
  "html": (n) => ["<html>" + "prox ".repeat(n / 5), {}],
  "words in a challenge": (n) => ["", { "www-authenticate": "a ".repeat(n / 2) }],
  "spaces in a challenge": (n) => ["", { "www-authenticate": `a${" ".repeat(n)}b` }],
  "quotes in a challenge": (n) => ["", { "www-authenticate": ' a="'.repeat(n / 4) }],
  "escapes in a challenge": (n) => ["", { "www-authenticate": `a="${"\\x".repeat(n / 2)}` }],
  "a name in a challenge": (n) => ["", { "www-authenticate": "a".repeat(n) }],
  "retry-after": (n) => ["", { "retry-after": "1 ".repeat(n / 2) }],
  "a long date": (n) => ["", { "retry-after": "Sun, " + "00:00:".repeat(n / 6) }],
};

Deno.test("B64: twice the text costs at most three times the time", () => {
  for (const [name, make] of Object.entries(WORST)) {
    assertLinear(name, (length) => {
      const [body, headers] = make(length);
      const response = { status: 403, headers: new Headers(headers) };
      return () => parseFault(response, body);
    });
  }
});

Deno.test("B57: numbers in an answer's words decide nothing: a 4xx stays one, and is not tried again", async () => {
  for (const status of [400, 401, 403, 404, 418, 422]) {
    const bare = await codeOf(json(status, { message: "words" }));
    for (const words of ["500 Internal Server Error", "code 503", "error 429", "HTTP/1.1 502"]) {
      for (const body of [{ message: words }, { error: { name: words, message: words } }]) {
        assertEquals([status, words, await codeOf(json(status, body))], [status, words, bare]);
      }
      const refused = json(status, { error: words, error_description: words });
      const { retryable } = await assertRejects(() => readTokenResponse(refused), KpnAuthError);
      assertEquals([status, words, retryable], [status, words, false]);
    }
  }
});

Deno.test("B20: a challenge's code that nobody knows is still quoted, the one that begins its text first", async () => {
  const read = async (challenge: string) => {
    const headers = { "www-authenticate": `Bearer ${challenge}` };
    const { code, originalCode, envelope } =
      (await readFault(new Response("", { status: 401, headers })))!;
    assertEquals([code, envelope], ["access_denied", "www-authenticate"]);
    return originalCode;
  };
  assertEquals(await read('error="nobody_knows"'), "nobody_knows");
  assertEquals(await read('error="nobody_knows", error_description="a_b: words"'), "a_b");
});

Deno.test("B57: a fault's own words go before others beside it, and hold what CDATA held", async () => {
  const beside = { message: "echo", ...fault("a.b") };
  assertEquals((await readFault(json(400, beside)))?.message, "words");
  const xml =
    "<fault><faultstring><![CDATA[2 < 3]]></faultstring><detail><errorcode>a.b</errorcode></detail></fault>";
  assertEquals((await readFault(new Response(xml, { status: 400 })))?.message, "2 &lt; 3");
});

Deno.test("B73: a signal that is aborted already takes no copy of the answer", async () => {
  const clone = () => assert(false, "cloned");
  const response = { status: 401, clone } as unknown as Response;
  const signal = AbortSignal.abort("left");
  assertEquals(await readFault(response, { signal }).catch((reason) => reason), "left");
});

Deno.test("B58: a body that stays open is waited for for one second", async () => {
  await inVirtualTime(async ({ now }) => {
    const since = now();
    const headers = { "content-type": "text/html" };
    const open = new Response(new ReadableStream(), { status: 401, headers });
    assertEquals([await codeOf(open), now() - since], ["access_denied", 1_000]);
  });
});

Deno.test("B80: invalid_request with status 401 of an API is the request's fault", async () => {
  const body = { code: "invalid_request", message: "words" };
  assertEquals(await codeOf(json(401, body)), "invalid_request");
});

Deno.test("B23: statuses from 300 to 399 and below 200 lead elsewhere; a hint names the host if there is one", () => {
  const read = (status: number, headers = {}) =>
    parseFault({ status, headers: new Headers(headers) }, "");
  const codes = [0, 199, 200, 299, 300, 399, 400].map((status) => read(status).code);
  const [redirected, invalid] = ["redirected", "invalid_response"] as const;
  assertEquals(codes, [redirected, redirected, invalid, invalid, redirected, redirected, invalid]);
  for (const headers of [{}, { location: "/x" }, { location: "ftp://a.b/" }]) {
    assertEquals(
      read(302, headers).hint,
      "The answer is a redirect. Check the URL; a retry will not help.",
    );
  }
});

Deno.test("B81: a hint has its sentences apart, and whole seconds", () => {
  const headers = new Headers({ "retry-after": "3600", "x-request-id": "id-1" });
  const { hint } = parseFault({ status: 503, headers }, "");
  assert(
    hint.endsWith(
      ". Wait 3600 s before the next try. If you ask KPN's support, quote transactionId id-1.",
    ),
    hint,
  );
});

Deno.test("a Retry-After whose date is now is no wait, and one that is past says nothing", () => {
  const date = "Thu, 26 Nov 2026 12:00:00 GMT";
  const waits = [0, 1].map((late) =>
    parseFault({ status: 503, headers: new Headers({ "retry-after": date }) }, "", {
      now: () => Date.parse(date) + late,
    }).retryAfter
  );
  assertEquals(waits, [0, undefined]);
});
