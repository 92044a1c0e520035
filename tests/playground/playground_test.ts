/** The playground: what it serves. */

import { libraryBeside } from "../../src/cli/library.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { HOME, playgroundOf } from "./support.ts";

const FILES: Readonly<Record<string, RegExp>> = {
  "/": /^text\/html/,
  "/page.css": /^text\/css/,
  "/forms.css": /^text\/css/,
  "/results.css": /^text\/css/,
  "/page.js": /^text\/javascript/,
  "/kpn-auth.js": /^text\/javascript/,
  "/openapi.yaml": /yaml/,
  "/kpn.http": /^text\/plain/,
  "/postman/collection.json": /json/,
  "/postman/environment.json": /json/,
  "/bruno/bruno.json": /json/,
  "/bruno/get_access_token.bru": /^text\/plain/,
};

for (const [path, type] of Object.entries(FILES)) {
  Deno.test(`the playground serves ${path}, to HEAD without a body, and refuses POST`, async () => {
    const { mock, ask } = playgroundOf();
    const response = await ask(path);
    assertEquals(response.status, 200);
    assertMatch(response.headers.get("content-type") ?? "", type);
    assertMatch(response.headers.get("content-security-policy") ?? "", /^default-src 'none';/);
    assert((await response.text()).length > 100);
    assertEquals((await ask(path, { method: "HEAD" })).body, null);
    const post = await ask(path, { method: "POST" });
    assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    await post.body?.cancel();
    assertEquals(mock.requests.length, 0, "what is the playground's own is not recorded");
  });
}

Deno.test("what describes KPN's gateway names the mock's own address, and KPN's page stays whole", async () => {
  const { ask } = playgroundOf();
  const yaml = await (await ask("/openapi.yaml")).text();
  assertStringIncludes(yaml, `tokenUrl: ${HOME}/oauth/client_credential/accesstoken?grant_type=`);
  assert(!yaml.includes("api-prd.kpn.com"));
  const environment = await (await ask("/postman/environment.json")).json();
  assertEquals(environment.values[0].value, HOME);
  assertStringIncludes(await (await ask("/kpn-auth/src/kpn.js")).text(), "https://api-prd.kpn.com");
});

Deno.test("the page gets the library's own modules, types stripped, and no other file", async () => {
  const { mock, ask } = playgroundOf();
  for (const path of ["mod.js", "mod.ts", "src/kpn.ts", "src/curl/curl.js"]) {
    const response = await ask(`/kpn-auth/${path}`);
    assertEquals(response.status, 200, path);
    assertMatch(response.headers.get("content-type") ?? "", /^text\/javascript/);
    assert(!/^(export )?(interface|type) /m.test(await response.text()));
  }
  for (const path of ["src/cli/bin.ts", "deno.json", "src/nothing.js", "src/../mod.json"]) {
    const response = await ask(`/kpn-auth/${path}`);
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
  assertEquals(mock.requests.length, 0);
});

Deno.test("without the library, its modules are missing, and the answer says what to allow", async () => {
  const { ask } = playgroundOf({ library: libraryBeside("") });
  const response = await ask("/kpn-auth/mod.js");
  assertEquals(response.status, 404);
  assertMatch(await response.text(), /--allow-read/);
});

Deno.test("the page names nothing that would be loaded from elsewhere", async () => {
  const { ask } = playgroundOf();
  for (const path of ["/", "/page.css", "/forms.css", "/results.css", "/page.js"]) {
    const text = await (await ask(path)).text();
    for (const [, url = ""] of text.matchAll(/(?:src|href|@import|url\()\s*=?\s*"?([^"\s>)]+)/g)) {
      assertMatch(url, /^[/#]|^data:/);
    }
  }
});

Deno.test("every other path is the mock's", async () => {
  const { mock, ask } = playgroundOf();
  const response = await ask("/nowhere");
  assertEquals(response.status, 404);
  assertMatch(await response.text(), /ApplicationNotFound/);
  assertEquals(mock.requests.length, 1);
});

Deno.test("only the playground's own page is told what arrived", async () => {
  const { ask } = playgroundOf();
  const echo = async (headers: Record<string, string>, body = "a=ü") => {
    const response = await ask("/some?thing", { method: "POST", headers, body });
    await response.body?.cancel();
    return response.headers.get("mock-received");
  };
  assertEquals(await echo({}), null);
  assertEquals(await echo({ "sec-fetch-site": "cross-site" }), null);
  const received = decodeURIComponent(await echo({ "sec-fetch-site": "same-origin" }) ?? "");
  assertMatch(received, /^POST \/some\?thing HTTP\/1\.1\n[^]*\n\na=ü$/);
  for (const body of ["😀".repeat(5_000), "x" + "😀".repeat(5_000)]) {
    const long = await echo({ "sec-fetch-site": "same-origin" }, body);
    assert(!decodeURIComponent(long ?? "").includes("\ufffd"), "cut between two characters");
  }
});
