/** Next.js 14 and 15, which cache `fetch`: in development with hot reload, and built. */

import { type MockKpn, mockKpn } from "../../src/mock/mock.ts";
import { node } from "../runtimes/programs.ts";
import { ALL } from "../support/amount.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { run, type Running, runToEnd, start } from "../support/run.ts";
import { type App, nextApp } from "./next_app.ts";

/** How often a page is asked for, at most, until it shows what is waited for. */
const MOST = 600;

/** A gateway on this machine, and the environment of an application that asks it. */
class Gateway implements AsyncDisposable {
  readonly mock: MockKpn = mockKpn();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    this.mock.handle,
  );
  readonly env = {
    KPN_CLIENT_ID: "APP_CLIENT_ID",
    KPN_CLIENT_SECRET: "APP_CLIENT_SECRET",
    KPN_TOKEN_ENDPOINT:
      `http://127.0.0.1:${this.#server.addr.port}/oauth/client_credential/accesstoken`,
    NEXT_TELEMETRY_DISABLED: "1",
    NO_COLOR: "1",
  };

  get calls(): number {
    return this.mock.requests.filter(({ url }) => !url.includes("/accesstoken")).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** `next dev` or `next start`, on a free port. */
async function served(app: App, command: "dev" | "start", gateway: Gateway): Promise<Running> {
  const args = [app.next, command, "-H", "127.0.0.1", "-p", "0"];
  const options = { cwd: app.folder, env: gateway.env };
  const ready = /Local: +http:\/\/127\.0\.0\.1:(\d+)[^]*Ready/;
  const server = await start(await node(20), args, ready, options);
  // A child of its own serves, which SIGKILL would leave behind.
  return { ...server, [Symbol.asyncDispose]: () => server.kill("SIGTERM") };
}

async function ask({ ready }: Running, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${ready[1]}/${path}`);
  return await response.text();
}

/** Asks until the answer is as it should be: a build or a rendering behind the request takes its time. */
async function askUntil(server: Running, path: string, isIt: (text: string) => boolean) {
  let text = "";
  for (let n = 0; n < MOST; n++) {
    text = await ask(server, path);
    if (isIt(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`/${path} never was as expected:\n${text}\n${server.printed()}`);
}

/** What mints of its own: all that runs on Node, first what may be cached, and the middleware's edge runtime. */
const EVERYWHERE = ["plain", "route-handler", "component", "edge"];

/** Asks for everything, twice. */
async function assertServes(server: Running, gateway: Gateway): Promise<void> {
  for (const path of [...EVERYWHERE, ...EVERYWHERE]) {
    const text = await ask(server, path);
    assertMatch(text, /200 United Kingdom/, `/${path}\n${server.printed()}`);
  }
  assertEquals(gateway.mock.requests.filter(({ answer }) => answer?.status === 401).length, 0);
}

/** A rejected token is replaced everywhere, by one request each: none is answered from a cache. */
async function assertReplaces(server: Running, { mock }: Gateway): Promise<void> {
  const before = mock.mints;
  mock.revoke();
  for (const path of EVERYWHERE) {
    const text = await ask(server, path);
    assertMatch(text, /200 United Kingdom/, `/${path} after the revocation\n${server.printed()}`);
  }
  assertEquals(mock.mints - before, 2, "tokens, one on Node and one on the edge runtime");
}

/** Next.js keeps answers on disk, bodies in Base64, each with its URL: none is a token's. */
async function assertNoTokenCached({ folder }: App, keepsAnswers: boolean): Promise<void> {
  const search = ["-rhoE", '"url":"[^"]*', `${folder}/.next/cache/fetch-cache`];
  const { stdout } = await runToEnd("grep", search);
  assertEquals(stdout.includes("number-insight"), keepsAnswers, stdout);
  assert(!stdout.includes("accesstoken"), stdout);
}

for (const version of ["next14", "next15"] as const) {
  Deno.test(`B74: ${version} dev mints where a token was rejected, and not with each reload`, {
    ignore: !ALL,
  }, async () => {
    await using app = await nextApp(version);
    await using gateway = new Gateway();
    await using server = await served(app, "dev", gateway);
    await assertServes(server, gateway);
    await assertReplaces(server, gateway);

    const { mock } = gateway;
    for (let edition = 1; edition <= 3; edition++) {
      const before = mock.mints;
      await app.edit(edition);
      for (const path of ["route-handler", "plain", "edge"]) {
        await askUntil(server, path, (text) => text.startsWith(`${edition} 200`));
      }
      // The edge runtime begins anew; on Node the source outlives the reload.
      assert(mock.mints - before <= 1, `${mock.mints - before} mints after reload ${edition}`);
    }

    // What the cookbook says of calls without `no-store`.
    mock.respondNext("not_entitled", { to: "api" });
    assertMatch(await ask(server, "cached"), /undefined/, "an error answer");
    const before = gateway.calls;
    for (let n = 0; n < 3; n++) assertMatch(await ask(server, "cached"), /200 United Kingdom/);
    const keepsAnswers = version === "next14"; // 15 does so where a page has `revalidate`
    assertEquals(gateway.calls - before, keepsAnswers ? 1 : 3);
    await assertNoTokenCached(app, keepsAnswers);
  });

  Deno.test(`B74: ${version} build and start mint where a token was rejected, and no page fails`, {
    ignore: !ALL,
  }, async () => {
    await using app = await nextApp(version);
    await using gateway = new Gateway();
    const options = { cwd: app.folder, env: gateway.env, longest: 15 * 60_000 };
    await run(await node(20), [app.next, "build"], options);
    await using server = await served(app, "start", gateway);
    await askUntil(server, "revalidated", (text) => text.includes("200"));
    await assertReplaces(server, gateway);

    const [stale] = /<p>.*?<\/p>/.exec(await ask(server, "revalidated"))!;
    gateway.mock.revoke();
    const isNew = (text: string) => /<p>.*?200.*?<\/p>/.test(text) && !text.includes(stale);
    await askUntil(server, "revalidated", isNew);
    assert(!server.printed().includes("static to dynamic"), server.printed());
    await assertNoTokenCached(app, true);
  });
}
