/**
 * What must hold on every runtime. Plain functions that throw: no framework, and no
 * import that is not as plain, so that any runtime can run it. It is handed the library.
 */

import { bodyOf, type Vector } from "../support/webhook_vectors.ts";

/** The library, however a runtime got hold of it. */
export type Library = typeof import("../../mod.ts") & typeof import("../../src/webhook.ts");

/** Where the suite runs. */
export interface Environment {
  /** The origin of the suite's server (`server.ts`). */
  readonly origin: string;
  /** An origin at whose port nobody listens. */
  readonly refusing: string;
  /** Whether the runtime tells why a connection failed. */
  readonly tells: { readonly refused: boolean; readonly reset: boolean };
  /** Webhooks, signed by others: `tests/golden/webhook.json`. */
  readonly vectors: readonly Vector[];
}

interface Context extends Environment {
  readonly library: Library;
  /** A path on the server, as a token endpoint with options. */
  at(path: string): { readonly tokenEndpoint: string } & typeof CREDENTIALS & typeof PATIENCE;
  /** How often a path was asked for. */
  count(path: string): Promise<number>;
}

type Behaviour = (context: Context) => Promise<string | void>;

/** It holds. */
export const OK = "ok";
/** It holds as far as it can: the runtime does not tell what is needed for it. */
export const UNTOLD = "untold";

/** Special characters of form encoding, and the word that must never be printed. */
const CREDENTIALS = { clientId: "id with ~*-._&=+%é", clientSecret: "sEntineL ~*-._&=+%é€" };

/** No machine is so busy that this runs out. */
const PATIENCE = { timeout: 120_000, attemptTimeout: 120_000 };

/** Whether a `Request` shows its body as a stream; Firefox's does not. */
const STREAMS = "body" in Request.prototype;

/** Behaviours of which the runner sees the other half: the bytes, and what was printed. */
export const EXACT_POST = "sends the exact POST";
export const SHOWS_NOTHING = "shows no secret when logged (B29)";

