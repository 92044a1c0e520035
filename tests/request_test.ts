import fc from "fast-check";
import { createTokenRequest, TOKEN_ENDPOINTS, type TokenTarget } from "../mod.ts";
import { assert, assertEquals, assertThrows } from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import { anyText, printable } from "./support/values.ts";

Deno.test("createTokenRequest builds the POST of KPN's cURL examples", () => {
  assertEquals(createTokenRequest(CREDENTIALS), {
    url:
      "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials",
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET",
    redirect: "manual",
  });
});

Deno.test("createTokenRequest knows the msm realm", () => {
  const { url } = createTokenRequest(CREDENTIALS, { realm: "msm" });
  assertEquals(
    url,
    "https://api-prd.kpn.com/oauth/grip/msm/accesstoken?grant_type=client_credentials",
  );
});

Deno.test("a token request is frozen, headers included", () => {
  const request = createTokenRequest(CREDENTIALS);
  assert(Object.isFrozen(request) && Object.isFrozen(request.headers));
});

const urlOf = (tokenEndpoint: string | URL) =>
  createTokenRequest(CREDENTIALS, { tokenEndpoint }).url;

Deno.test("B71: the endpoint's query is kept byte for byte, and grant_type appended where it lacks one", () => {
  const grant = "grant_type=client_credentials";
  const expected: [string | URL, string][] = [
    [TOKEN_ENDPOINTS.gateway, TOKEN_ENDPOINTS.gateway],
    ["https://gw.test/t", `https://gw.test/t?${grant}`],
    ["https://gw.test/t?", `https://gw.test/t?${grant}`],
    ["https://gw.test/t??", `https://gw.test/t??&${grant}`],
    ["https://gw.test/t?a&", `https://gw.test/t?a&&${grant}`],
    [new URL("https://gw.test/t?a=b"), `https://gw.test/t?a=b&${grant}`],
    [
      "https://gw.test/t?sig=a%20b~c+d'e(f)&flag",
      `https://gw.test/t?sig=a%20b~c+d'e(f)&flag&${grant}`,
    ],
    ["https://gw.test/t#x?y", `https://gw.test/t?${grant}`],
    [new URL("https://gw.test/t?a=%7e#"), `https://gw.test/t?a=%7e&${grant}`],
    [`https://gw.test/t?${grant}&a=~#x`, `https://gw.test/t?${grant}&a=~`],
    [`https://gw.test/t?${grant}&${grant}`, `https://gw.test/t?${grant}&${grant}`],
    [
      "https://gw.test/t?grant%5Ftype=client%5fcredentials",
      "https://gw.test/t?grant%5Ftype=client%5fcredentials",
    ],
    ["https://gw.test/t?my_grant_type=x", `https://gw.test/t?my_grant_type=x&${grant}`],
  ];
  for (const [given, url] of expected) {
    assertEquals(urlOf(given), url);
    assertEquals(urlOf(url), url); // once is enough
  }
});

Deno.test("B71: whatever the query, the URL begins with the bytes given, and has one grant_type", () => {
  const queries = fc.array(fc.tuple(anyText(), anyText()))
    .map((fields) => `${new URLSearchParams(fields)}`);
  const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), queries)
    .filter((text) => !/#|\s$|[\p{Cc}\p{Cs}]/u.test(text));
  fc.assert(fc.property(text, (query) => {
    const given = `https://gw.test/t?${query}`;
    if (new URL(given).searchParams.has("grant_type")) return;
    const url = urlOf(given);
    assert(url.startsWith(given));
    assertEquals(new URL(url).searchParams.getAll("grant_type"), ["client_credentials"]);
    assertEquals(urlOf(`${given}#fragment`), url);
  }));
});

Deno.test("B71: a grant_type that is given is kept as it is, whatever it says", () => {
  for (
    const query of ["grant_type=password", "grant_type=", "grant_type", "a&grant%5Ftype=x%20y"]
  ) {
    assertEquals(urlOf(`https://gw.test/t?${query}#x`), `https://gw.test/t?${query}`);
  }
});

