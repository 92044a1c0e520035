/** Control over HTTP: what it reads and scripts, and who may use it. */

import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { HOME, playgroundOf } from "./support.ts";

Deno.test("control is off by default: the state tells no request, and nothing can be scripted", async () => {
  const { ask } = playgroundOf();
  const state = await (await ask("/mock")).json();
  assertEquals([state.clientId, state.control, "requests" in state], [
    "APP_CLIENT_ID",
    false,
    false,
  ]);
  for (const path of ["/mock/respond-next", "/mock/revoke", "/mock/reset", "/mock/stop"]) {
    const response = await ask(path, { method: "POST", body: '{"answer":"empty"}' });
    assertEquals(response.status, 403);
    assertMatch(await response.text(), /Control is off/);
  }
});

Deno.test("the log shows every request, to this machine only: no query, header, body, secret or token", async () => {
  const { mock, ask } = playgroundOf();
  for (let call = 1; call <= 101; call++) {
    const path = call === 101
      ? "/oauth/client_credential/accesstoken?client_secret=HUSH"
      : `/${call}`;
    const body = new URLSearchParams({ client_id: "APP_CLIENT_ID", client_secret: "HUSH" });
    const headers = { authorization: "Bearer HUSH", "x-request-id": "r-1" };
    await (await ask(path, { method: "POST", body, headers })).body?.cancel();
  }
  const log = await (await ask("/mock/log")).json();
  assertEquals([log.length, log[0].path], [100, "/2"]);
  const { method, path, status, why, clientId, requestId, differences } = log[99];
  assertEquals([method, path, clientId, requestId], [
    "POST",
    "/oauth/client_credential/accesstoken",
    "APP_CLIENT_ID",
    "r-1",
  ]);
  assertEquals([status, why], [
    mock.requests[100]!.answer!.status,
    mock.requests[100]!.answer!.why,
  ]);
  assert(Array.isArray(differences) && !JSON.stringify(log).includes("HUSH"));
  const post = await ask("/mock/log", { method: "POST" });
  assertEquals(post.status, 403);
  await post.body?.cancel();
  for (const [url, headers] of Object.values(STRANGERS)) {
    const refused = await ask(url.replace("/mock", "/mock/log"), { headers });
    assertEquals(refused.status, 403);
    await refused.body?.cancel();
  }
});

Deno.test("B37: with control, any language scripts a failure, reads the state, and revokes", async () => {
  const { mock, ask } = playgroundOf({ control: true });
  const script = { answer: "unavailable", to: "token", times: 1 };
  const told = await ask("/mock/respond-next", { method: "POST", body: JSON.stringify(script) });
  assertEquals(told.status, 204);
  const token = () =>
    ask("/oauth/client_credential/accesstoken?grant_type=client_credentials", {
      method: "POST",
      body: new URLSearchParams({ client_id: "APP_CLIENT_ID", client_secret: "APP_CLIENT_SECRET" }),
    });
  const failed = await token();
  assertEquals(failed.status, 503);
  await failed.body?.cancel();
  const { access_token } = await (await token()).json();
  const state = await (await ask("/mock")).json();
  assertEquals([state.mints, state.requests.length], [1, 2]);
  assert(state.answers.includes("unavailable"));
  assertEquals((await ask("/mock/revoke", { method: "POST" })).status, 204);
  const call = await ask("/communication/nexmo/number-insight/basic", {
    method: "POST",
    headers: { authorization: `Bearer ${access_token}` },
    body: new URLSearchParams({ number: "1" }),
  });
  assertEquals(call.status, 401);
  await call.body?.cancel();
  assertEquals(mock.mints, 1);
});

Deno.test("B89: over HTTP the clock is put forward, and the mock reset and stopped", async () => {
  let stopped = 0;
  const { mock, ask } = playgroundOf({ control: true, now: () => 1, stop: () => void stopped++ });
  const tell = async (name: string, body?: string) =>
    (await ask(`/mock/${name}`, { method: "POST", ...body && { body } })).status;
  assertEquals(await tell("clock", '{"advance":1000}'), 204);
  assertEquals((await (await ask("/mock")).json()).now, 1_001);
  await (await ask("/anything")).body?.cancel();
  assertEquals(await tell("reset", "{}"), 204);
  assertEquals([mock.now(), mock.requests.length], [1, 0]);
  assertEquals([await tell("stop"), stopped], [204, 1]);
});

