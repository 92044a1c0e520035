/** What is rendered for each shell, run by the shell itself: by an argument printer, and by the real curl. */

import fc from "fast-check";
import { createTokenRequest } from "../../mod.ts";
import { curlCommand, type CurlRequest } from "../../src/curl/curl.ts";
import { SHELLS } from "../../src/curl/shells.ts";
import { sample, SEED } from "../support/amount.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type CapturedRequest, captureServer, header } from "../support/capture_server.ts";
import { HARD_VALUES, KPN_POSIX, PLACEHOLDERS, PUNCTUATION_PAIRS } from "../support/cases.ts";
import { testWith } from "../support/programs.ts";
import { needed, runScript, SHELL_PROGRAMS } from "../support/shells.ts";
import { printable } from "../support/values.ts";

const VALUES = [
  ...HARD_VALUES,
  ...PUNCTUATION_PAIRS,
  ...fc.sample(printable, { numRuns: 1_000, seed: SEED }),
];
/** The printer takes all of them; the real curl some of a tenth, with `--all` each of them. */
const TENTH = sample(VALUES, VALUES.length / 10);
/** What only a file brings. */
const TEXTS = [
  '{\n "a": "it\'s",\r\n\t"b": [1, "\\u00e9 \\" \\\\"]\n}\n',
  "line\n\nline\n",
  "\n",
  "\t",
  'say "hello"\\',
  "EOF\nEND\n",
  "@file\n$HOME `id` !x! %PATH%",
];

Deno.test("KPN's Linux/macOS example, character for character", () => {
  const request = createTokenRequest(PLACEHOLDERS);
  assertEquals(curlCommand(request, { shell: "posix", revealSecrets: true }), KPN_POSIX);
});

for (const [name, program] of Object.entries(SHELL_PROGRAMS)) {
  const { shell } = program;
  const { quote, carries, assign } = SHELLS[shell];
  const programs = [...needed(program), "curl"];

  testWith(needed(program), `B41: every value is an argument of ${name}`, async () => {
    const values = [...VALUES, ...TEXTS].filter((value) => carries.test(value));
    assert(values.length > VALUES.length / 3);
    const printed = await printedArguments(program, values.map(quote));
    assertEquals(printed, values);
  });

  testWith(programs, `B41, B42: every value reaches the server through ${name}`, async () => {
    await using server = captureServer();
    const bodies = [...TEXTS, ...sample(TENTH, 10)];
    const requests = [
      ...sample(pairsOf(tens(TENTH)), 5).map(([id, secret]) =>
        tokenRequest(server.origin, id, secret)
      ),
      ...bodies.map((body, index) => apiRequest(server.origin, body, headersOf(index))),
      formThatBeginsWithAnAt(server.origin),
    ];
    const commands = requests.map((request) => rendered(request, shell, true));
    await runScript(program, commands);
    assertEquals(server.requests.length, requests.length);
    requests.forEach((request, index) => assertSent(server.requests[index]!, request));
  });

  testWith(programs, `B30: credentials come from the environment in ${name}`, async () => {
    await using server = captureServer();
    const command = rendered(tokenRequest(server.origin, "none", "none"), shell);
    // Every mark before every mark, and the rest.
    const pairs = sample(pairsOf(HARD_VALUES.slice(32)), 10);
    const commands = pairs.flatMap(([id, secret]) => [
      assign("KPN_CLIENT_ID", id),
      assign("KPN_CLIENT_SECRET", secret),
      command,
    ]);
    await runScript(program, commands);
    assertEquals(
      server.requests.map(fields),
      pairs.map(([id, secret]) => [["client_id", id], ["client_secret", secret]]),
    );
  });

  testWith(programs, `B30: a bearer token comes from the environment in ${name}`, async () => {
    await using server = captureServer();
    const bodies = ["{}", '{"a": "$HOME `id` \\"it\'s\\""}\r\n'];
    const tokens = ["abc-._~+/=", "$HOME`id`\\\\n\"'\\"];
    const calls = bodies.flatMap((body) => tokens.map((token) => [body, token] as const));
    const commands = calls.flatMap(([body, token]) => [
      assign("KPN_TOKEN", token),
      rendered(apiRequest(server.origin, body, { authorization: "Bearer none" }), shell),
    ]);
    await runScript(program, commands);
    assertEquals(
      server.requests.map((sent) => [text(sent), header(sent, "authorization")]),
      calls.map(([body, token]) => [body, `Bearer ${token}`]),
    );
  });
}

/** The shell's own program is `curl` here, not Windows' `curl.exe`. */
function rendered(request: CurlRequest, shell: keyof typeof SHELLS, revealSecrets = false): string {
  return curlCommand(request, { shell, revealSecrets, program: "curl" });
}

/** What a program gets that a shell starts with these words, some hundred at a time. */
async function printedArguments(
  program: typeof SHELL_PROGRAMS[string],
  words: readonly string[],
): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const printer = `${folder}/printer`;
    const script = `#!/bin/sh\nprintf '%s\\036' "$@" >>${folder}/printed\n`;
    await Deno.writeTextFile(printer, script, { mode: 0o755 });
    const lines = [];
    for (let at = 0; at < words.length; at += 300) {
      lines.push(`${printer} ${words.slice(at, at + 300).join(" ")}`);
    }
    await runScript(program, lines);
    return (await Deno.readTextFile(`${folder}/printed`)).split("\x1e").slice(0, -1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Ten values in one, since a process takes its time. */
function tens(values: readonly string[]): string[] {
  return values.flatMap((_, index) =>
    index % 10 ? [] : [values.slice(index, index + 10).join("&")]
  );
}

/** Values that a header can have, some for each request. */
function headersOf(index: number): Record<string, string> {
  const values = TENTH.filter((value) => /^[ -~]{1,2000}$/.test(value));
  const some = values.slice(index * 10, index * 10 + 10);
  return Object.fromEntries(some.map((value, n) => [`x-${n}`, value]));
}

function tokenRequest(origin: string, clientId: string, clientSecret: string): CurlRequest {
  const tokenEndpoint = `${origin}/oauth/client_credential/accesstoken`;
  return createTokenRequest({ clientId, clientSecret }, { tokenEndpoint });
}

function apiRequest(
  origin: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): CurlRequest {
  return {
    method: "PUT",
    url: `${origin}/it's/{a}?b[]={c}&d=$HOME&e=%41`,
    headers: { ...headers, "content-type": "text/plain" },
    body,
  };
}

/** A form whose first field is called `@note`: with `-d` curl would read a file. */
function formThatBeginsWithAnAt(origin: string): CurlRequest {
  return {
    ...tokenRequest(origin, "none", "none"),
    body: "@note&client_secret=x",
  };
}

/** The values two by two. */
function pairsOf(values: readonly string[]): [string, string][] {
  return values.flatMap((value, index): [string, string][] =>
    index % 2 ? [] : [[value, values[index + 1] ?? value]]
  );
}

/** What arrived is what `fetch` would have sent. */
function assertSent(got: CapturedRequest, { method, url, headers, body }: CurlRequest): void {
  const { pathname, search } = new URL(url);
  assertEquals(got.method, method);
  assertEquals(got.target, pathname + search);
  for (const [name, value] of new Headers(headers)) assertEquals(header(got, name), value);
  assertEquals(text(got), body);
}

function text({ body }: CapturedRequest): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
}

function fields(request: CapturedRequest): [string, string][] {
  return [...new URLSearchParams(text(request))];
}
