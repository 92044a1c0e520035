/** The mock serves what `.github/KPN.md` says that KPN serves, and refuses the rest. */

import { readFault, TOKEN_ENDPOINTS } from "kpn-auth";
import { type MockKpn, mockKpn } from "kpn-auth/testing";
import { tokensOf } from "../../src/mock/tokens.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";

const FORM = "application/x-www-form-urlencoded";
const BODY = "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET";
const INSIGHT = "https://api-prd.kpn.com/communication/nexmo/number-insight";

/** A request that the mock accepts, but for what a test changes. */
interface TokenCall {
  readonly url?: string;
  readonly method?: string;
  readonly type?: string | undefined;
  readonly authorization?: string;
  readonly body?: string;
}

function ask(mock: MockKpn, call: TokenCall = {}): Promise<Response> {
  const { url = TOKEN_ENDPOINTS.gateway, method = "POST", authorization, body = BODY } = call;
  const headers = {
    "content-type": "type" in call ? call.type ?? "" : FORM,
    ...authorization !== undefined && { authorization },
  };
  const bodiless = method === "GET" || method === "HEAD" || method === "OPTIONS";
  return mock.fetch(url, { method, headers, ...!bodiless && { body }, redirect: "manual" });
}

async function tokenOf(mock: MockKpn): Promise<string> {
  return (await (await ask(mock)).json()).access_token;
}

function insight(
  token: string,
  body: Record<string, string> | string = { number: "447700900000" },
  level = "basic",
): [string, RequestInit] {
  const headers = { authorization: `Bearer ${token}`, "content-type": FORM };
  return [`${INSIGHT}/${level}`, { method: "POST", headers, body: `${new URLSearchParams(body)}` }];
}

const basic = (text: string) => `Basic ${btoa(text)}`;

const ACCEPTED: Readonly<Record<string, TokenCall>> = {
  "as KPN's cURL examples": {},
  "with the charset that a URLSearchParams body adds": { type: `${FORM};charset=UTF-8` },
  "with grant_type in the body as well": { body: `grant_type=client_credentials&${BODY}` },
  "with the secret first": { body: "client_secret=APP_CLIENT_SECRET&client_id=APP_CLIENT_ID" },
  "as Swagger UI": {
    authorization: basic("APP_CLIENT_ID:APP_CLIENT_SECRET"),
    body: "grant_type=client_credentials&scope=a+b",
  },
  "in the msm realm": { url: TOKEN_ENDPOINTS.msm },
  "with a parameter that is not known (RFC 6749 section 3.2)": { body: `${BODY}&more=1` },
};

for (const [name, call] of Object.entries(ACCEPTED)) {
  Deno.test(`the mock, strict too, accepts a token request ${name}`, async () => {
    const mock = mockKpn({ strict: true });
    const response = await ask(mock, call);
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "application/json");
    assertEquals(mock.mints, 1);
  });
}

/** What programs in use send (B90): the call, how its record says it differs, and how `strict` refuses it. */
const WILD: Readonly<Record<string, [TokenCall, string[], number]>> = {
  "with a parameter of the content type": [
    { type: `${FORM}; param=value` },
    ["content-type has a parameter: param=value"],
    415,
  ],
  "with another charset": [
    { type: `${FORM};charset=latin1` },
    ["content-type has a parameter: charset=latin1"],
    415,
  ],
  "with Basic, and neither body nor content type": [
    { type: undefined, authorization: basic("APP_CLIENT_ID:APP_CLIENT_SECRET"), body: "" },
    [
      "there is no content-type and no body",
      "the credentials are in Authorization: Basic",
    ],
    415,
  ],
  "with grant_type twice in the query": [
    { url: `${TOKEN_ENDPOINTS.gateway}&grant_type=client_credentials` },
    ["grant_type is twice in the query"],
    400,
  ],
  "with all of it": [
    {
      url: `${TOKEN_ENDPOINTS.gateway}&grant_type=client_credentials`,
      type: `${FORM}; x=y`,
      authorization: basic("APP_CLIENT_ID:APP_CLIENT_SECRET"),
      body: "grant_type=client_credentials",
    },
    [
      "content-type has a parameter: x=y",
      "grant_type is twice in the query",
      "grant_type is also in the body",
      "the credentials are in Authorization: Basic",
    ],
    415,
  ],
  "with a Bearer header": [
    { authorization: "Bearer abc.def" },
    ["Authorization: Bearer is ignored"],
    400,
  ],
  "with an empty Bearer header": [
    { authorization: "Bearer " },
    ["Authorization: Bearer is ignored"],
    400,
  ],
  "with an empty Authorization": [
    { authorization: "" },
    ["Authorization: (empty) is ignored"],
    400,
  ],
};