Deno.test("B70: undefined is the default, and an empty endpoint is not", () => {
  const nothing = {
    realm: undefined,
    tokenEndpoint: undefined,
    allowInsecureHttp: undefined,
    parameters: undefined,
  };
  assertEquals(createTokenRequest(CREDENTIALS, nothing), createTokenRequest(CREDENTIALS));
  assertEquals(createTokenRequest(CREDENTIALS, undefined), createTokenRequest(CREDENTIALS));
  assertThrows(() => urlOf(""), TypeError, 'tokenEndpoint "": it is empty');
  assertThrows(() => urlOf(null as never), TypeError, "tokenEndpoint null");
});

Deno.test("parameters follow client_secret, in their order, in the same encoding", () => {
  const bodyOf = (parameters: Record<string, string>) =>
    createTokenRequest(CREDENTIALS, { parameters }).body;
  const { body } = createTokenRequest(CREDENTIALS);
  assertEquals(bodyOf({}), body);
  assertEquals(bodyOf({ scopes: "operator_lookup" }), `${body}&scopes=operator_lookup`);
  assertEquals(
    bodyOf({ z: "a,b c", "\u00e9": "~*&=+%41 \u{1f600}", 1: "one" }),
    `${body}&1=one&z=a%2Cb+c&%C3%A9=%7E*%26%3D%2B%2541+%F0%9F%98%80`,
  );
  assertEquals(bodyOf(JSON.parse('{ "__proto__": "x" }')), `${body}&__proto__=x`);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(printable, printable), { selector: ([name]) => name }),
      (fields) => {
        const parameters = Object.fromEntries(fields);
        const sent = Array.from(new URLSearchParams(bodyOf(parameters)));
        assertEquals(sent, [
          ["client_id", CREDENTIALS.clientId],
          ["client_secret", CREDENTIALS.clientSecret],
          ...Object.entries(parameters),
        ]);
      },
    ),
  );
});

Deno.test("parameters that cannot be sent are refused by name, without their value", () => {
  const refused: [unknown, string][] = [
    ...["client_id", "client_secret", "grant_type", "Client_ID", "GRANT_TYPE", ""].map((
      name,
    ): [unknown, string] => [{ [name]: "s3cret" }, `parameters["${name}"]: it must be left out`]),
    [{ "a\nb": "s3cret" }, 'parameters["a\\nb"]: it has a control character'],
    [{ scopes: "s3cret\n" }, 'parameters["scopes"]: it ends with a line break'],
    [{ scopes: "s3\ncret" }, 'parameters["scopes"]: it has a control character'],
    [{ scopes: "s3\ud800" }, 'parameters["scopes"]: it has a lone surrogate'],
    [{ scopes: undefined }, 'parameters["scopes"]: it is undefined'],
    [{ scopes: null }, 'parameters["scopes"]'],
    [{ scopes: "" }, 'parameters["scopes"]: it is empty'],
    [{ scopes: ["s3cret"] }, 'parameters["scopes"]: it is of type object, not string'],
    [{ scopes: 5 }, 'parameters["scopes"]: it is of type number, not string'],
    ...[
      null,
      "scopes=s3cret",
      5,
      [["scopes", "s3cret"]],
      new URLSearchParams("scopes=s3cret"),
      new Map([["scopes", "s3cret"]]),
      () => ({ scopes: "s3cret" }),
    ].map((parameters): [unknown, string] => [parameters, "parameters: it must be a plain object"]),
  ];
  for (const [parameters, text] of refused) {
    const { message } = assertThrows(
      () => createTokenRequest(CREDENTIALS, { parameters } as TokenTarget),
      TypeError,
      text,
    );
    assert(!message.includes("s3"));
  }
});

Deno.test("each option is read once", () => {
  let reads = 0;
  const once = (values: object) =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, {
          enumerable: true,
          get: () => (reads++, value),
        }]),
      ),
    );
  const target = {
    realm: undefined,
    tokenEndpoint: "https://gw.test/t",
    allowInsecureHttp: false,
    parameters: once({ scopes: "operator_lookup" }),
  };
  createTokenRequest(once(CREDENTIALS) as typeof CREDENTIALS, once(target));
  assertEquals(reads, 2 + 4 + 1);
});

