/** A bad day of KPN's, drawn from a seed: mixed calls, a token endpoint that fails, revocations, clock jumps. */

import { authorizedFetch, createTokenSource, KpnAuthError } from "../../mod.ts";
import { CREDENTIALS } from "./credentials.ts";

const HOUR = 3_600_000;

/** What the day was like. */
export interface Day {
  /** How many calls were made. */
  readonly calls: number;
  /** Share of the token endpoint's answers that are no token. */
  readonly failing: number;
  /** How many calls are in the air together. */
  readonly together: number;
}

/** What came of the calls, and every rule that was broken. */
export interface Outcome {
  /** How many calls ended how: a status, a code, or another error's name. */
  readonly ends: Readonly<Record<string, number>>;
  /** How many tokens were minted. */
  readonly mints: number;
  /** How often the token endpoint was asked, and failed. */
  readonly asked: number;
  readonly failed: number;
  /** Calls that went out as they should never. */
  readonly broken: readonly string[];
}

/** Lives through a day; `connect` gives the `fetch` for a handler, and where it is. */
export async function liveThrough(
  { calls, failing, together }: Day,
  { origin, fetch, listen }: {
    origin: string;
    fetch: typeof globalThis.fetch;
    listen(handle: (request: Request) => Promise<Response>): void;
  },
): Promise<Outcome> {
  const draw = generator(20_260_926);
  const chance = (share: number) => draw() < share;
  const clock = { now: 1_000_000_000_000 };
  const now = () => clock.now;
  /** Tokens, and until when they live. */
  const tokens = new Map<string, number>();
  /** The token with which each call went out first. */
  const firsts = new Map<string, string>();
  const broken: string[] = [];
  const ends: Record<string, number> = {};
  const count = { mints: 0, asked: 0, failed: 0 };

  function tokenAnswer(request: Request): Response | Promise<Response> {
    count.asked++;
    if (chance(failing)) {
      count.failed++;
      return FAILURES[Math.floor(draw() * FAILURES.length)]!(request);
    }
    const access_token = `token-${++count.mints}`;
    tokens.set(access_token, now() + HOUR);
    return Response.json({ access_token, token_type: "Bearer", expires_in: "3600" });
  }

  async function apiAnswer(request: Request): Promise<Response> {
    const token = /^Bearer (token-\d+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const name = await request.text();
    const expiresAt = tokens.get(token ?? "");
    if (!token) broken.push("a call without a token");
    else if (firsts.get(name) === token) broken.push(`a call again with ${token}`);
    else if (expiresAt && now() >= expiresAt) {
      broken.push(`a call with ${token}, which has expired`);
    }
    firsts.set(name, token ?? "");
    if (!expiresAt) {
      return Response.json({ fault: { detail: { errorcode: "oauth.v2.InvalidAccessToken" } } }, {
        status: 401,
      });
    }
    const status = [200, 200, 200, 200, 404, 429, 500][Math.floor(draw() * 7)]!;
    return Response.json({ message: "hello" }, { status });
  }

  listen(async (request) =>
    await (request.url.includes("/oauth/") ? tokenAnswer(request) : apiAnswer(request))
  );
  const source = createTokenSource({
    ...CREDENTIALS,
    tokenEndpoint: `${origin}/oauth/token`,
    fetch,
    now,
    random: () => 0,
    attemptTimeout: 100,
  });
  const kpn = authorizedFetch(source, { origins: [origin], fetch });

  async function call(name: string): Promise<void> {
    const signal = chance(0.05) ? AbortSignal.abort("left") : undefined;
    const init = { method: "POST", body: name, ...signal && { signal } };
    const end = await (chance(0.3) ? source.token(init) : kpn("/api", init)).then(
      async (result) => result instanceof Response ? await drain(result) : "token",
      (error) => error instanceof KpnAuthError ? error.code : String(error),
    );
    ends[end] = (ends[end] ?? 0) + 1;
  }

  for (let done = 0; done < calls; done += together) {
    if (chance(0.2)) tokens.clear();
    if (chance(0.01)) clock.now += chance(0.5) ? HOUR : -HOUR;
    await Promise.all(Array.from({ length: together }, (_, n) => call(`${done + n}`)));
    clock.now += 20 * HOUR / calls * together;
  }
  return { ends, ...count, broken };
}

const FAILURES: readonly ((request: Request) => Response | Promise<Response>)[] = [
  () => Response.json({ ErrorCode: "invalid_client" }, { status: 401 }),
  () => new Response("<html>", { status: 502, headers: { "content-type": "text/html" } }),
  () => Response.json({ error: { name: "Internal Server Error", message: "" } }, { status: 500 }),
  () => new Response("", { status: 429, headers: { "retry-after": "30" } }),
  () => new Response('{"access_token":"half'),
  () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } }),
  () => new Response(new ReadableStream({ pull: (stream) => stream.error(new Error("lost")) })),
  ({ signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response()))),
];

async function drain(response: Response): Promise<string> {
  await response.text();
  return `${response.status}`;
}

/** Numbers from 0 to 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
