/** `call` with curl's habits (B86), compared with what the real curl sends where it can be. */

import { mockKpn } from "../../src/mock/mock.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type CapturedRequest, captureServer, header, json } from "../support/capture_server.ts";
import { testWith } from "../support/programs.ts";
import { run as runProgram } from "../support/run.ts";
import { piped, run, VARIABLES, withFile } from "./in_process.ts";

const PATH = "/communication/nexmo/number-insight/basic";

/** Options that mean the same to curl and to us; FILE is a file with line breaks. */
const SAME: readonly (readonly string[])[] = [
  ["-d", "a=b", "-d", "c=d&e"],
  ["-da=b"],
  ["-d", "a=b", "-X", "PUT"],
  ["-XDELETE"],
  ["-d", "@FILE"],
  ["-d", "a=1", "-d", "@FILE"],
  ["--data-binary", "@FILE"],
  ["--data-raw", "@FILE"],
  ["--data-raw", "a=@b"],
  ["--data-urlencode", "number=+31 6*~é"],
  ["--data-urlencode", "=a b&c"],
  ["--data-urlencode", "a b"],
  ["--data-urlencode", "@FILE"],
  ["--data-urlencode", "name@FILE"],
  ["--data-urlencode", "e=mail@kpn.com"],
  ["--data-urlencode", "a=b=c", "-d", "d=e", "--data-urlencode", "f=g h"],
  ["--json", '{"a":1}'],
  ["--json", '{"a":', "--json", "1}"],
  ["--json", "@FILE"],
  ["--json", "{}", "-H", "accept: a/b", "-H", "content-type: c/d", "-X", "PATCH"],
  ["-G", "-d", "a=b", "--data-urlencode", "c=d e"],
  ["-G", "-d", "@FILE"],
  ["-Gsd", "a=b"],
  ["-G"],
  ["-I"],
  ["--get", "--head", "-d", "a=b"],
];

testWith(
  ["curl"],
  "B86: what call sends is what curl sends for the same options",
  async ({ curl }) => {
    await withFile("line1\r\nline=2\n", async (path) => {
      for (const options of SAME) {
        await using server = captureServer(({ method }) =>
          method === "HEAD" ? "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n" : json({})
        );
        const { origin } = server;
        const args = options.map((option) => option.replace("FILE", path));
        await runProgram(curl, ["-s", ...args, `${origin}/x?q=1`]);
        const { code, stderr } = await run(["call", `${origin}/x?q=1`, ...args], mockKpn(), {
          variables: { KPN_TOKEN: "token", KPN_TOKEN_ENDPOINT: `${origin}/token` },
          fetch,
        });
        assertEquals([options, code, stderr], [options, 0, ""]);
        const [theirs, ours] = server.requests.map(shape);
        assertEquals([options, ours], [options, theirs]);
      }
    });
  },
);

/** What both are to agree on. */
function shape(request: CapturedRequest) {
  const accept = header(request, "accept");
  return {
    method: request.method,
    target: request.target,
    type: header(request, "content-type"),
    ...accept !== "*/*" && { accept },
    body: new TextDecoder().decode(request.body),
  };
}

Deno.test("-d - and -d @- are standard input", async () => {
  for (const data of ["-", "@-"]) {
    const mock = mockKpn();
    await run(["call", PATH, "-d", data], mock, { stdin: piped("number=447700900000\n") });
    assertEquals(mock.requests[1]!.body, "number=447700900000");
  }
});

Deno.test("B86: a plus that a form makes a space of is warned of", async () => {
  const warned = async (...args: string[]) =>
    (await run(["call", PATH, ...args])).stderr.includes("a plus means a space");
  assert(await warned("-d", "number=+31612345678"));
  assert(await warned("-d", "a=b&number=+447700900000"));
  assert(await warned("-G", "-d", "number=+31612345678"));
  assert(!await warned("-d", "number=%2B31612345678"));
  assert(!await warned("--data-urlencode", "number=+31612345678"));
  assert(!await warned("-d", "text=a+b"));
  assert(!await warned("--json", '{"number":"+31"}'));
  const { stderr } = await run(["curl", PATH, "-d", "number=+31612345678"]);
  assertStringIncludes(stderr, "--data-urlencode 'number=+…'");
});

