import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { BASIC, onEach, run, start, withMock } from "./kpn_auth.ts";

onEach("call posts a form as curl does, body to stdout and nothing to stderr", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    const args = ["call", BASIC, "-d", "number=447700900000", "-d", "country=GB"];
    const { code, stdout, stderr } = await run(runtime, args, { env });
    assertEquals([code, stderr, JSON.parse(stdout).country_name], [0, "", "United Kingdom"]);
    const { method, body, headers } = mock.requests[1]!;
    assertEquals([method, body], ["POST", "number=447700900000&country=GB"]);
    assertEquals(headers["content-type"], "application/x-www-form-urlencoded");
    assertMatch(headers["authorization"] ?? "", /^Bearer [A-Za-z0-9]{28}$/);
  });
});

onEach("call takes a URL, -X, -H, and -i puts status and headers first", async (runtime) => {
  await withMock(async ({ mock, origin, env }) => {
    mock.respondNext(
      ({ method, headers }) =>
        Response.json([method, headers["x-one"], headers["x-two"]], {
          headers: { "x-quota": "7" },
        }),
      { to: "api" },
    );
    const headers = ["-H", "x-one: 1", "-H", "X-Two:2"];
    const { code, stdout } = await run(
      runtime,
      ["call", `${origin}/any?q=1`, "-XDELETE", ...headers, "-i"],
      { env },
    );
    const [head = "", body] = stdout.split("\r\n\r\n");
    assertEquals([code, body], [0, '["DELETE","1","2"]']);
    assertMatch(head, /^HTTP\/1\.1 200 OK\r\n/);
    assertStringIncludes(head, "x-quota: 7");
    assertEquals(new URL(mock.requests[1]!.url).search, "?q=1");
  });
});

onEach(
  "-d @file and -d -: a form loses its line breaks as with curl, JSON keeps every byte",
  async (runtime) => {
    const file = await Deno.makeTempFile();
    const lines = '{"a":\r\n1}\n';
    await Deno.writeTextFile(file, lines);
    await withMock(async ({ mock, env }) => {
      mock.respondNext(({ body }) => new Response(body), { to: "api", times: 4 });
      const json = ["-H", "content-type: application/json"];
      const given = { env, read: file, stdin: "number=1\n" };
      const bodies = [];
      for (
        const data of [["-d", `@${file}`], ["-d", `@${file}`, ...json], ["-d", "-"], [
          "-d",
          "a=b",
          "-d",
          "@-",
        ]]
      ) {
        bodies.push((await run(runtime, ["call", "/echo", ...data], given)).stdout);
      }
      assertEquals(bodies, ['{"a":1}', lines, "number=1", "a=b&number=1"]);
    });
    await Deno.remove(file);
  },
);

onEach(
  "an API's error: its body to stdout, what it means to stderr, exit code 7, or 6 for a quota",
  async (runtime) => {
    await withMock(async ({ mock, env }) => {
      mock.respondNext("not_entitled", { to: "api" });
      const refused = await run(runtime, ["call", BASIC], { env });
      assertEquals([refused.code, Object.keys(JSON.parse(refused.stdout))], [7, ["fault"]]);
      assertMatch(
        refused.stderr,
        /^kpn-auth: HTTP 401: not_entitled, .+ a new token will not help\.\n$/,
      );
      mock.respondNext("quota_500", { to: "api" });
      assertEquals((await run(runtime, ["call", BASIC], { env })).code, 6);
      mock.respondNext("redirect", { to: "api" });
      const redirected = await run(runtime, ["call", BASIC], { env });
      assertEquals([redirected.code, redirected.stdout], [7, ""]);
      assertStringIncludes(
        redirected.stderr,
        "a redirect to https://evil.example/token, not followed",
      );
    });
  },
);

onEach("a rejected token is replaced once", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    mock.respondNext("access_token_expired_400", { to: "api" });
    const { code } = await run(runtime, ["call", BASIC, "-d", "number=447700900000"], { env });
    assertEquals([code, mock.mints], [0, 2]);
  });
});

onEach("call streams: what has come is written before the rest comes", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    let rest!: ReadableStreamDefaultController<Uint8Array>;
    const bytes = (text: string) => new TextEncoder().encode(text);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => void (rest = controller),
    });
    mock.respondNext(() => new Response(stream), { to: "api" });
    rest.enqueue(bytes("first line\n"));
    const child = await start(runtime, ["call", "/stream"], { env });
    await child.stdin.close();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await reader.read()).value, "first line\n");
    rest.enqueue(bytes("second line\n")); // only now
    rest.close();
    assertEquals((await reader.read()).value, "second line\n");
    assertEquals((await reader.read()).done, true);
    assertEquals(await new Response(child.stderr).text(), "");
    assertEquals((await child.status).code, 0);
  });
});

onEach(
  "a reader that has seen enough ends it quietly: kpn-auth call … | head -1",
  async (runtime) => {
    await withMock(async ({ mock, env }) => {
      const line = new TextEncoder().encode("a line\n".repeat(1000));
      const endless = new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(line) });
      mock.respondNext(() => new Response(endless), { to: "api" });
      const child = await start(runtime, ["call", "/endless"], { env });
      await child.stdin.close();
      const reader = child.stdout.getReader();
      await reader.read();
      await reader.cancel();
      assertEquals(await new Response(child.stderr).text(), "");
      assertEquals((await child.status).code, 0);
    });
  },
);

onEach("an answer that stalls half-way ends with 4 and says so", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    // On a busy machine the first half may come too late for a short time: then it takes longer ones.
    for (let timeout = 1_000; timeout < 300_000; timeout *= 4) {
      const stalled = new ReadableStream<Uint8Array>({
        start: (to) => to.enqueue(new TextEncoder().encode("half")),
      });
      mock.respondNext(() => new Response(stalled), { to: "api" });
      const args = ["call", "/x", "--timeout", `${timeout}`];
      const { code, stdout, stderr } = await run(runtime, args, { env });
      assertEquals(code, 4);
      if (!stdout) continue;
      assertEquals(stdout, "half");
      const said = `kpn-auth: Nothing arrived from 127.0.0.1:PORT for ${timeout} ms`;
      return assertStringIncludes(stderr.replace(/:\d+ for/, ":PORT for"), said);
    }
    throw new Error("nothing came in the longest time either");
  });
});

onEach(
  "an API that breaks the connection ends with 4, in words and without the token",
  async (runtime) => {
    const token = "tokenTokenTokenToken12345678";
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      for await (const connection of server) await answerTokensOnly(connection, token);
    })();
    const origin = `http://127.0.0.1:${server.addr.port}`;
    const env = { KPN_TOKEN_ENDPOINT: `${origin}/accesstoken` };
    const { code, stdout, stderr } = await run(runtime, ["call", "/x"], { env });
    assertEquals([code, stdout, stderr.includes(token)], [4, "", false]);
    assertMatch(stderr, /^kpn-auth: Cannot call \/x: no answer from 127\.0\.0\.1:\d+\b.+\n$/);
    server.close();
    await serving;
  },
);

async function answerTokensOnly(connection: Deno.Conn, token: string): Promise<void> {
  const head = new Uint8Array(4096);
  const size = await connection.read(head);
  const request = new TextDecoder().decode(head.subarray(0, size ?? 0));
  if (request.startsWith("POST /accesstoken")) {
    const body = JSON.stringify({ access_token: token, expires_in: "3599" });
    await connection.write(new TextEncoder().encode(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    ));
  }
  connection.close();
}
