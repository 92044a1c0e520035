import { createTokenRequest } from "../mod.ts";
import { curlCommand, type CurlRequest, type Shell } from "../src/curl.ts";
import { quote } from "../src/quoting.ts";
import { LINUX, WINDOWS } from "./parity/examples.ts";
import { assert, assertEquals, assertThrows } from "./support/assert.ts";
import { CREDENTIALS, holdsSecret, SENTINEL } from "./support/credentials.ts";
import { HARD_ASCII } from "./support/hard_values.ts";
import { cmdArguments } from "./support/windows_args.ts";

const SHELLS: readonly Shell[] = ["posix", "cmd", "batch", "powershell"];

Deno.test("with the placeholders, posix and cmd give KPN's two examples, character for character", () => {
  const request = createTokenRequest(CREDENTIALS);
  assertEquals(curlCommand(request, { shell: "posix", revealSecrets: true }), LINUX);
  assertEquals(curlCommand(request, { shell: "cmd", revealSecrets: true }), WINDOWS);
});

Deno.test("B30: by default no shell's command shows a secret, nor a bearer token", () => {
  const token = {
    url: "https://api-prd.kpn.com/x",
    headers: { Authorization: `Bearer ${SENTINEL.clientSecret}` },
  };
  const basic = {
    url: "https://api-prd.kpn.com/x",
    headers: { authorization: `Basic ${SENTINEL.clientSecret}` },
  };
  for (const shell of SHELLS) {
    for (const request of [createTokenRequest(SENTINEL), token, basic]) {
      const command = curlCommand(request, { shell });
      assert(!holdsSecret(command), command);
      assert(/KPN_(CLIENT_SECRET|TOKEN|AUTHORIZATION)/.test(command), command);
    }
  }
});

Deno.test("B39, B40: hard values arrive through cmd's prompt, by the documented rules", () => {
  for (const value of HARD_ASCII) {
    const request = { url: "https://a.example/", body: value, headers: { "content-type": "a/b" } };
    const args = cmdArguments(curlCommand(request, { shell: "cmd" }));
    assertEquals(args[args.length - 1], value);
  }
});

Deno.test("B40: PowerShell gets curl.exe and single quotes, curly ones doubled too", () => {
  const request = {
    url: "https://a.example/",
    body: "it\u2019s 'x' $HOME `n",
    headers: { "content-type": "a/b" },
  };
  assertEquals(
    curlCommand(request, { shell: "powershell" }),
    "curl.exe -X POST 'https://a.example/' -H 'content-type: a/b' -d 'it\u2019\u2019s ''x'' $HOME `n'",
  );
});

Deno.test("B41: what a shell cannot carry is refused with the reason, and never quoted", () => {
  const refusals: [Shell, string, string][] = [
    ...SHELLS.flatMap((shell) =>
      ["s3\rx", "s3\nx", "s3\0x"].map((text) =>
        [shell, text, "line break"] as [Shell, string, string]
      )
    ),
    ["cmd", "s3é", "code page"],
    ["batch", "s3é", "code page"],
    ["powershell", 's3"', "double quote"],
    ["powershell", "s3 x\\", "backslash"],
  ];
  for (const [shell, text, reason] of refusals) {
    const { message } = assertThrows(() => quote(text, shell), TypeError, reason);
    assert(!message.includes("s3"));
  }
  const long = { url: "https://a.example/", body: "x".repeat(8_200) };
  for (const shell of ["cmd", "batch"] as const) {
    assertThrows(() => curlCommand(long, { shell }), TypeError, "8191");
  }
  curlCommand(long, { shell: "posix" });
});

Deno.test("requests that cURL would misread are refused", () => {
  const bad: [CurlRequest, string][] = [
    [{ url: "/relative" }, "absolute"],
    [{ url: "file:///etc/passwd" }, "absolute"],
    [{ url: "https://a.example/", method: "GET; id" }, "method"],
    [{ url: "https://a.example/", headers: { "a b": "c" } }, "header"],
  ];
  for (const [request, reason] of bad) {
    assertThrows(() => curlCommand(request, { shell: "posix" }), TypeError, reason);
  }
  assertThrows(
    () => curlCommand(createTokenRequest(CREDENTIALS), { shell: "cmd", curlVariables: false }),
    TypeError,
    "curlVariables",
  );
});