Deno.test("-o writes a file, -f no body of an error, -I the head alone, -i a status line", async () => {
  await withFile("", async (path) => {
    const mock = mockKpn();
    mock.respondNext(() => new Response("the body", { headers: { "x-a": "1" } }), {
      to: "api",
      times: 4,
    });
    const written = await run(["call", "/x", "-o", path], mock);
    assertEquals([written.code, written.stdout], [0, ""]);
    assertEquals(await Deno.readTextFile(path), "the body");
    assertEquals((await run(["call", "/x", "-o", "-"], mock)).stdout, "the body");
    const included = await run(["call", "/x", "-i"], mock);
    assertMatch(included.stdout, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*x-a: 1\r\n(.+\r\n)*\r\nthe body$/);
    const headed = await run(["call", "/x", "-I"], mock);
    assertMatch(headed.stdout, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*\r\n/);

    mock.respondNext("unknown_path", { to: "api", times: 2 });
    const failed = await run(["call", "/x", "-f"], mock);
    assertEquals([failed.code, failed.stdout], [7, ""]);
    assertMatch(failed.stderr, /HTTP 404: not_found/);
    assert((await run(["call", "/x"], mock)).stdout.length > 0);

    const nowhere = await run(["call", "/x", "-o", "/nowhere/at/all"], mock);
    assertEquals(nowhere.code, 1);
    assertMatch(nowhere.stderr, /Cannot write the answer: .*\/nowhere\/at\/all/);
  });
});

Deno.test("-s is silent, -S says what went wrong all the same", async () => {
  const failing = async (...args: string[]) => {
    const mock = mockKpn();
    mock.respondNext("quota", { to: "api" });
    const { code, stderr } = await run(["call", "/x", ...args], mock);
    return [code, stderr === ""];
  };
  assertEquals(await failing("-s"), [6, true]);
  assertEquals(await failing("-sS"), [6, false]);
  const none = { variables: {} };
  assertEquals(await run(["call", "/x", "-s"], mockKpn(), none), {
    code: 3,
    stdout: "",
    stderr: "",
  });
  const { stderr } = await run(["call", "/x", "-sS"], mockKpn(), none);
  assertMatch(stderr, /KPN_CLIENT_ID is not set/);
});

Deno.test("B86: -v shows requests and answers, and neither secret nor token in any spelling", async () => {
  const secret = "s3cret/~*&x";
  const mock = mockKpn({ clientId: "the-id", clientSecret: secret });
  mock.respondNext("access_token_expired", { to: "api" });
  mock.respondNext(({ headers }) =>
    new Response("{}", {
      headers: {
        "x-echo": headers["authorization"]!,
        "x-secret": `${secret} ${encodeURIComponent(secret)}`,
        "set-cookie": "session=s3cret-cookie",
      },
    }), { to: "api" });
  const { code, stdout, stderr } = await run(["call", `${PATH}?a=1`, "-vd", "number=1"], mock, {
    variables: { KPN_CLIENT_ID: "the-id", KPN_CLIENT_SECRET: secret },
  });
  assertEquals([code, stdout], [0, "{}"]);
  const requests = stderr.match(/^> (GET|POST) .*$/gm);
  const token =
    "> POST /oauth/client_credential/accesstoken?grant_type=client_credentials HTTP/1.1";
  const call = `> POST ${PATH}?a=1 HTTP/1.1`;
  assertEquals(requests, [token, call, token, call]);
  assertMatch(stderr, /^> authorization: \*\*\*$/m);
  assertMatch(stderr, /^< HTTP\/1\.1 200 OK$/m);
  assertMatch(stderr, /^< x-echo: Bearer \*\*\*$/m);
  assertMatch(stderr, /^< x-secret: \*\*\* \*\*\*$/m);
  assertMatch(stderr, /^< set-cookie: \*\*\*$/m);
  assert(!/s3cret/.test(stderr), stderr);
  for (const { headers } of mock.requests) {
    const sent = headers["authorization"]?.replace("Bearer ", "");
    assert(!sent || !stderr.includes(sent), "the token was shown");
  }
});

