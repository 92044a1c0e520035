import { assertEquals, assertMatch } from "../support/assert.ts";
import { BASIC, CLIENT_ID, onEach, run, SECRET, TOKEN_PATH, withMock } from "./kpn_auth.ts";

onEach("B26: token prints the token and only that, a fresh one each time", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    const first = await run(runtime, ["token"], { env });
    assertMatch(first.stdout, /^[A-Za-z0-9]{28}\n$/);
    assertEquals([first.code, first.stderr], [0, ""]);
    const second = await run(runtime, ["token"], { env });
    assertEquals([second.stdout === first.stdout, mock.mints], [false, 2]);
  });
});

onEach("token --header is the line that curl's -H takes, --json all facts", async (runtime) => {
  await withMock(async ({ mock, origin, env }) => {
    const { stdout: header } = await run(runtime, ["token", "--header"], { env });
    assertMatch(header, /^authorization: Bearer [A-Za-z0-9]{28}\n$/);
    const call = await mock.fetch(`${origin}${BASIC}`, {
      method: "POST",
      headers: { authorization: header.trim().slice("authorization: ".length) },
      body: new URLSearchParams({ number: "447700900000" }),
    });
    assertEquals(call.status, 200);
    await call.body?.cancel();
    const { stdout: json } = await run(runtime, ["token", "--json"], { env });
    const { level, clientId, apiProducts, expiresAt, requestedAt } = JSON.parse(json);
    assertEquals([level, clientId, apiProducts], ["demo", CLIENT_ID, ["number-insight"]]);
    assertEquals(expiresAt - requestedAt, 3_599_000);
  });
});

onEach("the secret comes from --env-file, which goes before the environment", async (runtime) => {
  const file = await Deno.makeTempFile();
  await withMock(async ({ env, origin }) => {
    const lines = [
      "# the project of the test",
      `KPN_CLIENT_ID=${CLIENT_ID}`,
      `export KPN_CLIENT_SECRET="${SECRET}"`,
      `KPN_TOKEN_ENDPOINT=${origin}${TOKEN_PATH}`,
    ];
    await Deno.writeTextFile(file, lines.join("\n"));
    const wrong = { KPN_CLIENT_ID: "wrong", KPN_CLIENT_SECRET: "wrong", KPN_TOKEN_ENDPOINT: "" };
    const given = { env: { ...env, ...wrong }, read: file };
    const { code, stderr } = await run(runtime, ["token", "--env-file", file], given);
    assertEquals([code, stderr], [0, ""]);
  });
  await Deno.remove(file);
});

onEach("the secret comes through a pipe, with the line break that echo adds", async (runtime) => {
  await withMock(async ({ env }) => {
    for (const stdin of [SECRET, `${SECRET}\n`, `${SECRET}\r\n`]) {
      const given = { env: { ...env, KPN_CLIENT_SECRET: "" }, stdin };
      const { code, stderr } = await run(runtime, ["token", "--secret-stdin"], given);
      assertEquals([code, stderr], [0, ""]);
    }
  });
});

onEach(
  "--realm and --token-endpoint say where; an argument goes before the environment",
  async (runtime) => {
    await withMock(async ({ mock, origin, env }) => {
      const msm = `${origin}/oauth/grip/msm/accesstoken`;
      assertEquals((await run(runtime, ["token", "--token-endpoint", msm], { env })).code, 0);
      assertEquals(mock.requests[0]?.url, `${msm}?grant_type=client_credentials`);
      // KPN itself is out of reach here: that it is looked for shows that --realm won.
      const { code, stderr } = await run(runtime, ["token", "--realm", "msm", "--timeout", "900"], {
        env: { ...env, HTTPS_PROXY: "http://127.0.0.1:1" },
        net: "api-prd.kpn.com,127.0.0.1",
      });
      assertEquals([code, mock.requests.length], [4, 1]);
      assertMatch(stderr, /api-prd\.kpn\.com|timeout/);
    });
  },
);
