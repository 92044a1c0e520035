/** What is rendered for `posix`, run by every POSIX shell that Debian has, with the real curl. */

import fc from "fast-check";
import { createTokenRequest } from "../../mod.ts";
import { curlCommand, type CurlRequest } from "../../src/curl/curl.ts";
import { HARD_VALUES, KPN_POSIX, PLACEHOLDERS, PUNCTUATION_PAIRS } from "../support/cases.ts";
import { assertEquals } from "../support/assert.ts";
import { type CapturedRequest, captureServer, header } from "../support/capture_server.ts";
import { testWith } from "../support/programs.ts";
import { POSIX_SHELLS, type PosixShell, runScript } from "../support/shells.ts";
import { printable } from "../support/values.ts";

/** The same on every run, so that a failure comes back. */
const RANDOM_VALUES = fc.sample(printable, { numRuns: 1_000, seed: 42 });
/** One to a command, as its body. */
const BODIES = [...HARD_VALUES, ...RANDOM_VALUES.slice(0, 100)];
/** Many to a command, each in an argument of its own. */
const HEADER_VALUES = [...HARD_VALUES, ...PUNCTUATION_PAIRS, ...RANDOM_VALUES]
  .filter((value) => /^[ -~]{1,2000}$/.test(value));
const HEADERS_EACH = Math.ceil(HEADER_VALUES.length / BODIES.length);

Deno.test("KPN's Linux/macOS example, character for character", () => {
  const request = createTokenRequest(PLACEHOLDERS);
  assertEquals(curlCommand(request, { shell: "posix", revealSecrets: true }), KPN_POSIX);
});

for (const shell of Object.keys(POSIX_SHELLS) as PosixShell[]) {
  testWith([shell, "curl"], `B41, B42: every value arrives through ${shell}`, async (found) => {
    await using server = captureServer();
    const requests = [...tokenRequests(server.origin), ...apiRequests(server.origin)];
    const commands = requests.map((request) =>
      curlCommand(request, { shell: "posix", revealSecrets: true })
    );
    await runScript(shell, found[shell], commands);
    assertEquals(server.requests.length, requests.length);
    requests.forEach((request, index) => assertSent(server.requests[index]!, request));
  });

  testWith(
    [shell, "curl"],
    `B30: credentials come from the environment in ${shell}`,
    async (found) => {
      await using server = captureServer();
      const command = curlCommand(tokenRequest(server.origin, "none", "none"), { shell: "posix" });
      const pairs = pairsOf(HARD_VALUES);
      const commands = pairs.map(([id, secret]) =>
        `export KPN_CLIENT_ID=${quoted(id)} KPN_CLIENT_SECRET=${quoted(secret)}\n${command}`
      );
      await runScript(shell, found[shell], commands);
      assertEquals(
        server.requests.map(fields),
        pairs.map(([id, secret]) => [["client_id", id], ["client_secret", secret]]),
      );
    },
  );

  testWith(
    [shell, "curl"],
    `B30: a bearer token comes from the environment in ${shell}`,
    async (found) => {
      await using server = captureServer();
      const request = apiRequest(server.origin, "{}", { authorization: "Bearer none" });
      const command = curlCommand(request, { shell: "posix" });
      const tokens = ["abc-._~+/=", "$HOME`id`\\\\n\"'"];
      const commands = tokens.map((token) => `export KPN_TOKEN=${quoted(token)}\n${command}`);
      await runScript(shell, found[shell], commands);
      assertEquals(
        server.requests.map((sent) => header(sent, "authorization")),
        tokens.map((token) => `Bearer ${token}`),
      );
    },
  );
}

/** Every value in an id or in a secret; the random ones ten together, since a process takes its time. */
function tokenRequests(origin: string): CurlRequest[] {
  const tens = RANDOM_VALUES.flatMap((_, index, all) =>
    index % 10 ? [] : [all.slice(index, index + 10).join("&")]
  );
  return pairsOf([...HARD_VALUES, ...tens]).map(([id, secret]) => tokenRequest(origin, id, secret));
}

/** Values as they are: one in the body, some in headers. */
function apiRequests(origin: string): CurlRequest[] {
  return BODIES.map((body, index) => {
    const values = HEADER_VALUES.slice(index * HEADERS_EACH, (index + 1) * HEADERS_EACH);
    return apiRequest(
      origin,
      body,
      Object.fromEntries(values.map((value, n) => [`x-${n}`, value])),
    );
  });
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

/** The values two by two. */
function pairsOf(values: readonly string[]): [string, string][] {
  return values.flatMap((value, index): [string, string][] =>
    index % 2 ? [] : [[value, values[index + 1] ?? value]]
  );
}

/** For an assignment in a script: other words than those that are tested. */
function quoted(value: string): string {
  return `'${value.split("'").join(`'"'"'`)}'`;
}

/** What arrived is what `fetch` would have sent. */
function assertSent(got: CapturedRequest, { method, url, headers, body }: CurlRequest): void {
  const { pathname, search } = new URL(url);
  assertEquals(got.method, method);
  assertEquals(got.target, pathname + search);
  for (const [name, value] of new Headers(headers)) assertEquals(header(got, name), value);
  assertEquals(new TextDecoder().decode(got.body), body);
}

function fields({ body }: CapturedRequest): [string, string][] {
  return [...new URLSearchParams(new TextDecoder().decode(body))];
}