Deno.test("at a terminal JSON is indented and coloured; piped, every byte is the API's", async () => {
  const body = '{"a":[1.0,2e3,{}],"b":{"c":"x\\"\u009b1m","d":[]},"a":null,"e":true}';
  const answer = async (content: string, type: string, terminal: boolean, noColour = false) => {
    const mock = mockKpn();
    mock.respondNext(() => new Response(content, { headers: { "content-type": type } }), {
      to: "api",
    });
    const streams = { stdin: false, stdout: terminal, stderr: false };
    const variables = { ...VARIABLES, ...noColour && { NO_COLOR: "1" } };
    return (await run(["call", "/x"], mock, { terminal: streams, variables })).stdout;
  };
  assertEquals(await answer(body, "application/json", false), body);
  assertEquals(
    await answer(body, "application/json; charset=utf-8", true, true),
    `{
  "a": [
    1.0,
    2e3,
    {}
  ],
  "b": {
    "c": "x\\"\\u009b1m",
    "d": []
  },
  "a": null,
  "e": true
}
`,
  );
  assertStringIncludes(
    await answer(body, "application/problem+json", true),
    '\x1b[34m"a"\x1b[39m: [',
  );
  assertEquals(await answer("plain", "text/plain", true), "plain\n");
  assertEquals(await answer("plain\n", "text/plain", true), "plain\n");
  assertEquals(await answer("{broken", "application/json", true), "{broken\n");
  assertEquals(await answer("", "application/json", true), "");
  const long = JSON.stringify("x".repeat(1_100_000));
  assertEquals(await answer(long, "application/json", true), `${long}\n`);
});

Deno.test("B87: KPN_TOKEN is used instead of a request for one, by call and curl", async () => {
  const mock = mockKpn();
  const { stdout: token } = await run(["token"], mock);
  const variables = { KPN_TOKEN: token.trim() };
  const call = await run(["call", PATH, "-d", "number=447700900000"], mock, { variables });
  assertEquals([call.code, call.stderr, mock.mints], [0, "", 1]);
  const { stdout } = await run(["curl", PATH, "--reveal-secrets"], mock, { variables });
  assertStringIncludes(stdout, `authorization: Bearer ${token.trim()}`);
  assertEquals(mock.mints, 1);

  mock.revoke();
  const rejected = await run(["call", PATH, "-d", "number=447700900000"], mock, { variables });
  assertEquals([rejected.code, mock.mints], [7, 1]);
  assertMatch(rejected.stderr, /HTTP 401: invalid_token.* KPN_TOKEN/);
  for (const value of ["Bearer x", "x\n", "x y"]) {
    const odd = await run(["call", PATH], mock, { variables: { KPN_TOKEN: value } });
    assertEquals([odd.code, odd.stderr.includes("KPN_TOKEN is not a token")], [3, true]);
  }
});

Deno.test("--allow-insecure-http is what the refusal recommends, and warns", async () => {
  const mock = mockKpn();
  const variables = {
    ...VARIABLES,
    KPN_TOKEN_ENDPOINT: "http://kpn.example/oauth/client_credential/accesstoken",
  };
  const refused = await run(["token"], mock, { variables });
  assertEquals([refused.code, mock.requests.length], [2, 0]);
  assertMatch(refused.stderr, /--allow-insecure-http/);
  for (const args of [["token"], ["call", PATH, "-d", "number=447700900000"]]) {
    const { code, stderr } = await run([...args, "--allow-insecure-http"], mock, { variables });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^kpn-auth: http:\/\/kpn\.example is not encrypted: anybody/);
    assertEquals(stderr.split("not encrypted").length, 2);
  }
});
