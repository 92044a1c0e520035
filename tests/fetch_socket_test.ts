import { authorizedFetch, createTokenSource, KpnAuthError, type TokenSource } from "../mod.ts";
import { mockKpn } from "../src/mock/mock.ts";
import { captureServer } from "./support/capture_server.ts";
import { testWith } from "./support/programs.ts";
import { run } from "./support/run.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import { answerWith, http, withServer } from "./support/fault_server.ts";

const PATH = "/communication/nexmo/number-insight/basic";

/** KPN's mock on a real server, and a fetch authorized there. */
async function withMock(
  use: (
    server: {
      kpn: ReturnType<typeof authorizedFetch>;
      origin: string;
      mock: ReturnType<typeof mockKpn>;
      connections: Set<string>;
      /** Turns the source's clock: only so often may a rejected token be replaced. */
      later(): void;
    },
  ) => Promise<void>,
): Promise<void> {
  const mock = mockKpn();
  const connections = new Set<string>();
  let skew = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, { remoteAddr }) => {
      connections.add(`${remoteAddr.port}`);
      return mock.handle(request);
    },
  );
  try {
    const origin = `http://127.0.0.1:${server.addr.port}`;
    const source = createTokenSource({
      ...CREDENTIALS,
      tokenEndpoint: `${origin}/oauth/client_credential/accesstoken`,
      now: () => Date.now() + skew,
      random: () => 0,
    });
    const later = () => void (skew += 60_000);
    await use({ kpn: authorizedFetch(source), origin, mock, connections, later });
  } finally {
    await server.shutdown();
  }
}

Deno.test("B28: redirects come back as they came, and nothing goes to where they point", async () => {
  await withServer(answerWith(http("{}")), async (elsewhere) => {
    await withMock(async ({ kpn, mock }) => {
      for (const status of [301, 302, 303, 307, 308]) {
        const location = `http://${elsewhere.host}/`;
        mock.respondNext(() => new Response("moved", { status, headers: { location } }), {
          to: "api",
        });
        const response = await kpn("/x", { redirect: "follow" });
        assertEquals(
          [response.status, response.headers.get("location"), await response.text()],
          [status, location, "moved"],
        );
      }
    });
    assertEquals(elsewhere.accepted, 0);
  });
});

Deno.test("the response that comes back keeps its url, looked at or not, replayed or not", async () => {
  await withMock(async ({ kpn, origin, mock }) => {
    for (const failure of ["ok", "kpn_flat", "invalid_access_token", "not_entitled"] as const) {
      mock.respondNext(failure, { to: "api" });
      const response = await kpn(PATH, {
        method: "POST",
        body: new URLSearchParams({ number: "1" }),
      });
      assertEquals(response.url, `${origin}${PATH}`);
      await response.body?.cancel();
    }
  });
});

Deno.test("B43: bodies arrive whole in both sends, with their length, a Request's too", async () => {
  await withMock(async ({ kpn, origin, mock, later }) => {
    const text = "x".repeat(15_000); // the mock records 16 KiB of a body
    const form = new FormData();
    form.set("file", new File([text], "a.txt"));
    const calls: [string | Request, RequestInit?][] = [
      ["/x", { method: "POST", body: text }],
      ["/x", { method: "POST", body: new TextEncoder().encode(text) }],
      ["/x", { method: "POST", body: new Blob([text]) }],
      ["/x", { method: "POST", body: form }],
      [new Request(`${origin}/x`, { method: "PUT", body: text })],
      [new Request(`${origin}/x`, { method: "POST", body: form })],
      [new Request(`${origin}/x`, { method: "POST", body: new Blob([text]).stream() })],
    ];
    for (const [input, init] of calls) {
      later();
      mock.respondNext("invalid_access_token", { to: "api" });
      await (await kpn(input, init)).body?.cancel();
      const [first, second] = mock.requests.slice(-3).filter(({ url }) => !/oauth/.test(url));
      assert(first!.body.includes(text) && second!.body.includes(text));
      assert(first!.headers["authorization"] !== second!.headers["authorization"]);
      if (typeof input === "object") assert(Number(second!.headers["content-length"]) >= 15_000);
    }
  });
});

