import { KpnAuthError, readTokenResponse, requestToken } from "../mod.ts";
import { toAccessToken } from "../src/response.ts";
import { FAILURES } from "../src/mock/answers.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";
import { KPN_ANSWER } from "./support/cases.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import { assertLinear } from "./support/linear.ts";

const NOW = 1_800_000_000_000;

/** The token that requestToken makes of an answer. */
function tokenFrom(answer: object) {
  return requestToken({
    ...CREDENTIALS,
    now: () => NOW,
    fetch: () => Promise.resolve(Response.json(answer)),
  });
}

Deno.test("KPN's documented answer is read whole", async () => {
  const token = await tokenFrom(KPN_ANSWER);
  assertEquals(token, {
    value: "staG765sBUuai4OMeZiTful6PTRt",
    type: "Bearer",
    requestedAt: NOW,
    expiresAt: NOW + 3_599_000,
    issuedAt: 1587458037687,
    clientId: "APP_CLIENT_ID",
    level: "demo",
    applicationName: "test_application",
    developerEmail: "demo123@kpn.com",
    organizationName: "kpn",
    apiProducts: ["xxxxxx"],
    scope: "",
    status: "approved",
  });
  assert(Object.isFrozen(token) && Object.isFrozen(token.apiProducts));
  assertEquals(JSON.parse(JSON.stringify(token)), token);
});

Deno.test("readTokenResponse gives the wire object as it came, unknown fields included", async () => {
  const wire = { ...KPN_ANSWER, something_new: [1] };
  assertEquals<unknown>(await readTokenResponse(Response.json(wire)), wire);
});

Deno.test("only access_token is needed", async () => {
  const token = await tokenFrom({ access_token: "abc" });
  assertEquals(token, {
    value: "abc",
    type: "Bearer",
    requestedAt: NOW,
    expiresAt: NOW + 300_000,
    apiProducts: [],
    scope: "",
  });
});

Deno.test("API products are read from either form, and the owner from either name", async () => {
  const products = async (fields: object) =>
    (await tokenFrom({ access_token: "abc", ...fields })).apiProducts;
  assertEquals(await products({ api_product_list: "[sms, number insight ,x]" }), [
    "sms",
    "number insight",
    "x",
  ]);
  assertEquals(await products({ api_product_list: "[]" }), []);
  assertEquals(await products({ api_product_list: "[a]", api_product_list_json: ["a", "b"] }), [
    "a",
    "b",
  ]);
  const { developerEmail } = await tokenFrom({
    access_token: "a",
    "developer.email": "me@kpn.com",
  });
  assertEquals(developerEmail, "me@kpn.com");
});

Deno.test("B1, B2: expires_in is a positive integer or a digit string; anything else means 5 minutes", async () => {
  const lifetime = async (expires_in: unknown) =>
    (await tokenFrom({ access_token: "abc", expires_in })).expiresAt - NOW;
  assertEquals(await lifetime("3599"), 3_599_000);
  assertEquals(await lifetime(3599), 3_599_000);
  const unusable = [
    "",
    "0",
    0,
    "-1",
    -1,
    "1e3",
    " 3599",
    "3599 ",
    "0x10",
    null,
    undefined,
    2 ** 53,
  ];
  for (const value of [...unusable, `${2 ** 53}`, "9".repeat(400), 1.5, Infinity, true, [], {}]) {
    assertEquals(await lifetime(value), 300_000, `for ${JSON.stringify(value)}`);
  }
});

