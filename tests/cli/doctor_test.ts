import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { freePort } from "../support/ports.ts";
import { run as runProgram } from "../support/run.ts";
import {
  type Given,
  onEach,
  onEachWith,
  run,
  type Runtime,
  TOKEN_PATH,
  withMock,
} from "./kpn_auth.ts";

/** The doctor's report: the exit code, the line of each step, and all of it. */
async function examine(runtime: Runtime, given: Given, args: readonly string[] = []) {
  const { code, stdout, stderr } = await run(runtime, ["doctor", ...args], given);
  const lines = stdout.matchAll(/^([✓!✗-]) (\w+) +(.*) \(\d+ ms\)(?:\n +→ (.*))?$/gm);
  const steps: Record<string, Record<"mark" | "text" | "remedy", string>> = Object.fromEntries(
    [...lines].map(([, mark = "", name, text = "", remedy = ""]) => [name, { mark, text, remedy }]),
  );
  const marks = Object.values(steps).map(({ mark }) => mark).join("");
  return { code, steps, marks, stdout, stderr };
}

onEach("doctor walks the whole way, each step with a mark and its duration", async (runtime) => {
  await withMock(async ({ env }) => {
    const { code, marks, steps, stdout, stderr } = await examine(runtime, { env });
    assertEquals([code, marks, stderr], [0, "✓✓✓✓✓✓✓✓✓✓✓", ""]);
    assertEquals(Object.keys(steps), [
      ...["environment", "credentials", "proxy", "DNS", "connection", "endpoint", "accepted"],
      ...["tier", "products", "clock", "API"],
    ]);
    assertStringIncludes(steps["environment"]!.text, runtime.name);
    assertStringIncludes(stdout, "Everything works.");
  });
});

onEach("doctor explains the disguised 500 and ends with 3", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    mock.respondNext("invalid_client_500", { to: "token" });
    const { code, marks, steps } = await examine(runtime, { env });
    assertEquals([code, marks], [3, "✓✓✓✓✓!✗"]);
    assertMatch(steps["endpoint"]!.text, /status 500, which looks like a failure of KPN's server/);
    assertMatch(steps["accepted"]!.remedy, /Copy both again/);
  });
});

