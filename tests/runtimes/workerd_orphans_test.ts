/**
 * On Workers a promise dies with the request that made it: silently on older
 * runtimes, in the runtime's words on newer ones (workerd#210). Here the client
 * that started a mint resets its connection, while others wait for that mint.
 */

import { connect } from "node:net";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { installed } from "../package/installed.ts";
import { bundle } from "../support/bundle.ts";
import { startWorkerd } from "../support/workerd.ts";

/**
 * The deadline of the sources that get no answer, in ms: long enough for all to join on a busy machine. A
 * waiter is held no longer if it is answered before a bystander, who came first and has three times that.
 */
const TIMEOUT = 8_000;

const WAITERS = 5;

const RUNTIMES = {
  "the newest workerd": ["newest", []],
  "the newest workerd, without cross-request promises": [
    "newest",
    ["no_handle_cross_request_promise_resolution"],
  ],
  "miniflare's workerd": ["miniflare", []],
  "miniflare's workerd, without cross-request promises": [
    "miniflare",
    ["no_handle_cross_request_promise_resolution"],
  ],
} as const;

/** One source for each path, as a module of a Worker would hold it. */
const WORKER = `
  import { createTokenSource } from "kpn-auth";

  const sources = {};
  const last = {};

  export default {
    async fetch(request, env, ctx) {
      const { pathname, searchParams } = new URL(request.url);
      const [, how, when] = pathname.split("/");
      const source = sources[pathname] ??= createTokenSource({
        clientId: "APP_CLIENT_ID",
        clientSecret: "APP_CLIENT_SECRET",
        tokenEndpoint: env.MOCK + pathname,
        timeout: how === "bystander" || when === "late" ? ${3 * TIMEOUT} : ${TIMEOUT},
        attemptTimeout: ${3 * TIMEOUT},
        retries: 0,
      });
      const call = how === "ctx" ? ctx : how === "waitUntil" ? { waitUntil: ctx } : {};
      const token = source.token(searchParams.has("rejected") ? { rejected: last[pathname] } : call);
      token.catch(() => {});
      await fetch(env.MOCK + "/joined" + pathname);
      try {
        last[pathname] = await token;
        return new Response(last[pathname].value);
      } catch ({ name, code, message }) {
        return Response.json({ name, code, message }, { status: 500 });
      }
    },
  };
`;

/** A token endpoint that answers a path's first request only when told to. */
class TokenEndpoint implements AsyncDisposable {
  readonly #asked = new Map<string, number>();
  readonly #held = new Map<string, () => void>();
  readonly #watchers = new Set<() => void>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => this.#handle(request),
  );
  readonly origin = `http://127.0.0.1:${this.#server.addr.port}`;

  async #handle(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const count = this.posts(path) + 1;
    this.#asked.set(path, count);
    for (const look of this.#watchers) look();
    if (request.method === "GET") return new Response();
    await request.text();
    if (count === 1) await new Promise<void>((resolve) => this.#held.set(path, resolve));
    return Response.json({
      access_token: `token-${count}`,
      token_type: "Bearer",
      expires_in: "3599",
    });
  }

  /** How many requests to a path arrived. */
  posts(path: string): number {
    return this.#asked.get(path) ?? 0;
  }

  /** Lets the first request to a path be answered. */
  answerFirst(path: string): void {
    this.#held.get(path)!();
  }

  /** Waits until a path was asked for so many times. */
  async asked(path: string, times: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => this.posts(path) >= times && resolve();
    this.#watchers.add(look);
    look();
    await promise;
    this.#watchers.delete(look);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const answer of this.#held.values()) answer();
    await this.#server.shutdown();
  }
}

/** A client that asks, and can hang up rudely: a polite FIN is not noticed. */
function openClient(url: URL): { reset(): Promise<void> } {
  const socket = connect(Number(url.port), url.hostname);
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
  socket.on("error", () => {});
  return {
    reset: () =>
      new Promise((resolve) => {
        socket.on("close", () => resolve());
        socket.resetAndDestroy();
      }),
  };
}

