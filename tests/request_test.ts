import { createTokenRequest, TOKEN_ENDPOINTS, type TokenTarget } from "../mod.ts";
import { assert, assertEquals, assertThrows } from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";

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

Deno.test("any token endpoint: its query is kept, and grant_type added where it lacks one", () => {
  const urlOf = (tokenEndpoint: string | URL) =>
    createTokenRequest(CREDENTIALS, { tokenEndpoint }).url;
  assertEquals(urlOf(TOKEN_ENDPOINTS.gateway), TOKEN_ENDPOINTS.gateway);
  assertEquals(
    urlOf("https://a.example/token"),
    "https://a.example/token?grant_type=client_credentials",
  );
  assertEquals(
    urlOf(new URL("https://a.example/token?a=b")),
    "https://a.example/token?a=b&grant_type=client_credentials",
  );
});

Deno.test("a token request is frozen, headers included", () => {
  const request = createTokenRequest(CREDENTIALS);
  assert(Object.isFrozen(request) && Object.isFrozen(request.headers));
});

Deno.test("http is for loopback only, unless allowInsecureHttp says otherwise", () => {
  const build = (tokenEndpoint: string, allowInsecureHttp?: boolean) =>
    createTokenRequest(CREDENTIALS, {
      tokenEndpoint,
      ...allowInsecureHttp && { allowInsecureHttp },
    });
  for (const host of ["localhost", "localhost:8080", "127.0.0.1", "127.8.9.1:1", "[::1]:80"]) {
    build(`http://${host}/token`);
  }
  for (
    const host of ["kpn.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"]
  ) {
    assertThrows(() => build(`http://${host}/token`), TypeError, host);
    build(`http://${host}/token`, true);
  }
  assertThrows(() => build("ftp://localhost/token", true), TypeError, "tokenEndpoint");
});

Deno.test("a target that cannot be used is refused, and says what to do", () => {
  const refusals: [TokenTarget, string][] = [
    [{ realm: "gatewy" as "gateway" }, "realm"],
    [{ realm: "msm", tokenEndpoint: "https://a.example" }, "realm"],
    [{ tokenEndpoint: "not a url" }, "tokenEndpoint"],
    [{ tokenEndpoint: "https://user:hunter2@a.example/token" }, "tokenEndpoint"],
  ];
  for (const [target, names] of refusals) {
    const { message } = assertThrows(
      () => createTokenRequest(CREDENTIALS, target),
      TypeError,
      names,
    );
    assert(!message.includes("hunter2"));
  }
});

Deno.test("B25: an id or secret that none can be is refused; the field is named, the value never", () => {
  const hopeless = [
    "",
    " s3cret",
    "s3cret ",
    "s3cret\n",
    "\u00a0s3cret",
    "s3\u0000cret",
    "s3\u007fcret",
    "s3\u0085cret",
    "s3\ud800cret",
    "s3cret\udc00",
    undefined,
    5,
  ] as string[];
  for (const field of ["clientId", "clientSecret"] as const) {
    for (const value of hopeless) {
      const { message } = assertThrows(
        () => createTokenRequest({ ...CREDENTIALS, [field]: value }),
        TypeError,
        field,
      );
      assert(!message.includes("s3"));
    }
  }
  createTokenRequest({ clientId: "with space inside", clientSecret: "ünïcødé 🙂 %41 &=+" });
});
