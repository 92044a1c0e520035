/** What is left out, what is refused, and that no message tells a value. */

import { createTokenRequest } from "../../mod.ts";
import { curlCommand, type CurlOptions, type CurlRequest } from "../../src/curl/curl.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { type Shell, SHELLS } from "../../src/curl/shells.ts";
import { assertGolden } from "../support/golden.ts";

const ALL = Object.keys(SHELLS) as Shell[];
const URL = "https://api-prd.kpn.com/x";
const token = createTokenRequest({ clientId: "s3cret-id", clientSecret: "s3cret" });
const call = (body: string, headers = {}): CurlRequest => ({
  method: "POST",
  url: URL,
  headers,
  body,
});

function refused(request: CurlRequest, options: CurlOptions, why: string): void {
  const { message } = assertThrows(() => curlCommand(request, options), TypeError, why);
  assert(message.startsWith("Cannot render a curl command: "), message);
  assert(!message.includes("s3cret"), message);
}

Deno.test("B30: no secret and no token stands in a command unless asked for", () => {
  const api = call("a=1", { authorization: "Bearer s3cret", "content-type": "text/plain" });
  for (const shell of ALL) {
    for (const request of [token, api]) {
      assert(!curlCommand(request, { shell }).includes("s3cret"));
      assert(!curlCommand(request, { shell, expand: "curl" }).includes("s3cret"));
      assert(curlCommand(request, { shell, revealSecrets: true }).includes("s3cret"));
    }
  }
});

Deno.test("B30: a secret that cannot be left out is refused", () => {
  const shell = "posix";
  for (const authorization of ["Basic s3cret", "Bearers3cret", "s3cret"]) {
    refused(call("", { authorization }), { shell }, "not a bearer token");
  }
  for (const name of ["cookie", "apikey", "X-Api-Key"]) {
    refused(call("", { [name]: "s3cret" }), { shell }, "a cookie, an API key");
  }
  for (const name of ["access_token", "client_assertion", "apikey"]) {
    refused({ url: `${URL}?${name}=s3cret` }, { shell }, "a secret in the URL");
  }
  for (const body of ["access_token=s3cret", "a=b&client%5Fassertion=s3cret"]) {
    refused(call(body), { shell }, "a token or an assertion in the body");
  }
  refused({ url: `${URL}?access_token=s3cret` }, { shell }, "in the URL");
  refused(call('{"client_secret":"s3cret"}'), { shell }, "not a form");
  for (const shell of ["cmd", "batch"] as const) refused(token, { shell, expand: "shell" }, shell);
});

Deno.test("B41: CR, LF, NUL and what curl cannot send are refused", () => {
  for (const shell of ALL) {
    for (const bad of ["\0", "\x1b", "\ud800"]) {
      refused(call(`s3cret${bad}x`), { shell }, "control character");
    }
    for (const bad of ["\r", "\n", "\0", "\ud800"]) {
      refused({ url: `${URL}?s3cret${bad}x` }, { shell, revealSecrets: true }, "URL");
    }
    refused(call("x", { "x-a": "s3cret\nb" }), { shell }, "header");
    refused(call("x", { "x-a": "s3cret\u00e9" }), { shell }, "header");
  }
  refused({ url: "s3cret" }, { shell: "posix" }, "URL");
  refused({ url: "https://a:s3cret@kpn.com" }, { shell: "posix" }, "URL");
  refused({ url: "file:///s3cret" }, { shell: "posix" }, "URL");
  refused({ url: URL, body: "s3cret" }, { shell: "posix" }, "GET");
  refused({ url: URL, method: "s3cret; x" }, { shell: "posix" }, "method");
  refused({ url: URL }, { shell: "none" as "posix" }, "shell must be one of");
});

Deno.test("B40: what a shell of Windows cannot carry is refused with the reason", () => {
  for (const shell of ["cmd", "batch"] as const) {
    refused(call("s3cret\u00e9"), { shell }, "code page");
    refused(call("s3cret".repeat(1_500)), { shell }, "8191");
    for (const bad of ["\r", "\n", "\t"]) refused(call(`s3cret${bad}x`), { shell }, "line break");
  }
});

