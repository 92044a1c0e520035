/** What the machines of a storm depend on, and an eye on what they ask of it: the store, and KPN. */

import type { TokenFetch, TokenStore } from "../../mod.ts";
import { memoryStore } from "./layers.ts";
import { isGood, isUpset, type Machine, type Storm } from "./storm.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const never = () => new Promise<never>(() => {});

/** A store in memory that fails now and then, in every way. */
export function unreliableStore(scene: Storm): TokenStore {
  const { time, chance, pick, timeout, locks, broken } = scene;
  const memory = memoryStore(time.now);
  const written: unknown[] = [];
  const failing = <T>(work: () => Promise<T>): Promise<T> => {
    if (chance(0.85)) return work();
    return pick<() => Promise<T>>(
      never,
      () => Promise.reject(new Error("down")),
      () => Promise.reject(undefined),
      () => {
        throw new TypeError("down");
      },
      () => time.sleep(pick(200, 1_020, 3_000)).then(work),
      () => time.sleep(1_500).then(() => Promise.reject(new Error("down"))),
    )();
  };
  const exclusive = (key: string, hold: number) => {
    if (!(hold > 0 && hold <= timeout / 2)) broken.push(`a lock for ${hold} ms of ${timeout}`);
    return failing(async () => {
      const release = await memory.exclusive(key, hold);
      if (release) locks.add(release);
      return release && (() => (locks.delete(release), failing(release)));
    });
  };
  return {
    get: () =>
      failing(async () =>
        chance(0.9) ? await memory.get() : pick<unknown>("foreign", 7, { value: 1 }, ...written)
      ),
    set: (key, token) => failing(() => (written.push(token), memory.set(key, token))),
    ...chance(0.7) && { exclusive },
  };
}

/** KPN's token endpoint, as one machine sees it. */
export function tokenEndpoint(scene: Storm, machine: () => Machine): TokenFetch {
  const { time, clock, minted, lifetime, broken } = scene;
  const replacements: number[] = [];
  let asking: AbortSignal | undefined;
  let pause = { until: 0, jumps: 0 };
  let jumps = 0;

  /** Whether a machine may ask now. */
  function check({ latest, rejected }: Machine): void {
    if (isUpset(scene, time.now())) return;
    const early = pause.jumps === clock.jumps ? pause.until - time.now() : 0;
    if (early > 0) broken.push(`a token request ${early} ms too soon`);
    if (asking && !asking.aborted) broken.push("two token requests of a machine at once");
    const isKnownGood = latest && !rejected.has(latest.token.value);
    if (isKnownGood && isGood(scene, latest, 0.1)) broken.push("a request that nobody needed");
  }

  /** A token that replaces a rejected one: two at once, then one a minute. */
  function replace(): void {
    if (jumps !== clock.jumps) replacements.length = 0;
    jumps = clock.jumps;
    replacements.push(time.now());
    for (const [nth, since] of replacements.entries()) {
      const count = replacements.length - nth;
      const minutes = (time.now() - since) / MINUTE;
      if (count > 2 + minutes) broken.push(`${count} replacements in ${minutes} minutes`);
    }
  }

  return async (_, { signal }) => {
    const its = machine();
    check(its);
    const { latest } = its;
    const isReplacing = latest && isGood(scene, latest, 0.1);
    asking = signal;
    try {
      const answer = await answerOf(scene, signal);
      if (signal.aborted) return new Response();
      if (answer.response) {
        its.refusal = answer.code;
        pause = { until: time.now() + (answer.pause ?? 0), jumps: clock.jumps };
        return await answer.response();
      }
      const access_token = `token-${minted.size + 1}`;
      minted.set(access_token, { by: its, at: time.now() });
      if (isReplacing) replace();
      return Response.json({ access_token, expires_in: lifetime });
    } finally {
      if (asking === signal) asking = undefined;
    }
  };
}

/** An answer that is no token, and what a source makes of it. */
interface Refusal {
  readonly response: () => Response | Promise<Response>;
  readonly code: string;
  /** How long nobody may ask again, in ms. */
  readonly pause?: number;
}

/** What KPN answers: a token, or a refusal whose words say something else. */
async function answerOf(
  { time, chance, pick, calm }: Storm,
  signal: AbortSignal,
): Promise<Refusal | { response?: undefined }> {
  await time.sleep(calm ? 50 : pick(1, 100, 300));
  if (calm || chance(0.6)) return {};
  const words = pick("", "503 Service Unavailable", "invalid_client", "rate limit exceeded", "429");
  const seconds = pick(1, 20, 90);
  const headers = { "retry-after": `${seconds}` };
  const pause = seconds * SECOND;
  const text = (status: number, headers = {}) => () => new Response(words, { status, headers });
  return pick<Refusal>(
    { code: "server_error", response: text(503) },
    { code: "server_error", response: text(503, headers), pause },
    { code: "rate_limited", response: text(429, headers), pause },
    { code: "rate_limited", response: text(429) },
    {
      code: "invalid_client",
      response: () => Response.json({ ErrorCode: "invalid_client", Error: words }, { status: 401 }),
      pause: MINUTE,
    },
    { code: "access_denied", response: text(403), pause: SECOND },
    {
      code: "invalid_response",
      response: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    },
    {
      code: "network_error",
      response: () => Promise.reject(new TypeError(`connection lost ${words}`)),
    },
    { code: "timeout", response: never },
    {
      code: "timeout",
      response: () =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    },
    { code: "timeout", response: () => new Response(new ReadableStream()) },
  );
}