Deno.test("what changes the mock and what is refused is reported, and who only reads is not", async () => {
  const lines: (string | undefined)[] = [];
  const { ask } = playgroundOf({
    control: true,
    onAnswer: ({ method, url, answer }) =>
      lines.push(`${method} ${new URL(url).pathname} ${answer?.status} ${answer?.why}`),
  });
  for (const path of ["/", "/mock", "/mock/ready"]) await (await ask(path)).body?.cancel();
  assertEquals(lines, []);
  await ask("/mock/respond-next", { method: "POST", body: '{"answer":"quota"}' });
  await (await ask("/mock/clock", { method: "POST" })).body?.cancel();
  await (await ask("/mock/clock")).body?.cancel();
  await (await ask("/nowhere")).body?.cancel();
  assertEquals(lines, [
    "POST /mock/respond-next 204 control: respond-next",
    "POST /mock/clock 400 (the mock's own answer) Cannot advance the clock by undefined: it must be in ms, 0 or more",
    "GET /mock/clock 405 (the mock's own answer) Only POST is accepted.",
    "GET /nowhere 429 scripted: quota",
  ]);
});

Deno.test("B89: whoever asks learns that the mock is ready", async () => {
  const response = await playgroundOf().ask("http://kpn.example/mock/ready");
  assertEquals([response.status, await response.json()], [200, { ready: true }]);
});

Deno.test("B89: with remote, this network's own names may control, and no other name", async () => {
  const status = async (url: string, headers = {}) => {
    const { ask } = playgroundOf({ control: true, remote: true });
    const response = await ask(`${url}/mock`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  for (
    const host of ["kpn", "192.168.0.7", "[fd00::7]", "kpn.svc.cluster.local", "kpn.internal"]
  ) {
    assertEquals(await status(`http://${host}:8080`), 200, host);
  }
  for (const host of ["evil.example", "192.168.0.7.evil.example", "local.example"]) {
    assertEquals(await status(`http://${host}:8080`), 403, host);
  }
  assertEquals(await status("http://kpn:8080", { origin: "http://evil.example" }), 403);
});

/** Wrong orders: path, init, status, words. */
const WRONG: readonly (readonly [string, RequestInit, number, RegExp])[] = [
  ["/mock/respond-next", { method: "POST", body: "answer=x" }, 400, /not JSON/],
  [
    "/mock/respond-next",
    { method: "POST", body: '{"answer":"teapot"}' },
    400,
    /there is no answer \\"teapot\\"/,
  ],
  ["/mock/respond-next", { method: "POST", body: '{"answer":"empty","times":0}' }, 400, /times/],
  ["/mock/respond-next", { method: "POST", body: "null" }, 400, /JSON object/],
  ["/mock/respond-next", { method: "POST", body: "[]" }, 400, /JSON object/],
  [
    "/mock/respond-next",
    { method: "POST", body: '{"answer":"empty","tmies":2}' },
    400,
    /did you mean \\"times\\"/,
  ],
  ["/mock/respond-next", {}, 405, /Only POST/],
  ["/mock/other", { method: "POST" }, 404, /no such path at \/mock/],
  ["/mock/rest", { method: "POST" }, 404, /Did you mean \/mock\/reset/],
  ["/mock/stop", { method: "POST" }, 404, /no such path at \/mock/],
  ["/mock/clock", { method: "POST" }, 400, /undefined/],
  ["/mock/clock", { method: "POST", body: '{"advance":-1}' }, 400, /-1/],
  ["/mock/clock", { method: "POST", body: '{"advnace":1}' }, 400, /did you mean advance/],
  ["/mock/reset", { method: "POST", body: '{"all":true}' }, 400, /no field/],
];

for (const [path, init, status, words] of WRONG) {
  Deno.test(`control refuses ${init.method ?? "GET"} ${path} ${init.body ?? ""}`, async () => {
    const response = await playgroundOf({ control: true }).ask(path, init);
    assertEquals(response.status, status);
    assertMatch(await response.text(), words);
  });
}

/** Who may neither read nor control. */
const STRANGERS: Readonly<Record<string, [string, Record<string, string>]>> = {
  "a name that was rebound to loopback": ["http://evil.example:8080/mock", {}],
  "another machine's address": ["http://192.168.0.7:8080/mock", {}],
  "another site's page": [`${HOME}/mock`, { origin: "https://evil.example" }],
  "another port's page": [`${HOME}/mock`, { origin: "http://127.0.0.1:9" }],
  "a sandboxed page": [`${HOME}/mock`, { origin: "null" }],
  "another site's image": [`${HOME}/mock`, { "sec-fetch-site": "cross-site" }],
};

for (const [name, [url, headers]] of Object.entries(STRANGERS)) {
  Deno.test(`control refuses ${name}`, async () => {
    const { ask } = playgroundOf({ control: true });
    for (const method of ["GET", "POST"]) {
      const response = await ask(url, { method, headers });
      assertEquals(response.status, 403);
      assertEquals(response.headers.get("access-control-allow-origin"), null);
      await response.body?.cancel();
    }
  });
}
