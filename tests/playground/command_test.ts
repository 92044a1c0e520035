/** `kpn-auth mock` as a program in another language meets it: the page, control, faults on a real socket. */

import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { spawn } from "../support/run.ts";

/** The mock in a process of its own. */
interface Running {
  readonly url: string;
  /** What it printed before it served. */
  readonly said: string;
  /** What it says on standard error, to its end. */
  readonly log: Promise<string>;
  readonly status: Promise<Deno.CommandStatus>;
  kill(signal: Deno.Signal): void;
}

/** Does `work` while `kpn-auth mock` with `args` runs. */
async function withMock(
  args: readonly string[],
  work: (url: string, running: Running) => Promise<void>,
  { stdin = "", env = {} }: { stdin?: string; env?: Record<string, string> } = {},
) {
  const command = ["run", "-A", "src/cli/bin.ts", "mock", ...args];
  const child = spawn(Deno.execPath(), command, { env });
  const log = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let said = "";
    while (!said.includes("KPN_TOKEN_ENDPOINT")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the mock ended by itself: ${await log}`);
      said += value;
    }
    const url = /http:\/\/[^/]+:\d+/.exec(said)![0];
    const { status } = child;
    await work(url, { url, said, log, status, kill: (signal) => child.kill(signal) });
  } finally {
    try {
      child.kill("SIGINT");
    } catch {
      // it has ended
    }
    await reader.cancel();
    await Promise.all([child.status, log]);
  }
}

const TOKEN = "/oauth/client_credential/accesstoken?grant_type=client_credentials";
const FORM = "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET";

function askToken(url: string, body = FORM): Promise<Response> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return fetch(url + TOKEN, { method: "POST", headers, body });
}

/** All that comes over a connection of its own: `fetch` would ask again where one breaks. */
async function answerOnTheWire(url: string): Promise<string> {
  const { port, host } = new URL(url);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const request = `POST ${TOKEN} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n` +
    `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${FORM.length}\r\n\r\n${FORM}`;
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

async function script(url: string, order: unknown): Promise<number> {
  const body = JSON.stringify(order);
  const response = await fetch(`${url}/mock/respond-next`, { method: "POST", body });
  await response.body?.cancel();
  return response.status;
}

Deno.test("kpn-auth mock serves the page, and is not to be controlled unless asked for", async () => {
  await withMock([], async (url) => {
    assertMatch(await (await fetch(url)).text(), /Run this endpoint/);
    assertEquals(await script(url, { answer: "unavailable" }), 403);
    assertEquals(await (await askToken(url)).json().then(({ status }) => status), "approved");
  });
});

Deno.test("B37: kpn-auth mock --control fails on the wire as it is told: late, dropped, truncated", async () => {
  await withMock(["--control"], async (url) => {
    assertEquals(await script(url, { answer: "unavailable" }), 204);
    const failed = await askToken(url);
    assertEquals(failed.status, 503);
    await failed.body?.cancel();
    assertEquals(await script(url, { answer: "dropped" }), 204);
    assertEquals(await answerOnTheWire(url), "");
    assertEquals(await script(url, { answer: "truncated" }), 204);
    assertMatch(await answerOnTheWire(url), /^HTTP\/1.1 200 OK\r\n[^]*\{"access_tok\s*$/);
    assertEquals(await script(url, { answer: "ok", delay: 1 }), 204);
    assertEquals((await (await askToken(url)).json()).token_type, "Bearer");
    const state = await (await fetch(`${url}/mock`)).json();
    assertEquals([state.mints, state.requests.length], [1, 4]);
  });
});

Deno.test("B89: clients, tiers, lifetime and seed come from the command line, secrets from standard input", async () => {
  const args = ["--client-id=sandbox", "--client-id=project", "--level=demo", "--level=prod"];
  await withMock(
    [...args, "--client-secret-stdin", "--lifetime=60000", "--seed=7", "--log=json"],
    async (url, { said, log, kill }) => {
      assert(!said.includes("first secret"));
      assertMatch(said, /KPN_CLIENT_ID='sandbox'\n/);
      const ask = async (id: string, secret: string) =>
        await (await askToken(
          url,
          `${new URLSearchParams({ client_id: id, client_secret: secret })}`,
        ))
          .json();
      const { level, expires_in, access_token } = await ask("project", "second secret");
      assertEquals([level, expires_in], ["prod", "60"]);
      assertMatch(access_token, /^\w{28}$/);
      assertEquals((await ask("sandbox", "first secret")).level, "demo");
      assertEquals((await ask("APP_CLIENT_ID", "APP_CLIENT_SECRET")).ErrorCode, "invalid_client");
      kill("SIGTERM");
      const lines = (await log).trim().split("\n").map((line) => JSON.parse(line));
      assertEquals(
        lines.map(({ path, status, why, clientId }) => [path, status, why, clientId]),
        [
          [TOKEN.split("?")[0], 200, "token 1, for project", "project"],
          [TOKEN.split("?")[0], 200, "token 2, for sandbox", "sandbox"],
          [TOKEN.split("?")[0], 401, "invalid_client: there is no such client", undefined],
        ],
      );
    },
    { stdin: "first secret\nsecond secret\n" },
  );
});

Deno.test("B89: a secret comes from the environment too; one line a request says why", async () => {
  await withMock(["--client-id", "mine", "--strict"], async (url, { log, kill }) => {
    const right = "client_id=mine&client_secret=from-the-environment";
    await (await askToken(url, right)).body?.cancel();
    await (await askToken(url, `${right}x`)).body?.cancel();
    await (await askToken(url, `more=1&${right}`)).body?.cancel();
    kill("SIGTERM");
    assertEquals(
      await log,
      `POST ${TOKEN.split("?")[0]} 200 token 1, for mine\n` +
        `POST ${TOKEN.split("?")[0]} 401 invalid_client: the secret is wrong\n` +
        `POST ${
          TOKEN.split("?")[0]
        } 200 token 2, for mine (differs from KPN's: more parameters: more)\n`,
    );
  }, { env: { KPN_CLIENT_SECRET: "from-the-environment" } });
});

Deno.test("B89: /mock/stop ends it, its own answer still sent", async () => {
  await withMock(["--control"], async (url, { status }) => {
    const response = await fetch(`${url}/mock/stop`, { method: "POST" });
    assertEquals(response.status, 204);
    assertEquals((await status).code, 0);
  });
});

Deno.test("B89: SIGTERM ends it at once, though an answer is still due", async () => {
  await withMock(["--control"], async (url, { status, kill }) => {
    assertEquals(await script(url, { answer: "never" }), 204);
    const answer = answerOnTheWire(url).catch(() => "");
    while ((await (await fetch(`${url}/mock`)).json()).requests.length === 0);
    kill("SIGTERM");
    assertEquals((await status).code, 0);
    assertEquals(await answer, "");
  });
});

Deno.test("B89: --host listens for other machines, and warns", async () => {
  await withMock(["--host", "0.0.0.0", "--control"], async (url, { log, kill }) => {
    assertMatch(url, /^http:\/\/127\.0\.0\.1:/);
    const status = async (host: string) => {
      const { port } = new URL(url);
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      const request = `GET /mock HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(request));
      return (await new Response(connection.readable).text()).split(" ")[1];
    };
    assertEquals(await status("kpn:8080"), "200");
    assertEquals(await status("evil.example"), "403");
    assertEquals(await status("not a host"), "400");
    kill("SIGTERM");
    assertMatch(
      await log,
      /^kpn-auth: warning: the mock listens on 0\.0\.0\.0\. .*read its requests/,
    );
  });
});
