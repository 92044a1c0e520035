/** B41, B42: what is rendered for POSIX shells, executed by each with the real curl. */

import fc from "fast-check";
import { createTokenRequest } from "../../mod.ts";
import { curlCommand, type CurlOptions } from "../../src/curl.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type CaptureServer, captureServer } from "../support/capture_server.ts";
import { headerOf, parseRequest } from "../support/golden.ts";
import { HARD_VALUES } from "../support/hard_values.ts";
import { testWith } from "../support/programs.ts";

/** Each shell, and how it is called. */
const SHELLS: Record<string, readonly string[]> = {
  dash: [],
  bash: ["--norc"],
  zsh: ["-f"],
  mksh: [],
  busybox: ["sh"],
};

/** Printable text of any script, as ids and secrets can be. */
const printable = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 })
  .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text) && text === text.trim() && text !== "");

const RANDOM = fc.sample(fc.tuple(printable, printable), { numRuns: 1_000, seed: 20_261_124 });
const HARD = HARD_VALUES.map((value) => [value, value] as const);

/** Runs a script of many commands, and hands out what each sent. */
async function executed(
  [program, ...args]: readonly string[],
  script: string,
  count: number,
  server: CaptureServer,
  env: Record<string, string> = {},
): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".sh" });
  await Deno.writeTextFile(file, script);
  const running = new Deno.Command(program!, {
    args: [...args, file],
    env,
    stdin: "null",
    stdout: "null",
  })
    .output();
  const requests: string[] = [];
  const collecting = (async () => {
    while (requests.length < count) requests.push(await server.next());
  })();
  const { code, stderr } = await running;
  await Deno.remove(file);
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  await collecting;
  return requests;
}

const silent = (command: string) => command.replace(/(^|\| )curl /, "$1curl -sS ");

for (const [index, [shell, args]] of Object.entries(SHELLS).entries()) {
  /** The hard values all, and a fifth of the random ones each: a curl takes its time to start. */
  const pairs = [...HARD, ...RANDOM.slice(index * 200, (index + 1) * 200)];
  testWith(
    [shell, "curl"],
    `B41: hard and random values, revealed, through ${shell}: the bytes are the library's own`,
    async (programs) => {
      await using server = captureServer();
      const tokenEndpoint = `${server.origin}/token`;
      const requests = pairs.map(([clientId, clientSecret]) =>
        createTokenRequest({ clientId, clientSecret }, { tokenEndpoint })
      );
      const script = requests.map((request) =>
        silent(curlCommand(request, { shell: "posix", revealSecrets: true }))
      ).join("\n");
      const sent = await executed([programs[shell]!, ...args], script, requests.length, server);
      sent.forEach((raw, i) => {
        const { line, body } = parseRequest(raw);
        assertEquals(line, "POST /token?grant_type=client_credentials HTTP/1.1");
        assertEquals(body, requests[i]!.body);
      });
    },
  );
}

/** What a program from the environment sends, decoded. */
async function fieldsSent(
  shell: string,
  args: readonly string[],
  options: CurlOptions,
  curl?: string,
) {
  await using server = captureServer();
  const decoded: string[][] = [];
  for (const [clientId, clientSecret] of HARD) {
    const request = createTokenRequest({ clientId, clientSecret }, {
      tokenEndpoint: `${server.origin}/token`,
    });
    const command = silent(curlCommand(request, options));
    for (const value of [clientId, clientSecret]) {
      assert(value.length < 6 || !command.includes(value), "no secret stands in the command");
    }
    const env = {
      KPN_CLIENT_ID: clientId,
      KPN_CLIENT_SECRET: clientSecret,
      ...curl && { PATH: `${curl}:${Deno.env.get("PATH")}` },
    };
    const [raw] = await executed([shell, ...args], command, 1, server, env);
    const { body } = parseRequest(raw!);
    const form = new URLSearchParams(Array.from(body, (c) => c).join(""));
    decoded.push([form.get("client_id") ?? "", form.get("client_secret") ?? ""]);
  }
  return decoded;
}

for (const [shell, args] of Object.entries(SHELLS)) {
  testWith(
    [shell, "curl"],
    `B30: from the environment, through ${shell}: no secret in the command, and the decoded fields are equal`,
    async (programs) => {
      const decoded = await fieldsSent(programs[shell]!, args, { shell: "posix" });
      assertEquals(decoded, HARD.map((pair) => [...pair]));
    },
  );
}

testWith(
  ["dash", "curl"],
  "an API call: method, headers and body arrive as given, brackets and @ too",
  async ({ dash }) => {
    await using server = captureServer();
    const request = {
      url: `${server.origin}/api/{x}?a[]=1&b='$HOME'`,
      method: "PUT",
      headers: { "x-empty": "", "x-note": "it's `here` $HOME", "content-type": "application/json" },
      body: '@{"it\'s": "$(id)"}',
    };
    const [raw] = await executed(
      [dash],
      silent(curlCommand(request, { shell: "posix" })),
      1,
      server,
    );
    const sent = parseRequest(raw!);
    assertEquals(sent.line, "PUT /api/{x}?a[]=1&b='$HOME' HTTP/1.1");
    assertEquals(headerOf(sent, "x-empty"), "");
    assertEquals(headerOf(sent, "x-note"), "it's `here` $HOME");
    assertEquals(headerOf(sent, "content-type"), "application/json");
    assertEquals(sent.body, request.body);
  },
);

testWith(
  ["dash", "curl"],
  "a bearer token comes from KPN_TOKEN, through the pipe",
  async ({ dash }) => {
    await using server = captureServer();
    const request = {
      url: `${server.origin}/api`,
      headers: { authorization: "Bearer s3cr3tToken" },
    };
    const command = silent(curlCommand(request, { shell: "posix" }));
    assert(!command.includes("s3cr3tToken"));
    const [raw] = await executed([dash], command, 1, server, { KPN_TOKEN: "fromTheEnvironment" });
    const sent = parseRequest(raw!);
    assertEquals(sent.line, "GET /api HTTP/1.1");
    assertEquals(headerOf(sent, "authorization"), "Bearer fromTheEnvironment");
  },
);