Deno.test("B79: a realm that is none is quoted, and the realms are listed", () => {
  for (const realm of ["gatewy", "", "toString", "__proto__", null, 5]) {
    assertThrows(
      () => createTokenRequest(CREDENTIALS, { realm: realm as "msm" }),
      TypeError,
      `Cannot use realm ${JSON.stringify(realm)}: it must be one of gateway, msm`,
    );
  }
  for (const tokenEndpoint of ["https://gw.test/t", "", null]) {
    assertThrows(
      () =>
        createTokenRequest(CREDENTIALS, { realm: "msm", tokenEndpoint: tokenEndpoint as string }),
      TypeError,
      'Cannot use realm "msm": it excludes tokenEndpoint',
    );
  }
});

Deno.test("B79: credentials or a target that are no object have a message of their own", () => {
  for (const wrong of [undefined, null, "s3cret", 5, ["s3cret"]]) {
    const { message } = assertThrows(() => createTokenRequest(wrong as never), TypeError);
    assertEquals(message, "Cannot use credentials: it must be a plain object");
  }
  for (const wrong of [null, "msm", new Map()]) {
    const { message } = assertThrows(
      () => createTokenRequest(CREDENTIALS, wrong as never),
      TypeError,
    );
    assertEquals(message, "Cannot use target: it must be a plain object");
  }
});

Deno.test("B25, B79: an id or secret that none can be: the message says why, and never the value", () => {
  const hopeless: [unknown, string][] = [
    [undefined, "it is undefined: is the environment variable set?"],
    [null, "it is null: is the environment variable set?"],
    ["undefined", "it is undefined: is the environment variable set?"],
    ["null", "it is null: is the environment variable set?"],
    ["", "it is empty: is the environment variable set?"],
    ["s3cret\n", "it ends with a line break: trim it"],
    ["s3cret\r\n", "it ends with a line break: trim it"],
    [" s3cret", "it has white space at an end: trim it"],
    ["\ufeffs3cret", "it has white space at an end: trim it"],
    ["\u00a0s3cret", "it has white space at an end: trim it"],
    ["s3cret ", "it has white space at an end: trim it"],
    ["s3\u0000cret", "it has a control character inside"],
    ["s3\ncret", "it has a control character inside"],
    ["s3\u007fcret", "it has a control character inside"],
    ["s3\u0085cret", "it has a control character inside"],
    ["s3\ud800cret", "it has a lone surrogate inside"],
    ["s3cret\udc00", "it has a lone surrogate inside"],
    [5, "it is of type number, not string"],
    [Promise.resolve("s3cret"), "it is of type object, not string"],
    [() => "s3cret", "it is of type function, not string"],
    [Symbol("s3cret"), "it is of type symbol, not string"],
  ];
  for (const field of ["clientId", "clientSecret"] as const) {
    for (const [value, why] of hopeless) {
      const { message } = assertThrows(
        () => createTokenRequest({ ...CREDENTIALS, [field]: value }),
        TypeError,
      );
      assertEquals(message, `Cannot use ${field}: ${why}`);
    }
  }
  createTokenRequest({
    clientId: "with space inside",
    clientSecret: "\u00fcn\u00efc\u00f8d\u00e9 \u{1f642} %41 &=+",
  });
});

Deno.test("http beyond loopback is asked for on the caller's word alone", () => {
  const tokenEndpoint = "http://kpn.test/t";
  const { url } = createTokenRequest(CREDENTIALS, { tokenEndpoint, allowInsecureHttp: true });
  assertEquals(url, `${tokenEndpoint}?grant_type=client_credentials`);
  for (const allowInsecureHttp of [false, undefined]) {
    assertThrows(
      () => createTokenRequest(CREDENTIALS, { tokenEndpoint, allowInsecureHttp }),
      TypeError,
      "must be https, unless allowInsecureHttp is true",
    );
  }
});