onEach(
  "doctor warns of Sandbox credentials in production, a wrong clock, a missing product",
  async (runtime) => {
    await withMock(async ({ mock, env }) => {
      mock.respondNext("not_entitled", { to: "api" });
      const { code, steps } = await examine(runtime, { env: { ...env, NODE_ENV: "production" } });
      assertEquals(code, 0);
      assertMatch(steps["tier"]!.text, /^demo \(Sandbox\).+ but NODE_ENV says production$/);
      assertEquals([steps["tier"]!.mark, steps["clock"]!.mark, steps["API"]!.mark], [
        "!",
        "!",
        "!",
      ]);
      assertMatch(steps["clock"]!.text, /^3[56]\d\d s behind KPN's clock$/);
      assertMatch(steps["API"]!.text, /not entitled to .+ \(HTTP 401\)$/);
    }, { now: () => Date.now() + 3_600_000 });
  },
);

onEach("doctor [PATH] says where a token is rejected, and ends with 5", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    mock.respondNext("invalid_access_token_500", { to: "api" });
    const { code, steps } = await examine(runtime, { env }, ["/my/api"]);
    assertEquals([code, steps["API"]!.mark], [5, "✗"]);
    assertEquals(mock.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`), [
      `POST ${TOKEN_PATH}`,
      "GET /my/api",
    ]);
  });
});

onEach(
  "doctor stops at the first failure: no credentials, no name, no connection",
  async (runtime) => {
    const none = await examine(runtime, { env: { KPN_CLIENT_SECRET: "" } });
    assertEquals([none.code, none.marks], [3, "✓✗"]);

    const env = { KPN_TOKEN_ENDPOINT: "https://kpn.invalid/token" };
    const unknown = await examine(runtime, { env, net: "kpn.invalid" });
    assertEquals([unknown.code, unknown.marks], [4, "✓✓✓✗"]);
    assertMatch(unknown.steps["DNS"]!.text, /kpn\.invalid cannot be resolved/);

    const closed = { KPN_TOKEN_ENDPOINT: `http://127.0.0.1:${freePort()}/token` };
    const refused = await examine(runtime, { env: closed });
    assertEquals([refused.code, refused.marks], [4, "✓✓✓✓✗"]);
  },
);

onEach("doctor says of a proxy what the runtime really does", async (runtime) => {
  const proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const seen: string[] = [];
  const serving = (async () => {
    for await (const connection of proxy) {
      const head = new Uint8Array(1024);
      const size = await connection.read(head) ?? 0;
      seen.push(new TextDecoder().decode(head.subarray(0, size)).split("\r\n")[0]!);
      await connection.write(new TextEncoder().encode("HTTP/1.1 403 Forbidden\r\n\r\n"));
      connection.close();
    }
  })();
  const { port } = proxy.addr;
  const env = {
    KPN_TOKEN_ENDPOINT: "https://kpn.invalid/token",
    HTTPS_PROXY: `http://user:pass-word@127.0.0.1:${port}`,
  };
  const { code, steps, stdout } = await examine(runtime, { env, net: "kpn.invalid,127.0.0.1" });
  assertEquals(code, 4);
  assert(!stdout.includes("pass-word"), "the proxy's password was shown");
  if (runtime.name === "node") { // 20 knows no proxy
    assertEquals([steps["proxy"]!.mark, steps["DNS"]!.mark, seen], ["!", "✗", []]);
    assertMatch(steps["proxy"]!.text, /^node 20\S+ ignores HTTPS_PROXY \(127\.0\.0\.1:\d+\)/);
  } else {
    assertEquals([steps["proxy"]!.mark, steps["DNS"]!.mark], ["✓", "-"]);
    assertMatch(steps["proxy"]!.text, /goes through 127\.0\.0\.1:\d+ \(HTTPS_PROXY\)/);
    assertMatch(steps["endpoint"]!.remedy, /^The proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) refuses/);
    assert(seen.length > 0 && seen.every((line) => line.startsWith("CONNECT kpn.invalid:443")));
  }
  proxy.close();
  await serving;
});

onEachWith(
  ["openssl"],
  "doctor says that a certificate is not trusted, and how to trust a company's",
  async (runtime, { openssl }) => {
    const folder = await Deno.makeTempDir();
    await runProgram(openssl, [
      ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(" "),
      ...["-addext", "subjectAltName=DNS:localhost"],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`],
    ]);
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      key: await Deno.readTextFile(`${folder}/key.pem`),
      cert: await Deno.readTextFile(`${folder}/cert.pem`),
    }, () => new Response());
    const env = { KPN_TOKEN_ENDPOINT: `https://localhost:${server.addr.port}/token` };
    const { code, marks, steps } = await examine(runtime, { env, net: "localhost" });
    assertEquals([code, marks], [4, "✓✓✓✓✗"]);
    assertMatch(
      steps["connection"]!.remedy,
      /company's own CA: (DENO_CERT|NODE_EXTRA_CA_CERTS)/,
    );
    const variable = runtime.name === "deno" ? "DENO_CERT" : "NODE_EXTRA_CA_CERTS";
    const trusting = { ...env, [variable]: `${folder}/cert.pem` };
    const trusted = await examine(runtime, { env: trusting, net: "localhost" });
    // The endpoint answers, though with no token: fetch trusts it too.
    assertEquals([trusted.code, trusted.marks], [5, "✓✓✓✓✓✗"]);
    const other = {
      ...trusting,
      KPN_TOKEN_ENDPOINT: env.KPN_TOKEN_ENDPOINT.replace("localhost", "127.0.0.1"),
    };
    const named = await examine(runtime, { env: other, net: "127.0.0.1" });
    assertEquals([named.code, named.marks], [4, "✓✓✓✓✗"]);
    assertMatch(named.steps["connection"]!.remedy, /for another host.+A CA setting does not help/);
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  },
);