for (const [name, [call, differences, status]] of Object.entries(WILD)) {
  Deno.test(`B90: the mock serves a token request ${name}, and its record says so`, async () => {
    const mock = mockKpn();
    const response = await ask(mock, call);
    assertEquals([response.status, mock.requests[0]?.differences], [200, differences]);
    await response.body?.cancel();
  });
  Deno.test(`B37: strict, the mock refuses a token request ${name}`, async () => {
    const mock = mockKpn({ strict: true });
    const response = await ask(mock, call);
    assertEquals([response.status, mock.mints], [status, 0]);
    assertMatch(await response.text(), OWN);
    assertEquals(mock.requests[0]?.differences, differences);
  });
}

Deno.test("B90: what KPN's own pages send differs only in words, strict or not", async () => {
  const mock = mockKpn({ strict: true });
  const differences = async (call: TokenCall) => {
    assertEquals((await ask(mock, call)).status, 200);
    return mock.requests[mock.requests.length - 1]?.differences;
  };
  assertEquals(await differences({}), []);
  assertEquals(await differences({ type: `${FORM};charset=UTF-8` }), [
    "content-type has a parameter: charset=UTF-8",
  ]);
  assertEquals(await differences({ body: `grant_type=client_credentials&${BODY}&more=1` }), [
    "grant_type is also in the body",
    "more parameters: more",
  ]);
  assertEquals(
    await differences({ body: "client_secret=APP_CLIENT_SECRET&client_id=APP_CLIENT_ID" }),
    [
      "client_secret comes before client_id",
    ],
  );
});

Deno.test("B90: a call with BearerToken is served and recorded, and refused if strict", async () => {
  for (const [strict, status] of [[false, 200], [true, 401]] as const) {
    const mock = mockKpn({ strict });
    const [url, init] = insight(await tokenOf(mock));
    const authorization = new Headers(init.headers).get("authorization")!.replace(
      "Bearer",
      "BearerToken",
    );
    const response = await mock.fetch(url, {
      ...init,
      headers: { "content-type": FORM, authorization },
    });
    assertEquals(response.status, status);
    assertEquals(mock.requests[1]?.differences, ["authorization says BearerToken"]);
    await response.body?.cancel();
  }
});

Deno.test("B90: Number Insight takes a content type with a parameter, unless strict", async () => {
  for (const [strict, status] of [[false, 200], [true, 415]] as const) {
    const mock = mockKpn({ strict });
    const [url, init] = insight(await tokenOf(mock));
    const headers = { ...init.headers as Record<string, string>, "content-type": `${FORM}; x=y` };
    const response = await mock.fetch(url, { ...init, headers });
    assertEquals(response.status, status);
    assertEquals(mock.requests[1]?.differences, ["content-type has a parameter: x=y"]);
    await response.body?.cancel();
  }
});

const OWN = /the mock's own answer/;

