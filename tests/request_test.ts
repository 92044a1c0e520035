import { createTokenRequest } from "../mod.ts";
import { assertEquals, assertThrows } from "./support/assert.ts";

const credentials = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

Deno.test("createTokenRequest builds the POST of KPN's cURL examples", () => {
  assertEquals(createTokenRequest(credentials), {
    url:
      "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials",
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET",
    redirect: "manual",
  });
});

Deno.test("B25: what no id or secret can be is refused, and never quoted", () => {
  for (const bad of ["", " s3cret", "s3cret\n", "s3\u0000cret", "s3\u0085cret", "s3\ud800cret"]) {
    const error = assertThrows(
      () => createTokenRequest({ ...credentials, clientSecret: bad }),
      TypeError,
      "clientSecret",
    );
    assertEquals(error.message.includes("s3"), false);
  }
});
