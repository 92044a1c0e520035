/** What is rendered for `cmd` and `batch`, read by wine's cmd and by the documented rules. */

import fc from "fast-check";
import { createTokenRequest } from "../../mod.ts";
import { curlCommand, type CurlRequest } from "../../src/curl/curl.ts";
import { HARD_VALUES, KPN_WINDOWS, PLACEHOLDERS, PUNCTUATION_PAIRS } from "../support/cases.ts";
import { assertEquals } from "../support/assert.ts";
import { captureServer, header } from "../support/capture_server.ts";
import { testWith } from "../support/programs.ts";
import { run } from "../support/run.ts";
import { windowsArguments } from "../support/windows_args.ts";
import { printableAscii } from "../support/values.ts";
import { argumentsInWine, WINE } from "../support/wine.ts";

/** A Windows where the names in the hard values mean something. */
const ENV = { PATH: "C:\\windows", KPN_CLIENT_ID: "x & y", KPN_CLIENT_SECRET: '"', X: "1", C: "2" };
const URL = "https://api-prd.kpn.com/a?b=%41%PATH%&c=[1]";
const VALUES = [...HARD_VALUES, ...PUNCTUATION_PAIRS].filter((value) =>
  /^[ -~]{1,2000}$/.test(value)
);

/** Each value is an argument of its own, as many to a command as a line of cmd holds: a process takes its time. */
const REQUESTS: readonly CurlRequest[] = [
  createTokenRequest({ clientId: "a%b \u20ac", clientSecret: "%PATH%!x!\"&'" }),
  call('a\\\\"b\\\\', {}),
  ...groupsOf(VALUES).map((values) =>
    call("x", Object.fromEntries(values.map((value, n) => [`x-${n}`, value])))
  ),
];

/** What is 4,000 characters together leaves room for quotes and names. */
function groupsOf(values: readonly string[]): string[][] {
  const groups: string[][] = [[]];
  let size = 0;
  for (const value of values) {
    size += value.length + 12;
    if (size > 4_000) {
      groups.push([]);
      size = value.length;
    }
    groups[groups.length - 1]!.push(value);
  }
  return groups;
}

function call(body: string, headers: Record<string, string>): CurlRequest {
  return { method: "POST", url: URL, headers: { ...headers, "content-type": "text/plain" }, body };
}

/** The arguments that curl must get, whatever the shell does to the line. */
function expected({ url, headers, body }: CurlRequest, data: string): string[] {
  const lines = [...new Headers(headers)].flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const glob = /[[\]{}]/.test(String(url)) ? ["-g"] : [];
  return [...glob, "-X", "POST", new globalThis.URL(url).href, ...lines, data, body!];
}

/** To a host that only the real curl is told how to reach. */
const TOKEN_REQUEST = createTokenRequest({ clientId: "a%b", clientSecret: "%PATH% \u20ac" }, {
  tokenEndpoint: "http://localhost/oauth/client_credential/accesstoken",
});

const UNRENDERED = [
  KPN_WINDOWS,
  `curl "a & b" ^& "c^d" e^^f`,
  `curl "a""b" "c\\"" "d\\\\" \\\\e "f g`,
  `curl "100%%" "a^b" "x|y<z>"`,
];

for (const shell of ["cmd", "batch"] as const) {
  const batch = shell === "batch";
  const lines = REQUESTS.map((request) => curlCommand(request, { shell, revealSecrets: true }));
  const wanted = REQUESTS.map((request, index) => expected(request, index ? "--data-raw" : "-d"));

  Deno.test(`B39, B40: what is rendered for ${shell} arrives, by the documented rules`, () => {
    lines.forEach((line, index) => {
      assertEquals(windowsArguments(line, { batch, env: ENV }).slice(1), wanted[index]!, line);
    });
  });

  Deno.test(`B39: any printable ASCII arrives through ${shell}, by the documented rules`, () => {
    fc.assert(
      fc.property(printableAscii, (body) => {
        const request = call(body, {});
        const line = curlCommand(request, { shell });
        if (body.includes("client_secret")) return;
        assertEquals(
          windowsArguments(line, { batch, env: ENV }).slice(1),
          expected(request, "--data-raw"),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  // One start of wine for all that it is asked.
  testWith([...WINE, "curl"], `B39 to B41: wine's cmd agrees (${shell})`, async (found, t) => {
    const token = curlCommand(TOKEN_REQUEST, { shell, revealSecrets: true });
    const got = await argumentsInWine([...lines, token, ...UNRENDERED], batch);
    assertEquals(got.length, lines.length + 1 + UNRENDERED.length);

    await t.step("what is rendered arrives", () => {
      wanted.forEach((args, index) => assertEquals(got[index], args, lines[index]!));
    });

    await t.step("what is handed to curl reaches the server", async () => {
      await using server = captureServer();
      const { host } = new globalThis.URL(server.origin);
      await run(found.curl, ["--connect-to", `::${host}`, ...got[lines.length]!]);
      const [sent] = server.requests;
      assertEquals(new TextDecoder().decode(sent!.body), TOKEN_REQUEST.body);
      assertEquals(header(sent!, "content-type"), TOKEN_REQUEST.headers["content-type"]);
    });

    await t.step("lines that nobody renders are read as the documented rules say", () => {
      const read = UNRENDERED.map((line) => windowsArguments(line, { batch, env: ENV }).slice(1));
      assertEquals(got.slice(lines.length + 1), read);
    });
  });
}

Deno.test("KPN's Windows example, character for character", () => {
  const request = createTokenRequest(PLACEHOLDERS);
  assertEquals(curlCommand(request, { shell: "cmd", revealSecrets: true }), KPN_WINDOWS);
});