/** What is refused, with which status and words. */
const REFUSED: Readonly<Record<string, [TokenCall, number, RegExp]>> = {
  "with a wrong id": [
    { body: "client_id=x&client_secret=APP_CLIENT_SECRET" },
    401,
    /"ErrorCode":"invalid_client"/,
  ],
  "with a wrong secret": [
    { body: "client_id=APP_CLIENT_ID&client_secret=x" },
    401,
    /"ErrorCode":"invalid_client"/,
  ],
  "with a wrong secret in Basic": [
    { authorization: basic("APP_CLIENT_ID:x"), body: "" },
    401,
    /invalid_client/,
  ],
  "with a wrong secret in the msm realm": [
    { url: TOKEN_ENDPOINTS.msm, body: "client_id=APP_CLIENT_ID&client_secret=x" },
    500,
    /"message":"invalid_client-invalid_client_id"/,
  ],
  "without grant_type": [
    { url: TOKEN_ENDPOINTS.gateway.split("?")[0]! },
    400,
    /Required param : grant_type/,
  ],
  "with grant_type in the body only": [
    { url: TOKEN_ENDPOINTS.gateway.split("?")[0]!, body: `grant_type=client_credentials&${BODY}` },
    400,
    /Required param : grant_type/,
  ],
  "with another grant_type": [
    { url: TOKEN_ENDPOINTS.gateway.replace("client_credentials", "password") },
    400,
    OWN,
  ],
  "with another grant_type in the body": [{ body: `${BODY}&grant_type=password` }, 400, OWN],
  "without client_id": [
    { body: "client_secret=APP_CLIENT_SECRET" },
    400,
    /missing a required parameter : client_id/,
  ],
  "with an empty client_id": [
    { body: "client_id=&client_secret=x" },
    400,
    /missing a required parameter : client_id/,
  ],
  "without client_secret": [
    { body: "client_id=APP_CLIENT_ID" },
    400,
    /missing a required parameter : client_secret/,
  ],
  "with an empty body": [{ body: "" }, 400, /missing a required parameter : client_id/],
  "with the credentials in the query": [
    { url: `${TOKEN_ENDPOINTS.gateway}&${BODY}`, body: "" },
    400,
    /missing a required parameter : client_id/,
  ],
  "with client_id twice": [{ body: `${BODY}&client_id=APP_CLIENT_ID` }, 400, OWN],
  "with two values of grant_type in the query": [
    { url: `${TOKEN_ENDPOINTS.gateway}&grant_type=password` },
    400,
    OWN,
  ],
  "with another parameter twice in the query": [
    { url: `${TOKEN_ENDPOINTS.gateway}&x=1&x=1` },
    400,
    OWN,
  ],
  "with credentials in body and header": [
    { authorization: basic("APP_CLIENT_ID:APP_CLIENT_SECRET") },
    400,
    OWN,
  ],
  "with nothing but Bearer": [{ authorization: "Bearer abc", body: "" }, 400, /client_id/],
  "with another scheme": [{ authorization: "Digest abc", body: "" }, 400, OWN],
  "with Basic that is no base64": [{ authorization: "Basic !!!", body: "" }, 400, OWN],
  "with Basic of a broken length": [{ authorization: "Basic QUJDR", body: "" }, 400, OWN],
  "with Basic without a colon": [{ authorization: basic("APP_CLIENT_ID"), body: "" }, 400, OWN],
  "as JSON": [{ type: "application/json", body: "{}" }, 415, OWN],
  "as text": [{ type: "text/plain;charset=UTF-8" }, 415, OWN],
  "with a body and no content type": [{ type: undefined }, 415, OWN],
  "as GET": [{ method: "GET" }, 405, OWN],
  "as PUT": [{ method: "PUT" }, 405, OWN],
  "as OPTIONS that is no preflight": [{ method: "OPTIONS" }, 405, OWN],
  "as HEAD": [{ method: "HEAD" }, 405, /^$/],
  "at an unknown realm": [
    { url: "https://api-prd.kpn.com/oauth/other/accesstoken?grant_type=client_credentials" },
    404,
    /ApplicationNotFound/,
  ],
  "with a slash too many": [
    { url: TOKEN_ENDPOINTS.gateway.replace("?", "/?") },
    404,
    /ApplicationNotFound/,
  ],
  "with a body over 1 MiB": [{ body: `${BODY}&more=${"x".repeat(1_100_000)}` }, 413, OWN],
};

for (const [name, [call, status, words]] of Object.entries(REFUSED)) {
  Deno.test(`B37: the mock refuses a token request ${name}`, async () => {
    const mock = mockKpn();
    const response = await ask(mock, call);
    assertEquals(response.status, status);
    assertMatch(await response.text(), words);
    assertEquals(mock.mints, 0);
    assertEquals(mock.requests.length, 1, "what is refused is recorded too");
  });
}

