/**
 * B17: a refresh in the background must outlive the request that started it. In
 * workerd that takes `waitUntil`, whichever way it is given.
 */

import { installed } from "../package/installed.ts";
import { assertEquals } from "../support/assert.ts";
import { bundle } from "../support/bundle.ts";
import { startWorkerd } from "../support/workerd.ts";

/** One source for each way; the caller sets the clock. */
const WORKER = `
  import { waitUntil } from "cloudflare:workers";
  import { authorizedFetch, createTokenSource } from "kpn-auth";

  let time = 0;
  const sources = {};

  export default {
    async fetch(request, env, ctx) {
      const { pathname, searchParams } = new URL(request.url);
      const [, how] = pathname.split("/");
      time = Number(searchParams.get("time"));
      const source = sources[how] ??= createTokenSource({
        clientId: "APP_CLIENT_ID",
        clientSecret: "APP_CLIENT_SECRET",
        tokenEndpoint: env.MOCK + pathname,
        now: () => time,
        retries: 0,
        ...how === "construction" && { waitUntil },
      });
      if (how === "authorizedFetch") {
        const kpn = authorizedFetch(source, { origins: [env.MOCK], waitUntil: ctx });
        return await kpn("/api");
      }
      const calls = { ctx, object: { waitUntil: ctx }, function: { waitUntil: (work) => ctx.waitUntil(work) } };
      return new Response("Bearer " + (await source.token(calls[how])).value);
    },
  };
`;

/** Answers the second token request only once told to; the API answers with the token it got. */
function tokenEndpoint() {
  let count = 0;
  const told = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      if (request.method === "GET") return new Response(request.headers.get("authorization"));
      await request.text();
      const value = `token-${++count}`;
      if (count === 2) await told.promise;
      return Response.json({ access_token: value, token_type: "Bearer", expires_in: "1000" });
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    /** Lets the second token be handed out. */
    answer: told.resolve,
    count: () => count,
    async [Symbol.asyncDispose]() {
      told.resolve();
      await server.shutdown();
    },
  };
}

for (const how of ["ctx", "object", "function", "construction", "authorizedFetch"]) {
  Deno.test(`B17: with waitUntil (${how}) a refresh outlives the request that started it`, async () => {
    await using endpoint = tokenEndpoint();
    await using workerd = await startWorkerd("newest", {
      modules: {
        "worker.js": await bundle(WORKER, (await installed()).folder, {
          external: ["cloudflare:workers"],
        }),
      },
      bindings: { MOCK: endpoint.origin },
    });
    const at = async (time: number) => {
      const url = `${workerd.origin}/${how}/accesstoken?time=${time}`;
      return await (await fetch(url)).text();
    };
    assertEquals(await at(0), "Bearer token-1");
    // Ageing: the token is still handed out, and its successor is asked for.
    assertEquals(await at(980_000), "Bearer token-1");
    endpoint.answer();
    // Its arrival cannot be seen from outside but by asking.
    let now = await at(985_000);
    for (let tries = 0; now === "Bearer token-1" && tries < 10_000; tries++) {
      now = await at(985_000);
    }
    assertEquals(now, "Bearer token-2");
    assertEquals(endpoint.count(), 2);
  });
}