/** How one run went: what those who waited got, and what whoever came later. */
interface Outcome {
  readonly waiters: readonly string[];
  readonly next: string;
  readonly renewed: string;
  /** How many token requests arrived. */
  readonly posts: number;
}

/** Starts a mint, lets others wait for it, hangs up, and tells how the others fared. */
async function orphan(
  worker: string,
  endpoint: TokenEndpoint,
  { how, answered }: { how: string; answered: boolean },
): Promise<Outcome> {
  const path = `/${how}/${answered ? "late" : "never"}/accesstoken`;
  const ask = async (query = "") => await (await fetch(worker + path + query)).text();
  const starter = openClient(new URL(worker + path));
  await endpoint.asked(path, 1);
  await endpoint.asked(`/joined${path}`, 1);
  const waiting = Array.from({ length: WAITERS }, () => ask());
  await endpoint.asked(`/joined${path}`, 1 + WAITERS);
  await starter.reset();
  if (answered) endpoint.answerFirst(path);
  const waiters = await Promise.all(waiting);
  const next = await ask();
  const renewed = await ask("?rejected");
  return { waiters, next, renewed, posts: endpoint.posts(path) };
}

/** All runs in one runtime, side by side; `late` if the bystander was answered before the last of them. */
async function orphans(
  code: string,
  [which, compatibilityFlags]: (typeof RUNTIMES)[keyof typeof RUNTIMES],
) {
  await using endpoint = new TokenEndpoint();
  await using workerd = await startWorkerd(which, {
    modules: { "worker.js": code },
    bindings: { MOCK: endpoint.origin },
    compatibilityFlags,
  });
  const leaving = new AbortController();
  let late = false;
  const bystander = fetch(`${workerd.origin}/bystander/never/accesstoken`, leaving)
    .then((response) => response.body?.cancel())
    .then(() => late = true, () => {});
  await endpoint.asked("/joined/bystander/never/accesstoken", 1);
  const run = (how: string, answered: boolean) =>
    orphan(workerd.origin, endpoint, { how, answered });
  const [plain, ctx, waitUntil, ctxAnswered, waitUntilAnswered] = await Promise.all([
    run("plain", false),
    run("ctx", false),
    run("waitUntil", false),
    run("ctx", true),
    run("waitUntil", true),
  ]);
  leaving.abort();
  await bystander;
  return { late, plain, failing: { ctx, waitUntil }, answered: { ctxAnswered, waitUntilAnswered } };
}

Deno.test("B12: nobody hangs on the mint of a client that hung up", async (t) => {
  const code = await bundle(WORKER, (await installed()).folder);
  // All at once, since they wait most of the time.
  const outcomes = await Promise.all(
    Object.values(RUNTIMES).map((runtime) => orphans(code, runtime)),
  );
  for (const [index, name] of Object.keys(RUNTIMES).entries()) {
    const { late, plain, failing, answered } = outcomes[index]!;
    await t.step(`${name}: everybody was answered in time`, () => assertEquals(late, false));
    await t.step(`${name}, plain: the waiters mint one token of their own`, () => {
      const { waiters, next, renewed, posts } = plain;
      assertEquals(waiters, Array(WAITERS).fill("token-2"));
      assertEquals([next, renewed, posts], ["token-2", "token-3", 3]);
    });
    for (const [run, { waiters, next, renewed, posts }] of Object.entries(failing)) {
      await t.step(`${name}, ${run}: the mint goes on, and its end reaches all`, () => {
        // Two timers for one moment: who sees the deadline before the failure mints.
        for (const answer of waiters) assertMatch(answer, /"code":"timeout"|^token-2$/);
        assertEquals([next, renewed, posts], ["token-2", "token-3", 3]);
      });
    }
    for (const [run, { waiters, next, renewed, posts }] of Object.entries(answered)) {
      await t.step(`${name}, ${run}: the mint goes on, and its token reaches all`, () => {
        assertEquals(waiters, Array(WAITERS).fill("token-1"));
        assertEquals([next, renewed, posts], ["token-1", "token-2", 2]);
      });
    }
  }
});