Deno.test("B22, B23: what is no token is a KpnAuthError that says what came instead", async () => {
  const cases: [() => Response, string, string | undefined, string[]][] = [
    [FAILURES.invalid_client, "invalid_client", "oauth", [
      "401",
      "ClientId is Invalid",
      "developer.kpn.com",
    ]],
    [FAILURES.invalid_client_500, "invalid_client", "kpn", [
      "500",
      "invalid_client-invalid_client_id",
    ]],
    [FAILURES.invalid_client_id, "invalid_client", "oauth", ["401", "invalid_request"]],
    [FAILURES.invalid_client_identifier, "invalid_client", "fault", [
      "oauth.v2.InvalidClientIdentifier",
    ]],
    [FAILURES.missing_grant_type, "invalid_request", "oauth", [
      "400",
      "Required param : grant_type",
    ]],
    [FAILURES.missing_client_id, "invalid_request", "oauth", ["missing a required parameter"]],
    [FAILURES.unknown_path, "not_found", "fault", ["404", "ApplicationNotFound", "URL"]],
    [FAILURES.quota_500, "rate_limited", "fault", ["500", "QuotaViolation"]],
    [FAILURES.server_error, "server_error", "kpn", ["500", "Something went wrong"]],
    [FAILURES.bad_gateway, "server_error", "unknown", ["502", "text/html"]],
    [FAILURES.html, "invalid_response", "unknown", ["200", "text/html", "proxy"]],
    [FAILURES.empty, "invalid_response", "unknown", ["200", "0 characters"]],
    [FAILURES.broken_json, "invalid_response", "unknown", ["200", "application/json"]],
    [FAILURES.oversized, "invalid_response", "unknown", ["200", "application/json"]],
    [FAILURES.error_in_200, "invalid_client", "oauth", ["200", "ClientId is Invalid"]],
    [FAILURES.redirect, "redirected", "unknown", ["302", "URL"]],
    [() => Response.json({ access_token: "" }), "invalid_response", "unknown", ["200"]],
    [() => Response.json({ access_token: "a\r\nb" }), "invalid_response", "unknown", ["200"]],
    [
      () => Response.json({ access_token: "a", token_type: "mac" }),
      "invalid_response",
      "unknown",
      [],
    ],
    [() => Response.json(null), "invalid_response", "unknown", ["application/json"]],
    [() => Response.json({}, { status: 418 }), "invalid_response", "unknown", ["418"]],
    [() => new Response(null, { status: 204 }), "invalid_response", "unknown", ["204"]],
  ];
  for (const [answer, code, envelope, words] of cases) {
    const error = await assertRejects(() => readTokenResponse(answer()), KpnAuthError);
    assertEquals([error.code, error.envelope], [code, envelope], error.message);
    assertEquals(error.status, answer().status);
    assertEquals(error.message.includes("Unexpected token"), false);
    for (const word of words) assert(error.message.includes(word), `${word} in: ${error.message}`);
  }
});

Deno.test("KPN's transaction id is on the error, for its support", async () => {
  const error = await assertRejects(
    () => readTokenResponse(FAILURES.server_error()),
    KpnAuthError,
  );
  assertEquals(error.transactionId, "mock-transaction-id");
});

Deno.test("Retry-After is read as seconds or as a date, into ms", async () => {
  const retryAfter = async (header: string) => {
    const headers = { "retry-after": header };
    const fetch = () => Promise.resolve(new Response("", { status: 503, headers }));
    const asked = requestToken({ ...CREDENTIALS, fetch, now: () => NOW, retries: 0 });
    return (await assertRejects(() => asked, KpnAuthError)).retryAfter;
  };
  assertEquals(await retryAfter("7"), 7_000);
  assertEquals(await retryAfter(new Date(NOW + 30_000).toUTCString()), 30_000);
  assertEquals(await retryAfter("0"), 0);
  const past = new Date(NOW - 1000).toUTCString();
  for (const nothing of ["-1", "soon", "", past]) {
    assertEquals(await retryAfter(nothing), undefined);
  }
});

Deno.test("B31: no more than 64 KiB of a body is read, and the rest is cancelled", async () => {
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      sent += 1024;
      controller.enqueue(new Uint8Array(1024).fill(32));
    },
    cancel() {
      cancelled = true;
    },
  });
  const error = await assertRejects(() => readTokenResponse(new Response(endless)), KpnAuthError);
  assertEquals(error.code, "invalid_response");
  assert(cancelled && sent < 70_000, `${sent} bytes were read`);
});