Deno.test("the documented answer: every value a string, the mock's clock and lifetime (B38)", async () => {
  const mock = mockKpn({ now: () => 1_587_458_037_687, level: "prod", lifetime: 60_000 });
  const answer = await (await ask(mock)).json();
  assert(Object.values(answer).every((value) => typeof value === "string"));
  assertEquals(
    [answer.issued_at, answer.expires_in, answer.level, answer.client_id],
    ["1587458037687", "60", "prod", "APP_CLIENT_ID"],
  );
  assertMatch(answer.access_token, /^[A-Za-z0-9]{28}$/);
});

Deno.test("the same seed gives the same tokens, another seed gives others, and none comes twice", async () => {
  const five = async (seed: number) => {
    const mock = mockKpn({ seed });
    const tokens = [];
    for (let i = 0; i < 5; i++) tokens.push(await tokenOf(mock));
    return tokens;
  };
  const tokens = await five(7);
  assertEquals(tokens, await five(7));
  assertEquals(new Set([...tokens, ...await five(8)]).size, 10);
});

Deno.test("B38: a token is good until the injected clock reaches its expiry, or it is revoked", async () => {
  let time = 0;
  const mock = mockKpn({ now: () => time, lifetime: 1_000 });
  const code = async (token: string) =>
    (await readFault(await mock.fetch(...insight(token))))?.originalCode;
  const token = await tokenOf(mock);
  time = 999;
  assertEquals(await code(token), undefined);
  time = 1_000;
  assertEquals(await code(token), "keymanagement.service.access_token_expired");
  assertEquals(await code("unknown"), "keymanagement.service.invalid_access_token");
  const other = await tokenOf(mock);
  assertEquals(await code(other), undefined);
  mock.revoke();
  assertEquals(await code(other), "keymanagement.service.invalid_access_token");
});

Deno.test("requests are recorded as they came, secrets included, charset too", async () => {
  const mock = mockKpn({ now: () => 1_587_458_037_687 });
  await mock.fetch(TOKEN_ENDPOINTS.gateway, { method: "POST", body: new URLSearchParams(BODY) });
  const [request] = mock.requests;
  assertEquals(request, {
    time: 1_587_458_037_687,
    method: "POST",
    url: TOKEN_ENDPOINTS.gateway,
    headers: { "content-type": `${FORM};charset=UTF-8` },
    body: BODY,
    bytesDropped: 0,
    clientId: "APP_CLIENT_ID",
    differences: ["content-type has a parameter: charset=UTF-8"],
    answer: { status: 200, why: "token 1, for APP_CLIENT_ID" },
  });
});

Deno.test("credentials of one's own, and no others, are accepted", async () => {
  const mock = mockKpn({ clientId: "my id", clientSecret: "s:é&%" });
  assertEquals(mock.credentials, { clientId: "my id", clientSecret: "s:é&%" });
  const body = `${new URLSearchParams({ client_id: "my id", client_secret: "s:é&%" })}`;
  assertEquals((await ask(mock, { body })).status, 200);
  const bytes = new TextEncoder().encode("my id:s:é&%");
  const authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  assertEquals((await ask(mock, { authorization, body: "" })).status, 200);
  assertEquals((await ask(mock)).status, 401);
});

Deno.test("a mock with impossible options is refused", () => {
  assertThrows(() => mockKpn({ clientSecret: "" }), TypeError, "Cannot make a mock");
  assertThrows(() => mockKpn({ lifetime: NaN }), RangeError, "Cannot make a mock");
});

Deno.test("a seed that is no number is refused", () => {
  for (const seed of [NaN, Infinity]) {
    assertThrows(() => mockKpn({ seed }), RangeError, `seed is ${seed}; it must be a number`);
  }
});

Deno.test("of more than 20,000 tokens the oldest are forgotten", () => {
  const tokens = tokensOf({ lifetime: 1_000, seed: 1, strict: false, now: () => 0 });
  const client = { clientId: "a", clientSecret: "b" };
  const minted = Array.from({ length: 20_001 }, () => `Bearer ${tokens.mint(client).access_token}`);
  assertEquals(minted.slice(0, 2).map((one) => tokens.clientOf(one)), [undefined, client]);
});