/** Everything that must hold, by the name that the table in `.github/RUNTIMES.md` shows. */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  async [EXACT_POST]({ library, at }) {
    const token = await library.requestToken({
      ...at("/oauth/client_credential/accesstoken"),
      clientId: "APP_CLIENT_ID",
      clientSecret: "APP_CLIENT_SECRET",
    });
    equal(token.level, "demo", "level");
    equal(token.expiresAt - token.requestedAt, 3_599_000, "lifetime");
  },

  async "refuses a redirect, and the secret follows none (B13)"({ library, at, count }) {
    const error = await failure(library.requestToken(at("/redirect")));
    equal(error.code, "redirected", "code");
    equal(await count("/leaked"), 0, "requests to the redirect's target");
  },

  async "a deadline covers the answer and its body"({ library, at }) {
    for (const path of ["/never/deadline", "/half/deadline"]) {
      const error = await failure(library.requestToken({ ...at(path), timeout: 300 }));
      equal(error.code, "timeout", `code at ${path}`);
    }
  },

  async "reads no more than 64 KiB of a body (B31)"({ library, at }) {
    const error = await failure(library.requestToken(at("/endless")));
    equal(error.code, "invalid_response", "code");
  },

  async "an abort ends one caller's wait, not the mint (B10)"({ library, at, origin, count }) {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error("the caller left");
    const alone = failure(library.requestToken(at("/never/abort"), { signal }));
    const source = library.createTokenSource(at("/gated/abort"));
    const leaver = failure(source.token({ signal }));
    const stayer = source.token();
    await fetch(`${origin}/asked/never/abort`);
    await fetch(`${origin}/asked/gated/abort`);
    controller.abort(reason);
    equal(await alone, reason, "what the request rejects with");
    equal(await leaver, reason, "what the leaver gets");
    await fetch(`${origin}/open/gated/abort`);
    truthy((await stayer).value, "the other's token");
    equal(await count("/gated/abort"), 1, "token requests");
  },

  async "100 callers, one POST (B7)"({ library, at, count }) {
    const source = library.createTokenSource(at("/token/herd"));
    const tokens = await Promise.all(Array.from({ length: 100 }, () => source.token()));
    equal(new Set(tokens.map(({ value }) => value)).size, 1, "different tokens");
    equal(await count("/token/herd"), 1, "token requests");
  },

  async "renews an expired token, by an injected clock"({ library, at, count }) {
    let time = Date.now();
    const source = library.createTokenSource({ ...at("/token/expiry"), now: () => time });
    const first = await source.token();
    equal((await source.token()).value, first.value, "the token while it is fresh");
    time = first.expiresAt + 1;
    truthy((await source.token()).value !== first.value, "a new token after its expiry");
    equal(await count("/token/expiry"), 2, "token requests");
  },

  async "replays a call once after a rejected token (B9, B43)"({ library, at, origin, count }) {
    const source = library.createTokenSource(at("/token/replay"));
    const kpn = library.authorizedFetch(source, { origins: [origin] });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const init = { method: "POST", headers: form, body: "number=1" };
    const response = await kpn("/api/replay", init);
    const echo = { method: "POST", body: "number=1", length: "8" };
    equal(await response.text(), JSON.stringify(echo), "the second answer");
    equal(await count("/api/replay"), 2, "calls");
    equal(await count("/token/replay"), 2, "token requests");
    const again = await kpn(new Request(`${origin}/api/request`, init));
    equal(await again.text(), JSON.stringify(echo), "the answer to a Request");
  },

  async "hands an API's answer back as it came (B18, B28)"({ library, at, origin, count }) {
    const source = library.createTokenSource(at("/token/answers"));
    const kpn = library.authorizedFetch(source, { origins: [origin] });
    const response = await kpn("/api/fault");
    equal(response.status, 500, "status");
    equal(response.url, `${origin}/api/fault`, "url");
    equal((await response.json()).error.message.length, 5_000, "length of the message");
    const redirect = await kpn("/api/redirect");
    truthy(redirect.status === 302 || redirect.type === "opaqueredirect", "the redirect");
    equal(await count("/followed"), 0, "requests to the redirect's target");
    const refusal = await failure(kpn("https://elsewhere.example/"));
    truthy(refusal.message.includes("https://elsewhere.example"), "the origin that is refused");
  },

  async "leaves KPN alone after invalid_client (B45)"({ library, at, count }) {
    const source = library.createTokenSource(at("/unknown-client"));
    for (let call = 0; call < 2; call++) {
      equal((await failure(source.token())).code, "invalid_client", "code");
    }
    equal(await count("/unknown-client"), 1, "token requests");
  },

  async "says that a connection was refused (B24)"({ library, at, refusing, tells }) {
    const options = { ...at(""), tokenEndpoint: refusing, retries: 0 };
    const error = await failure(library.requestToken(options));
    equal(error.code, "network_error", "code");
    truthy(error.message.includes(new URL(refusing).host), `the host: ${error.message}`);
    equal(error.message.includes(": connection refused ("), tells.refused, error.message);
    return tells.refused ? OK : UNTOLD;
  },

  async "says that a connection was reset (B24)"({ library, at, origin, tells }) {
    const error = await failure(library.requestToken({ ...at("/reset"), retries: 0 }));
    equal(error.code, "network_error", "code");
    truthy(error.message.includes(new URL(origin).host), `the host: ${error.message}`);
    equal(error.message.includes(": connection lost ("), tells.reset, error.message);
    return tells.reset ? OK : UNTOLD;
  },

  async [SHOWS_NOTHING]({ library, at, origin }) {
    const source = library.createTokenSource(at("/token/logged"));
    const kpn = library.authorizedFetch(source, { origins: [origin] });
    await source.token();
    const error = await failure(library.requestToken({ ...at("/reset"), retries: 0 }));
    for (const logged of [source, kpn, error, error.cause, { source, kpn, error }]) {
      console.log("logged:", logged, String(logged), JSON.stringify(logged));
      console.dir(logged, { depth: 9, showHidden: true });
    }
  },

  async "constructing reads no clock, draws nothing, sends nothing (B16)"({ library, at }) {
    const never = (): never => {
      throw new Error("used while constructing");
    };
    const options = { fetch: never, now: never, random: never, clientSecret: never };
    library.authorizedFetch(library.createTokenSource({ ...at("/token/never"), ...options }));
    await Promise.resolve();
  },

  async "fetch, given or global, is called bare (B15)"({ library, at, origin, count }) {
    const { fetch } = globalThis;
    const source = library.createTokenSource({ ...at("/token/bare"), fetch });
    const kept: Promise<unknown>[] = [];
    const ctx = { waitUntil: (promise: Promise<unknown>) => void kept.push(promise) };
    await source.token(ctx);
    truthy(kept.length > 0, "what waitUntil was called with");
    const kpn = library.authorizedFetch(source, { origins: [origin], fetch });
    equal((await kpn("/api/bare")).status, 200, "status");
    equal(await count("/api/bare"), 2, "calls");
  },

  async "verifies webhooks as Node, OpenSSL and Python sign them"({ library, vectors }) {
    const options = { now: () => 0 };
    for (const { name, secret, signature, headers, ...recipe } of vectors) {
      const body = bodyOf(recipe);
      const signed = { ...headers, ...delivery(signature) };
      const streamed = inChunks(body, recipe.chunk ?? body.length);
      const requests = STREAMS ? [post(body, signed), post(streamed, signed)] : [];
      for (const request of [{ body, headers: signed }, ...requests]) {
        const webhook = await library.verifyWebhook(request, secret, options);
        equal(String(webhook.body), String(body), `the body of ${name}`);
      }
      const wrong = { ...headers, ...delivery(`${"0".repeat(63)}1`) };
      const refused = { body, headers: wrong };
      const error = await failure(library.verifyWebhook(refused, secret, options));
      equal(error.code, "wrong_signature", `code of ${name}`);
    }
    if (!STREAMS) return;
    const controller = new AbortController();
    const { signal } = controller;
    const stalled = post(new ReadableStream(), delivery("0".repeat(64)), signal);
    const aborted = failure(library.verifyWebhook(stalled, "0".repeat(32), options));
    controller.abort();
    equal((await aborted).code, "aborted", "code");
  },
};

