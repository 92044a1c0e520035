/**
 * KPN's cURL examples and the library put the same request on the wire. What each client adds is in
 * `tests/golden`; `deno task test --update` writes those files anew.
 */

import { requestToken } from "../../mod.ts";
import { mockKpn } from "../../src/mock/mock.ts";
import { KPN_ANSWER, KPN_POSIX, KPN_WINDOWS, PLACEHOLDERS } from "../support/cases.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type CapturedRequest, captureServer, header, latin1 } from "../support/capture_server.ts";
import { assertGolden, parseRequest, stableRequest } from "../support/golden.ts";
import { testWith } from "../support/programs.ts";
import { run } from "../support/run.ts";
import { windowsArguments } from "../support/windows_args.ts";
import { nodeBundle } from "./node_bundle.ts";

const KPN = "https://api-prd.kpn.com";
const PATH = "/oauth/client_credential/accesstoken?grant_type=client_credentials";

for (const shell of ["bash", "dash"] as const) {
  testWith(
    [shell, "curl"],
    `KPN's Linux/macOS example in ${shell} sends the POST`,
    async (found) => {
      await parity("curl", async (origin) => {
        const answer = await run(found[shell], ["-c", KPN_POSIX.replace(KPN, origin)]);
        assertEquals(JSON.parse(answer), KPN_ANSWER);
      });
    },
  );
}

testWith(
  ["curl"],
  "KPN's Windows example, split as Windows does, sends the POST",
  async (found) => {
    await parity("curl", async (origin) => {
      const line = KPN_WINDOWS.replace(KPN, origin);
      const [name, ...args] = windowsArguments(line, { batch: false, env: {} });
      assertEquals(name, "curl");
      await run(found.curl, args);
    });
  },
);

Deno.test("requestToken through Deno's fetch sends the POST", async () => {
  await parity("deno", async (origin) => {
    const token = await requestToken({ ...PLACEHOLDERS, tokenEndpoint: origin + PATH });
    assertEquals(token.value, KPN_ANSWER.access_token);
  });
});

for (const client of ["node", "undici"] as const) {
  testWith(["node"], `requestToken through ${client}'s fetch sends the POST`, async ({ node }) => {
    await using bundle = await nodeBundle();
    await parity(client, async (origin) => {
      const options = { ...PLACEHOLDERS, tokenEndpoint: origin + PATH };
      const answer = await run(node, [bundle.path, client, JSON.stringify(options)]);
      assertEquals(answer, KPN_ANSWER.access_token);
    });
  });
}

/** Holds the one request that `send` makes to KPN's example, and all of it to the client's golden file. */
async function parity(client: string, send: (origin: string) => Promise<void>): Promise<void> {
  await using server = captureServer();
  await send(server.origin);
  assertEquals(server.requests.length, 1);
  const request = server.requests[0]!;
  assertEquals(essence(request), {
    method: "POST",
    target: PATH,
    "content-type": "application/x-www-form-urlencoded",
    "content-length": "55",
    body: "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET",
  });
  await assertAccepted(request);
  await assertGolden(`${client}.http`, stableRequest(request.head + latin1(request.body)));
}

/** The mock at its strictest serves it, and finds no difference from KPN's example. */
async function assertAccepted(request: CapturedRequest): Promise<void> {
  const mock = mockKpn({ strict: true });
  const response = await mock.fetch(KPN + request.target, {
    method: request.method,
    headers: { "content-type": header(request, "content-type") ?? "" },
    body: latin1(request.body),
  });
  await response.body?.cancel();
  assertEquals([response.status, mock.requests[0]?.differences], [200, []]);
}

/** What must be the same whoever sends it. */
function essence(request: CapturedRequest): Record<string, string | undefined> {
  return {
    method: request.method,
    target: request.target,
    "content-type": header(request, "content-type"),
    "content-length": header(request, "content-length"),
    body: latin1(request.body),
  };
}

Deno.test("the golden files list every client's headers, and differ in nothing else", async () => {
  const folder = new URL("../golden/", import.meta.url);
  const sent = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".http")) continue;
    const { line, headers, body } = parseRequest(await Deno.readTextFile(new URL(name, folder)));
    sent.add(`${line}\n${body}`);
    assert(headers.length >= 3, name);
  }
  const body = "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET";
  assertEquals([...sent], [`POST ${PATH} HTTP/1.1\n${body}`]);
});