Deno.test("B40: PowerShell gets curl.exe, and every kind of single quote doubled", () => {
  assertEquals(
    curlCommand(call("a'b\u2018c\u2019d\u201ae\u201bf$x`n", { "content-type": "a/b" }), {
      shell: "powershell",
    }),
    `curl.exe -X POST '${URL}' -H 'content-type: a/b' ` +
      "--data-raw 'a''b\u2018\u2018c\u2019\u2019d\u201a\u201ae\u201b\u201bf$x`n'",
  );
});

Deno.test("PowerShell encodes the credentials itself, and curl reads them from the pipe", () => {
  const encoded = (name: string) => `$([uri]::EscapeDataString($env:${name}))`;
  assertEquals(
    curlCommand(token, { shell: "powershell" }),
    `"-d ""client_id=${encoded("KPN_CLIENT_ID")}""", ` +
      `"-d ""client_secret=${encoded("KPN_CLIENT_SECRET")}""" | ` +
      `curl.exe -X POST '${token.url}' -H 'content-type: application/x-www-form-urlencoded' -K -`,
  );
});

Deno.test("PowerShell up to 7.2 mangles double quotes: they go through standard input", () => {
  const json = { "content-type": "application/json" };
  assertEquals(
    curlCommand(call('{"a":"it\'s"}', json), { shell: "powershell" }),
    `'--data-raw "{\\"a\\":\\"it''s\\"}"' | curl.exe -X POST '${URL}' ` +
      "-H 'content-type: application/json' -K -",
  );
  const beyond = curlCommand(call('"\u20ac"', json), { shell: "powershell" });
  assert(beyond.startsWith("& { $OutputEncoding = [Text.UTF8Encoding]::new($false); '--data-raw"));
});

Deno.test("B42: methods without a body, and bodies without a content type", () => {
  const shell = "posix";
  assertEquals(curlCommand({ url: URL }, { shell }), `curl \\\n '${URL}'`);
  assertEquals(curlCommand({ url: URL, method: "head" }, { shell }), `curl --head \\\n '${URL}'`);
  assertEquals(
    curlCommand({ url: URL, method: "POST" }, { shell: "cmd" }),
    `curl -X POST "${URL}" -H "content-length: 0"`,
  );
  assertEquals(
    curlCommand(call("@x"), { shell: "cmd" }),
    `curl -X POST "${URL}" -H "content-type:" --data-raw "@x"`,
  );
});

Deno.test("B30: a user or a password alone in the URL is refused, and so is a proxy's authorization", () => {
  const shell = "posix";
  for (const user of ["s3cret", "s3cret:", ":s3cret", "a:s3cret"]) {
    refused({ url: `https://${user}@kpn.com/` }, { shell, revealSecrets: true }, "without user");
  }
  for (const name of ["proxy-authorization", "Proxy-Authorization", "Cookie"]) {
    refused({ url: URL, headers: { [name]: "s3cret" } }, { shell }, "a proxy's authorization");
  }
  refused({ url: `${URL}?client_secret=s3cret` }, { shell }, "in the URL");
  refused({ url: `${URL}?client%5Fsecret=s3cret` }, { shell }, "in the URL");
});

Deno.test("B30: a form's secret is hidden however its field's name is encoded", () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (const name of ["client_secret", "client%5Fsecret", "%63lient_secret", "client%5fsecre%74"]) {
    for (const shell of ALL) {
      const command = curlCommand(call(`a=1&${name}=s3cret`, headers), { shell });
      assert(!command.includes("s3cret"), command);
      assert(command.includes("KPN_CLIENT_SECRET"), command);
    }
  }
});