/** What KPN sends beside a body, at the time 0. */
function delivery(signature: string): Record<string, string> {
  return { "x-kpn-webhook-signature": signature, "x-kpn-webhook-timestamp": "0" };
}

function post(body: BodyInit, headers: Record<string, string>, signal?: AbortSignal): Request {
  const init = { method: "POST", body, headers, duplex: "half", ...signal && { signal } };
  return new Request("https://app.example/sms", init);
}

function inChunks(bytes: Uint8Array, length: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += length));
    },
  });
}

/** The outcome of every behaviour: {@linkcode OK}, {@linkcode UNTOLD}, or what went wrong. */
export type Report = Readonly<Record<string, string>>;

/** What does not hold, and why. */
export function failuresOf(report: Report): Report {
  const failures = Object.entries(report).filter(([, outcome]) =>
    outcome !== OK && outcome !== UNTOLD
  );
  return Object.fromEntries(failures);
}

/** Runs all of it, and posts the {@linkcode Report} to the server. */
export async function runSuite(library: Library, environment: Environment): Promise<void> {
  const { origin } = environment;
  const context: Context = {
    ...environment,
    library,
    at: (path) => ({ ...CREDENTIALS, ...PATIENCE, tokenEndpoint: origin + path }),
    count: async (path) => await (await fetch(`${origin}/count${path}`)).json(),
  };
  const report: Record<string, string> = {};
  for (const [name, behaviour] of Object.entries(BEHAVIOURS)) {
    report[name] = await behaviour(context).then((outcome) => outcome ?? OK, String);
  }
  await fetch(`${origin}/report`, { method: "POST", body: JSON.stringify(report) });
}

// deno-lint-ignore no-explicit-any -- a KpnAuthError of whichever copy of the library
async function failure(promise: Promise<unknown>): Promise<any> {
  const value = await promise.then((value) => ({ value }), (error) => ({ error }));
  if ("error" in value) return value.error;
  throw new Error("it should have failed");
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) {
    throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
  }
}

function truthy(value: unknown, what: string): void {
  if (!value) throw new Error(`missing: ${what}`);
}