Deno.test("B64: a long product list takes time in proportion to its length", () => {
  for (const part of [" ", "[", ",", "a, "]) {
    assertLinear(part, (size) => {
      const wire = { access_token: "t", api_product_list: part.repeat(size / part.length) };
      return () => toAccessToken(wire, 0);
    });
  }
});

Deno.test("B64, B68: an answer that came is a token or an error of ours, whatever its fields hold", async () => {
  const deep = (open: string, close: string) => open.repeat(30_000) + close.repeat(30_000);
  const values = [
    "{}",
    "[]",
    '{"toString":5}',
    '{"toString":5,"valueOf":5}',
    "1e400",
    "-1",
    "true",
    "null",
    '"x"',
    deep("[", "]"),
    `{"a":${deep("[", "]")}}`,
  ];
  for (
    const field of Object.keys({ ...KPN_ANSWER, api_product_list_json: [], "developer.email": "" })
  ) {
    for (const value of values) {
      const body = `{"access_token":"t","${field}":${value}}`;
      const response = () =>
        new Response(body, { headers: { "content-type": "application/json" } });
      await readTokenResponse(response()).catch((error) => {
        assert(error instanceof KpnAuthError, `${field}: ${value.slice(0, 30)}: ${error}`);
      });
      try {
        const token = await requestToken({
          ...CREDENTIALS,
          retries: 0,
          now: () => NOW + 0.25,
          fetch: () => Promise.resolve(response()),
        });
        for (const [name, held] of Object.entries(token)) {
          const type = /At$|In$|Count$/.test(name) ? "number" : "string";
          if (name !== "apiProducts") {
            assertEquals(typeof held, type, `${name} of ${value.slice(0, 30)}`);
          } else assert(token.apiProducts.every((product) => typeof product === "string"));
        }
      } catch (error) {
        assert(
          error instanceof KpnAuthError && error.code === "invalid_response",
          `${field}: ${error}`,
        );
      }
    }
  }
});

Deno.test("B67: a lifetime of more than a day is a day", async () => {
  const lifetime = async (expires_in: unknown) =>
    (await tokenFrom({ access_token: "abc", expires_in })).expiresAt - NOW;
  assertEquals(await lifetime("86400"), 86_400_000);
  assertEquals(await lifetime("86401"), 86_400_000);
  assertEquals(await lifetime(8e12), 86_400_000);
});

Deno.test("B23: a token in an answer that is no success is no token", async () => {
  for (const status of [400, 401, 404, 429, 500, 503]) {
    const answer = Response.json({ ...KPN_ANSWER, access_token: "s3cret-token" }, { status });
    const error = await assertRejects(() => readTokenResponse(answer), KpnAuthError);
    assertEquals(error.status, status);
    assert(!error.message.includes("s3cret"), error.message);
  }
});

Deno.test("B23: the message says what came, in parts, and nothing where nothing came", async () => {
  const messageOf = async (response: Response) =>
    (await assertRejects(() => readTokenResponse(response), KpnAuthError)).message;
  const html = new Response("<html>", { headers: { "content-type": "text/html" } });
  const bare = new Response(Uint8Array.of(33));
  assert((await messageOf(html)).includes("(HTTP 200, 6 characters, text/html). "));
  assert((await messageOf(bare)).includes("(HTTP 200, 1 characters). "));
});

Deno.test("B80: invalid_request with status 401 is a wrong id where a token is asked for", async () => {
  const body = { code: "invalid_request", message: "words" };
  const answer = Response.json(body, { status: 401 });
  const { code } = await assertRejects(() => readTokenResponse(answer), KpnAuthError);
  assertEquals(code, "invalid_client");
});
