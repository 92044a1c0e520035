/**
 * On Workers a promise dies with the request that made it: silently on older
 * runtimes, in the runtime's words on newer ones (workerd#210). Here the client
 * that started a mint resets its connection, while others wait for that mint.
 */

import { connect } from "node:net";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { installed } from "../package/installed.ts";
import { bundle } from "../support/bundle.ts";
import { startWorkerd } from "../support/workerd.ts";

/** The source's own deadline, in ms, and how much longer a waiter may be held. */
const TIMEOUT = 1_500;
const PATIENCE = 250;

const WAITERS = 8;

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
      const source = sources[pathname] ??= createTokenSource({
        clientId: "APP_CLIENT_ID",
        clientSecret: "APP_CLIENT_SECRET",
        tokenEndpoint: env.MOCK + pathname,
        timeout: ${TIMEOUT},
        retries: 0,
      });
      const [, how] = pathname.split("/");
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
  readonly #asked = new Map<string, number[]>();
  readonly #held = new Map<string, () => void>();
  readonly #watchers = new Set<() => void>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => this.#handle(request),
  );
  readonly origin = `http://127.0.0.1:${this.#server.addr.port}`;

  async #handle(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const count = this.posts(path).push(performance.now());
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

  /** When each request to a path arrived. */
  posts(path: string): number[] {
    const times = this.#asked.get(path) ?? [];
    this.#asked.set(path, times);
    return times;
  }

  /** Lets the first request to a path be answered. */
  answerFirst(path: string): void {
    this.#held.get(path)!();
  }

  /** Waits until a path was asked for so many times. */
  async asked(path: string, times: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => this.posts(path).length >= times && resolve();
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
  readonly waiters: readonly { readonly answer: string; readonly at: number }[];
  readonly next: string;
  readonly renewed: string;
  /** When each token request arrived. */
  readonly posts: readonly number[];
}

/** Starts a mint, lets others wait for it, hangs up, and tells how the others fared. */
async function orphan(
  worker: string,
  endpoint: TokenEndpoint,
  { how, answered }: { how: string; answered: boolean },
): Promise<Outcome> {
  const path = `/${how}/${answered ? "late" : "never"}/accesstoken`;
  // What hangs fails here, not at the end of the test run's patience.
  const ask = async (query = "") => {
    const response = await fetch(worker + path + query, { signal: AbortSignal.timeout(10_000) });
    return await response.text();
  };
  const starter = openClient(new URL(worker + path));
  await endpoint.asked(path, 1);
  await endpoint.asked(`/joined${path}`, 1);
  const waiting = Array.from(
    { length: WAITERS },
    async () => ({ answer: await ask(), at: performance.now() }),
  );
  await endpoint.asked(`/joined${path}`, 1 + WAITERS);
  await starter.reset();
  if (answered) endpoint.answerFirst(path);
  const waiters = await Promise.all(waiting);
  const next = await ask();
  const renewed = await ask("?rejected");
  return { waiters, next, renewed, posts: endpoint.posts(path) };
}

for (const [name, [which, compatibilityFlags]] of Object.entries(RUNTIMES)) {
  Deno.test(`B12: nobody hangs on the mint of a client that hung up, in ${name}`, async (t) => {
    await using endpoint = new TokenEndpoint();
    await using workerd = await startWorkerd(which, {
      modules: { "worker.js": await bundle(WORKER, (await installed()).folder) },
      bindings: { MOCK: endpoint.origin },
      compatibilityFlags,
    });
    const run = (how: string, answered: boolean) =>
      orphan(workerd.origin, endpoint, { how, answered });
    const runs = {
      plain: run("plain", false),
      ctx: run("ctx", false),
      ctxAnswered: run("ctx", true),
      waitUntil: run("waitUntil", false),
      waitUntilAnswered: run("waitUntil", true),
    };
    await Promise.allSettled(Object.values(runs));

    await t.step("plain: the waiters mint one token of their own in time", async () => {
      const { waiters, next, renewed, posts } = await runs.plain;
      assertEquals(waiters.map(({ answer }) => answer), Array(WAITERS).fill("token-2"));
      const held = posts[1]! - posts[0]!;
      assert(held <= TIMEOUT + PATIENCE, `the waiters were held for ${held} ms`);
      assertEquals([next, renewed, posts.length], ["token-2", "token-3", 3]);
    });
    for (const run of ["ctx", "waitUntil"] as const) {
      await t.step(`${run}: the mint goes on, and its failure reaches all in time`, async () => {
        const { waiters, next, renewed, posts } = await runs[run];
        for (const { answer, at } of waiters) {
          assertStringIncludes(answer, '"code":"timeout"');
          const held = at - posts[0]!;
          assert(held <= TIMEOUT + PATIENCE, `a waiter was held for ${held} ms`);
        }
        assertEquals([next, renewed, posts.length], ["token-2", "token-3", 3]);
      });
    }
    for (const run of ["ctxAnswered", "waitUntilAnswered"] as const) {
      await t.step(`${run}: the mint goes on, and its token reaches all`, async () => {
        const { waiters, next, renewed, posts } = await runs[run];
        assertEquals(waiters.map(({ answer }) => answer), Array(WAITERS).fill("token-1"));
        assertEquals([next, renewed, posts.length], ["token-1", "token-2", 2]);
      });
    }
  });
}