Deno.test("B18: a thousand calls, each third with its token revoked, hold no connection back", async () => {
  await withMock(async ({ kpn, mock, connections, later }) => {
    const init = { method: "POST", body: new URLSearchParams({ number: "447700900000" }) };
    for (let call = 0; call < 1_000; call++) {
      if (call % 3 === 0) mock.revoke();
      later();
      const response = await kpn(PATH, init);
      assertEquals(response.status, 200);
      await response.text();
    }
    assertEquals(mock.mints, 334);
    assert(connections.size <= 10, `${connections.size} connections`);
  });
});

Deno.test("a connection lost under an API call is fetch's own error, and is not sent again", async () => {
  await withMock(async ({ mock, origin }) => {
    await withServer(answerWith(""), async (broken) => {
      const source = createTokenSource({
        ...CREDENTIALS,
        tokenEndpoint: `${origin}/oauth/client_credential/accesstoken`,
      });
      const kpn = authorizedFetch(source, { origins: [`http://${broken.host}`] });
      const error = await assertRejects(
        () => kpn("/x", { method: "POST", body: "once" }),
        TypeError,
      );
      assert(!(error instanceof KpnAuthError));
      assertEquals([mock.mints, broken.accepted], [1, 1]);
    });
  });
});

Deno.test("B65: a Request keeps its client: the call goes through the proxy, the replay too", async () => {
  await withMock(async ({ kpn, origin, mock, later }) => {
    const through: string[] = [];
    const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      through.push(request.headers.get("authorization")!);
      return mock.handle(request);
    });
    const client = Deno.createHttpClient({ proxy: { url: `http://127.0.0.1:${proxy.addr.port}` } });
    try {
      const init = { method: "POST", body: new URLSearchParams({ number: "1" }), client };
      const url = `${origin}${PATH}`;
      const calls: Parameters<typeof kpn>[] = [
        [new Request(url, init)],
        [new Request(url, { client } as RequestInit), { method: "POST", body: init.body }],
        [new Request(url), init],
        [url, init],
      ];
      for (const call of calls) {
        later();
        mock.respondNext("invalid_access_token", { to: "api" });
        const response = await kpn(...call);
        assertEquals(response.status, 200);
        await response.body?.cancel();
      }
    } finally {
      client.close();
      await proxy.shutdown();
    }
    assertEquals([through.length, new Set(through).size], [8, 5]);
  });
});

Deno.test("headers and bodies go over the wire as those of a bare fetch, the token added", async () => {
  await using server = captureServer();
  const source = { token: () => Promise.resolve({ value: "t" }) } as unknown as TokenSource;
  const kpn = authorizedFetch(source, { origins: [server.origin] });
  const body = "text ✓";
  const inits: RequestInit[] = [
    { headers: { "x-id": "1" } },
    { headers: [["x", "1"], ["x", "2"], ["set-cookie", "a"], ["set-cookie", "b"]] },
    { headers: new Headers([["x", "1"], ["x", "2"], ["set-cookie", "a"], ["set-cookie", "b"]]) },
    { method: "POST", body },
    { method: "POST", body: new URLSearchParams({ a: "1 2" }) },
    { method: "POST", body: new Uint8Array([1, 2, 3]).subarray(1) },
    { method: "POST" },
    { method: "POST", body: "" },
  ];
  const url = `${server.origin}/x`;
  for (const init of inits) {
    for (const make of [() => url, () => new Request(url, init)]) {
      await (await fetch(make(), typeof make() === "string" ? init : {})).body?.cancel();
      await (await kpn(make(), typeof make() === "string" ? init : {})).body?.cancel();
      const [bare, ours] = server.requests.splice(0).map(({ head, body }) => ({
        head: head.split("\r\n").filter((line) => !/^authorization:/i.test(line)).sort(),
        body: [...body],
      }));
      assertEquals(ours, bare);
    }
  }
});

testWith(
  ["node"],
  "B65, B73: on Node a Request keeps its dispatcher, and a shared signal brings no warning",
  async ({ node }) => {
    const deno = ["run", "--no-check", "--allow-all"];
    const script = new URL("./support/fetch_on_node.ts", import.meta.url).pathname;
    const code = await run(Deno.execPath(), [...deno, script]);
    const printed = await run(node, ["--input-type=module", "--eval", code]);
    assertEquals(JSON.parse(printed), {
      through: ["Bearer t1", "Bearer t2"],
      bodies: ["body 4", "body 4"],
      referrer: ["https://app.example/", "https://app.example/"],
      shared: 100,
      warnings: [],
    });
  },
);