Deno.test("B30: a client secret in a body that is no form is refused, however its name is spelled", () => {
  const bodies = [
    "client%5Fsecret=s3cret",
    "%63lient_secre%74=s3cret",
    '{"client_secret":"s3cret"}',
    '{"client\\u005Fsecret":"s3cret"}',
    '{"\\u0063lient_secret":"s3cret"}',
    `data=${encodeURIComponent('{"client\\u005fsecret":"s3cret"}')}`,
  ];
  for (const body of bodies) {
    for (const headers of [{}, { "content-type": "application/json" }]) {
      for (const shell of ALL) refused(call(body, headers), { shell }, "a body that is not a form");
    }
  }
  const form = { "content-type": "application/x-www-form-urlencoded" };
  refused(call(bodies.at(-1)!, form), { shell: "posix" }, "a body that is not a form");
  assert(curlCommand(call("client%5Fid=%u00&100%"), { shell: "posix" }).includes("100%"));
});

Deno.test("B30: what comes from the environment, in every shell and way, is as it was reviewed", async () => {
  const form = createTokenRequest(
    { clientId: "s3cret-id", clientSecret: "s3cret" },
    { parameters: { scopes: "a b&c" } },
  );
  const authorization = "bearer s3cret";
  const requests: Readonly<Record<string, CurlRequest>> = {
    form,
    bearer: call("", { authorization }),
    both: { ...form, headers: { ...form.headers, authorization } },
  };
  const commands: string[] = [];
  for (const shell of ALL) {
    for (const expand of ["shell", "curl"] as const) {
      if (expand === "shell" && !SHELLS[shell].feed) continue;
      for (const [name, request] of Object.entries(requests)) {
        const command = curlCommand(request, { shell, expand });
        assert(!command.includes("s3cret"), command);
        commands.push(`# ${shell}, expand: ${expand}, ${name}\n${command}\n`);
      }
    }
  }
  await assertGolden("curl_commands.txt", commands.join("\n"));
});

Deno.test("an empty header is sent, a fragment is not, and brackets are no pattern", () => {
  assertEquals(
    curlCommand({ url: `${URL}?a=[1]&b={2}#s3cret`, headers: { "x-a": "", "x-b": "1" } }, {
      shell: "posix",
    }),
    `curl -g \\\n '${URL}?a=[1]&b={2}' \\\n -H 'x-a;' \\\n -H 'x-b: 1'`,
  );
});

Deno.test("what no argument carries goes through curl's config, also without a secret", () => {
  const command = curlCommand(call("a\tb\n$c"), { shell: "posix" });
  assert(command.endsWith(` -K - <<EOF\n--data-raw "a\\\\tb\\\\n\\$c"\nEOF`), command);
});

Deno.test("a carriage return and a tab go through curl's config as escapes", () => {
  const command = curlCommand(call("a\rb"), { shell: "fish" });
  assert(command.includes('--data-raw "a\\\\rb"'), command);
});

Deno.test("a shell that is none is refused with those that are", () => {
  refused(
    { url: URL },
    { shell: "none" as "posix" },
    `shell must be one of ${ALL.join(", ")}`,
  );
});

Deno.test("B40: a line of cmd holds 8191 characters, and no more", () => {
  const rest = curlCommand(call("x"), { shell: "cmd" }).length - 1;
  const most = 8_191 - rest;
  assertEquals(curlCommand(call("x".repeat(most)), { shell: "cmd" }).length, 8_191);
  refused(call("x".repeat(most + 1)), { shell: "cmd" }, "8191 characters, and this one has 8192");
});

Deno.test("B39: a revealed form is sent with -d as KPN's example, unless -d would read a file", () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const rendered = (body: string) =>
    curlCommand(call(body, headers), { shell: "posix", revealSecrets: true });
  assert(rendered("client_id=a&client_secret=b").endsWith(" -d 'client_id=a&client_secret=b'"));
  assert(rendered("@x=1&client_secret=b").endsWith(" --data-raw '@x=1&client_secret=b'"));
});

Deno.test("a form's field that is called as a member of every object is a field as any other", () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const command = curlCommand(call("toString=1&client_secret=b", headers), { shell: "posix" });
  assert(command.includes('-d "toString=1"'), command);
});
