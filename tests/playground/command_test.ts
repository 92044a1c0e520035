/** `kpn-auth mock` as a program in another language meets it: the page, control, faults on a real socket. */

import { assertEquals, assertMatch } from "../support/assert.ts";
import { start } from "../support/run.ts";

/** Does `work` while `kpn-auth mock` with `args` runs in a process of its own. */
async function withMock(args: readonly string[], work: (url: string) => Promise<void>) {
  const command = ["run", "-A", "src/cli/bin.ts", "mock", ...args];
  await using mock = await start(
    Deno.execPath(),
    command,
    /(http:\/\/127\.0\.0\.1:\d+)[^]*KPN_TOKEN_ENDPOINT/,
  );
  await work(mock.ready[1]!);
  await mock.kill("SIGINT");
}

const TOKEN = "/oauth/client_credential/accesstoken?grant_type=client_credentials";
const FORM = "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET";

function askToken(url: string): Promise<Response> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return fetch(url + TOKEN, { method: "POST", headers, body: FORM });
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
