/** What KPN's cURL examples put on the wire, and what the library does: byte for byte the same. */

import { requestToken } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { captureServer } from "../support/capture_server.ts";
import { CREDENTIALS } from "../support/credentials.ts";
import { assertGolden, headerOf, parseRequest } from "../support/golden.ts";
import { testWith } from "../support/programs.ts";
import { cmdArguments } from "../support/windows_args.ts";
import { at, LINUX, WINDOWS } from "./examples.ts";

const ENDPOINT = "/oauth/client_credential/accesstoken?grant_type=client_credentials";
const BODY = "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET";

/** Holds one client's request against KPN's example, and against its own golden file. */
async function assertParity(client: string, send: (origin: string) => Promise<unknown>) {
  await using server = captureServer();
  const [raw] = await Promise.all([server.next(), send(server.origin)]);
  const request = parseRequest(raw);
  assertEquals(request.line, `POST ${ENDPOINT} HTTP/1.1`);
  assertEquals(headerOf(request, "content-type"), "application/x-www-form-urlencoded");
  assertEquals(headerOf(request, "content-length"), String(BODY.length));
  assertEquals(headerOf(request, "transfer-encoding"), undefined);
  assertEquals(request.body, BODY);
  await assertGolden(client, raw);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" })
    .output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

for (const shell of ["bash", "dash"] as const) {
  testWith(
    [shell, "curl"],
    `KPN's Linux and macOS example, executed by ${shell}`,
    (programs) => assertParity("curl", (origin) => run(programs[shell], ["-c", at(origin, LINUX)])),
  );
}

testWith(
  ["curl"],
  "KPN's Windows example, split by cmd's and the C runtime's rules",
  ({ curl }) =>
    assertParity("curl", (origin) => {
      const [name, ...args] = cmdArguments(at(origin, WINDOWS));
      assertEquals(name, "curl");
      return run(curl, args);
    }),
);

const endpointAt = (origin: string) => `${origin}${ENDPOINT}`;

Deno.test("the library, through Deno's fetch", () =>
  assertParity("deno", async (origin) => {
    const token = await requestToken({ ...CREDENTIALS, tokenEndpoint: endpointAt(origin) });
    assertEquals(token.value, "capturedToken");
  }));

/** Requests a token in Node, with what `fetch` stands for there. */
async function inNode(node: string, fetch: string, origin: string): Promise<void> {
  const bundle = await bundled();
  const script = `
    import { requestToken } from ${JSON.stringify(bundle)};
    const { fetch } = ${fetch};
    const token = await requestToken({
      clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET",
      tokenEndpoint: ${JSON.stringify(endpointAt(origin))}, fetch,
    });
    if (token.value !== "capturedToken") throw new Error(token.value);`;
  await run(node, ["--input-type=module", "--eval", script]);
}

let bundle: Promise<string> | undefined;

/** mod.ts as JavaScript, in a file: Node 20 runs no TypeScript. */
function bundled(): Promise<string> {
  return bundle ??= (async () => {
    const path = await Deno.makeTempFile({ prefix: "kpn_auth_", suffix: ".mjs" });
    await run(Deno.execPath(), ["bundle", "--quiet", "--output", path, "mod.ts"]);
    globalThis.addEventListener("unload", () => Deno.removeSync(path));
    return `file://${path}`;
  })();
}

testWith(
  ["node"],
  "the library, through Node's fetch",
  ({ node }) => assertParity("node", (origin) => inNode(node, "globalThis", origin)),
);

testWith(
  ["node"],
  "the library, through undici's fetch",
  ({ node }) => assertParity("undici", (origin) => inNode(node, 'await import("undici")', origin)),
);

Deno.test("the golden files list every header, and differ in nothing else", async () => {
  const golden = new URL("../golden/", import.meta.url);
  const bodies = new Set<string>();
  for await (const { name } of Deno.readDir(golden)) {
    if (!name.endsWith(".http")) continue;
    const request = parseRequest(
      (await Deno.readTextFile(new URL(name, golden))).replaceAll("\n", "\r\n"),
    );
    bodies.add(`${request.line}\n${request.body.trim()}`);
    assert(request.headers.length >= 3, name);
  }
  assertEquals([...bodies], [`POST ${ENDPOINT} HTTP/1.1\n${BODY}`]);
});
