/** What is rendered for `posix`, run by every POSIX shell that Debian has, with the real curl. */

import fc from "fast-check";
import { createTokenRequest } from "../../mod.ts";
import { curlCommand, type CurlRequest } from "../../src/curl.ts";
import { HARD_VALUES } from "../cases.ts";
import { assertEquals } from "../support/assert.ts";
import { type CapturedRequest, captureServer, header } from "../support/capture_server.ts";
import { testWith } from "../support/programs.ts";
import { POSIX_SHELLS, type PosixShell, runScript } from "../support/shells.ts";
import { printable } from "../support/values.ts";

const SHELLS = Object.keys(POSIX_SHELLS) as PosixShell[];
/** The same on every run, so that a failure comes back. */
const RANDOM_VALUES = fc.sample(printable, { numRuns: 1_000, seed: 42 });
const VALUES = [...HARD_VALUES, ...RANDOM_VALUES];
const ENDPOINT = "/oauth/client_credential/accesstoken?grant_type=client_credentials";

for (const shell of SHELLS) {
  testWith(
    [shell, "curl"],
    `B41, B42: every value reaches the server through ${shell}`,
    async (found) => {
      await using server = captureServer();
      const requests = [...tokenRequests(server.origin), ...apiRequests(server.origin)];
      const commands = requests.map((request) =>
        curlCommand(request, { shell: "posix", revealSecrets: true })
      );
      await runScript(shell, found[shell], commands);
      assertEquals(server.requests.length, requests.length);
      requests.forEach((request, index) => assertSent(server.requests[index]!, request));
    },
  );

  testWith(
    [shell, "curl"],
    `B30: credentials come from the environment in ${shell}`,
    async (found) => {
      await using server = captureServer();
      const request = tokenRequest(server.origin, "unused", "unused");
      const command = curlCommand(request, { shell: "posix" });
      const pairs = pairsOf(HARD_VALUES);
      for (const [id, secret] of pairs) {
        await runScript(shell, found[shell], [command], {
          KPN_CLIENT_ID: id,
          KPN_CLIENT_SECRET: secret,
        });
      }
      assertEquals(
        server.requests.map(fields),
        pairs.map(([id, secret]) => [
          ["client_id", id],
          ["client_secret", secret],
        ]),
      );
    },
  );

  testWith(
    [shell, "curl"],
    `B30: a bearer token comes from the environment in ${shell}`,
    async (found) => {
      await using server = captureServer();
      const command = curlCommand(apiRequest(server.origin, "{}", "unused"), { shell: "posix" });
      const tokens = ["abc-._~+/=", "$HOME`id`\\\\n\"'"];
      for (const KPN_TOKEN of tokens) {
        await runScript(shell, found[shell], [command], { KPN_TOKEN });
      }
      assertEquals(
        server.requests.map((request) => header(request, "authorization")),
        tokens.map((token) => `Bearer ${token}`),
      );
    },
  );
}

/** Every value as an id, the next one as its secret. */
function tokenRequests(origin: string): CurlRequest[] {
  return pairsOf(VALUES).map(([id, secret]) => tokenRequest(origin, id, secret));
}

/** Every value as it is, in a body; those of ASCII in a header as well. */
function apiRequests(origin: string): CurlRequest[] {
  return VALUES.map((value, index) =>
    apiRequest(origin, value, /^[ -~]+$/.test(value) ? value : `t${index}`)
  );
}

function tokenRequest(origin: string, clientId: string, clientSecret: string): CurlRequest {
  return createTokenRequest({ clientId, clientSecret }, { tokenEndpoint: origin + ENDPOINT });
}

function apiRequest(origin: string, body: string, token: string): CurlRequest {
  return {
    method: "PUT",
    url: `${origin}/it's/{a}?b[]={c}&d=$HOME&e=%41`,
    headers: { authorization: `Bearer ${token}`, "content-type": "text/plain" },
    body,
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
  const given = new Headers(headers);
  const { pathname, search } = new URL(url);
  const sent = {
    method,
    target: pathname + search,
    headers: [...given],
    body,
  };
  assertEquals({
    method: got.method,
    target: got.target,
    headers: [...given.keys()].map((name) => [name, header(got, name) ?? ""] as [string, string]),
    body: new TextDecoder().decode(got.body),
  }, sent);
}

function fields({ body }: CapturedRequest): [string, string][] {
  return [...new URLSearchParams(new TextDecoder().decode(body))];
}
