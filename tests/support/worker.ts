/** The Worker in which the suites try what is for Cloudflare; bundled, and run by workerd. */

import {
  type AccessToken,
  createTokenSource,
  KpnAuthError,
  type TokenCall,
  type TokenSource,
} from "../../mod.ts";
import { type CloudflareKv, cloudflareKvStore } from "../../src/stores/cloudflare_kv.ts";
import {
  durableObjectSource,
  TokenObject,
  type TokenObjectStub,
} from "../../src/stores/durable_object.ts";

/** `KVNamespace`, as far as the suites use it. */
interface Namespace extends CloudflareKv {
  put(key: string, value: string, options?: { expirationTtl: number }): Promise<void>;
  list(): Promise<{ keys: readonly { name: string; expiration?: number }[] }>;
}

/** `DurableObjectNamespace`, as far as the suites use it. */
interface Objects {
  getByName(name: string): TokenObjectStub;
}

interface Env {
  readonly TOKENS: Namespace;
  readonly KPN_TOKEN: Objects;
  readonly STRANGER: Objects;
  readonly TOKEN_ENDPOINT: string;
}

const credentials = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

/** The object whose source all isolates share. */
export class KpnToken extends TokenObject {
  constructor(_state: unknown, { TOKEN_ENDPOINT }: Env) {
    super(createTokenSource({ ...credentials, tokenEndpoint: TOKEN_ENDPOINT }));
  }
}

/** An object that is no `TokenObject`. */
export class Stranger {
  fetch(request: Request): Response {
    return new Response(`<html>no token at ${request.url}`, { status: 404 });
  }
}

/** What the suites ask for, by path; the body is `[...args]`. */
const ACTIONS: Readonly<
  Record<string, (env: Env, ctx: WaitUntilContext, ...args: never[]) => Promise<unknown>>
> = {
  "/kv/get": (env, _, key: string) => cloudflareKvStore(env.TOKENS).get(key),

  "/kv/set": (env, _, key: string, token: AccessToken) =>
    cloudflareKvStore(env.TOKENS).set(key, token),

  "/kv/plant": (env, _, key: string, text: string) => env.TOKENS.put(key, text),

  "/kv/list": async (env) => (await env.TOKENS.list()).keys,

  /** A source on KV, whose token `age` ms ago was new; its refresh is left to `ctx`. */
  "/kv/source": async (env, ctx, age: number) => {
    let now = Date.now() - age;
    const source = createTokenSource({
      ...credentials,
      tokenEndpoint: env.TOKEN_ENDPOINT,
      store: cloudflareKvStore(env.TOKENS),
      now: () => now,
    });
    await source.token();
    now += age;
    return await source.token(ctx);
  },

  "/object/token": (env, _, name: string, call: TokenCall, timeout?: number) =>
    objectSource(env.KPN_TOKEN, name, timeout).token(call),

  "/stranger/token": (env, _, name: string) => objectSource(env.STRANGER, name).token(),
};

/** `ctx`, as a Worker is given it. */
interface WaitUntilContext {
  waitUntil(promise: Promise<unknown>): void;
}

const objectSource = (objects: Objects, name: string, timeout?: number): TokenSource =>
  durableObjectSource(() => objects.getByName(name), timeout ? { timeout } : {});

export default {
  async fetch(request: Request, env: Env, ctx: WaitUntilContext): Promise<Response> {
    const action = ACTIONS[new URL(request.url).pathname]!;
    try {
      const args = await request.json() as never[];
      return Response.json({ result: await action(env, ctx, ...args) ?? null });
    } catch (error) {
      const { name, message } = error as Error;
      const details = error instanceof KpnAuthError && { ...error };
      return Response.json({ error: { ...details, name, message } });
    }
  },
};
