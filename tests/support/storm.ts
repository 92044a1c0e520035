/** Bad weather, drawn from a seed: machines that share a token, and everything that can go wrong around them. */

import { type AccessToken, createTokenSource, KpnAuthError, type TokenStore } from "../../mod.ts";
import { inVirtualTime, randomFrom, type VirtualTime } from "../../scripts/virtual_time.ts";
import { type Chooser, chooser } from "./chooser.ts";
import { CREDENTIALS } from "./credentials.ts";
import { memoryStore } from "./layers.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;

/** Beyond its timeout, what a caller may wait for, in ms. */
const GRACE = 100;

const never = () => new Promise<never>(() => {});

/** What happens in one run, and which promises were broken. */
interface Storm extends Chooser {
  readonly time: VirtualTime;
  /** The clock of the sources, which is set forward and back. */
  readonly clock: { ahead: number; jumps: number };
  readonly timeout: number;
  /** Of the tokens that KPN gives, as it says so. */
  readonly lifetime: string;
  /** Whether the token endpoint always works: then no caller may hear an error. */
  readonly calm: boolean;
  readonly broken: string[];
}

/** A source as its callers see it. */
interface Machine {
  readonly source: ReturnType<typeof createTokenSource>;
  /** The tokens that its callers have rejected. */
  readonly rejected: Set<string>;
  /** The latest token that it handed out, and how often the clock had jumped when it was asked for. */
  latest?: { readonly token: AccessToken; readonly jumps: number };
}

/** Lives through the storm of a seed; gives the promises that were broken. */
export function storm(seed: number): Promise<readonly string[]> {
  return inVirtualTime(async (time) => {
    const random = randomFrom(seed);
    const choose = chooser(random);
    const { pick } = choose;
    const scene: Storm = {
      ...choose,
      time,
      clock: { ahead: 0, jumps: 0 },
      timeout: pick(SECOND, 10 * SECOND),
      lifetime: pick("3599", "3599", "120"),
      calm: seed % 3 === 0,
      broken: [],
    };
    const machines = machinesOf(scene, seed, random);
    const calls: Promise<void>[] = [];
    for (let step = 0; step < 40; step++) {
      if (scene.chance(0.04)) {
        scene.clock.ahead += pick(-HOUR, HOUR, -5 * SECOND, 5 * SECOND, -30 * SECOND);
        scene.clock.jumps++;
      }
      for (let n = pick(1, 1, 2, 5); n > 0; n--) calls.push(call(scene, pick(...machines)));
      const ms = pick(0, 0, 1, 50, 400, SECOND, 5 * SECOND, 60 * SECOND, 600 * SECOND);
      if (ms) await time.sleep(ms);
    }
    await Promise.all(calls);
    await time.sleep(60 * SECOND);
    if (time.timers()) scene.broken.push(`${time.timers()} timers are left`);
    return scene.broken.map((words) => `seed ${seed}: ${words}`);
  });
}

function machinesOf(
  scene: Storm,
  seed: number,
  random: () => number,
): readonly [Machine, ...Machine[]] {
  const { time, clock, timeout, pick } = scene;
  const store = seed % 4 === 0 ? undefined : unreliable(scene);
  let minted = 0;
  const machine = (): Machine => ({
    rejected: new Set(),
    source: createTokenSource({
      ...CREDENTIALS,
      now: () => time.now() + clock.ahead,
      random,
      timeout,
      attemptTimeout: timeout / 2.5,
      retries: pick(0, 2),
      store,
      fetch: (_, { signal }) => answer(scene, signal, () => `token-${++minted}`),
    }),
  });
  return [machine(), machine()];
}

/** A store in memory that fails now and then, in every way. */
function unreliable({ time, chance, pick }: Storm): TokenStore {
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
  return {
    get: () =>
      failing(async () =>
        chance(0.9) ? await memory.get() : pick<unknown>("foreign", 7, { value: 1 }, ...written)
      ),
    set: (key, token) => failing(() => (written.push(token), memory.set(key, token))),
    ...chance(0.7) && {
      exclusive: (key: string, hold: number) =>
        failing(async () => {
          const release = await memory.exclusive(key, hold);
          return release && (() => failing(release));
        }),
    },
  };
}

/** What KPN answers. */
async function answer(
  { time, chance, pick, calm, lifetime }: Storm,
  signal: AbortSignal,
  newToken: () => string,
): Promise<Response> {
  await time.sleep(calm ? 50 : pick(1, 100, 300));
  if (calm || chance(0.6)) {
    return Response.json({ access_token: newToken(), expires_in: lifetime });
  }
  const headers = { "retry-after": pick("1", "20", "90") };
  return pick<() => Response | Promise<Response>>(
    () => new Response("", { status: 503 }),
    () => new Response("", { status: pick(503, 429), headers }),
    () => Response.json({ ErrorCode: "invalid_client" }, { status: 401 }),
    () => new Response("", { status: 403 }),
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    () => Promise.reject(new TypeError("connection lost")),
    never,
    () => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    () => new Response(new ReadableStream()),
  )();
}

/** One caller, and whether it got what was promised. */
async function call(scene: Storm, machine: Machine): Promise<void> {
  const { time, clock, timeout, chance, pick, broken } = scene;
  const { source, rejected, latest } = machine;
  const asked = { at: time.now(), jumps: clock.jumps };
  const held = latest && isGood(scene, latest) && !rejected.has(latest.token.value);
  const refuses = latest && chance(0.4)
    ? pick(latest.token.value, latest.token.value, ...rejected, "never-seen")
    : undefined;
  const known = new Set(rejected);
  if (refuses !== undefined) rejected.add(refuses);
  const leaver = chance(0.15) ? leaving(scene) : undefined;

  const outcome = await source.token({
    ...refuses !== undefined && { rejected: { value: refuses } },
    ...leaver && { signal: leaver.signal },
  }).catch((error: unknown) => ({ error }));

  const waited = time.now() - asked.at;
  const jumped = clock.jumps > asked.jumps;
  const say = (what: string) => broken.push(`${what} (after ${waited} ms of ${timeout})`);
  if (waited > (timeout + GRACE) * (jumped ? 2 : 1)) say("a caller waited too long");
  if ("error" in outcome) {
    const { error } = outcome;
    if (leaver?.signal.aborted && error === leaver.signal.reason) return;
    if (!(error instanceof KpnAuthError)) return void say(`a strange error: ${error}`);
    const inPause = refuses !== undefined && error.code === "invalid_token" && error.retryAfter;
    if (scene.calm && !jumped && !inPause) say(`an error on a calm day: ${error.message}`);
    if (held && !refuses) say(`a token was held, but: ${error.message}`);
    return;
  }
  if (held && !refuses && waited) say("a token was held, and had to be waited for");
  if (!jumped && !isValid(scene, outcome)) say("a token that nobody should use");
  if (outcome.value === refuses) say("the very token that was rejected");
  machine.latest = { token: outcome, jumps: asked.jumps };
  if (jumped || refuses === undefined || !known.has(outcome.value)) return;
  if (!await isPaused(machine, outcome)) say("a token that was rejected before");
}

/** Whether a source would not replace `token` now. */
async function isPaused({ source }: Machine, token: AccessToken): Promise<boolean> {
  const error = await source.token({ rejected: token }).catch((error) => error);
  return error instanceof KpnAuthError && error.code === "invalid_token" && error.retryAfter! > 0;
}

/** A signal that aborts after a moment: so many microtasks, or so many ms. */
function leaving({ time, pick, chance }: Storm): AbortController {
  const leaver = new AbortController();
  const reason = pick<unknown>(new Error("left"), "left", 0);
  if (chance(0.5)) time.sleep(pick(0, 10, 100, 2_000)).then(() => leaver.abort(reason));
  else microtasks(pick(0, 1, 2, 3, 5, 8, 13, 21)).then(() => leaver.abort(reason));
  return leaver;
}

/** Waits for so many microtasks. */
export async function microtasks(count: number): Promise<void> {
  for (; count > 0; count--) await undefined;
}

/** Whether the source must still hold `latest`, or a newer one. */
function isGood({ time, clock }: Storm, { token, jumps }: NonNullable<Machine["latest"]>): boolean {
  const stale = (token.expiresAt - token.requestedAt) * 0.05;
  return jumps === clock.jumps && time.now() + clock.ahead < token.expiresAt - stale;
}

function isValid({ time, clock }: Storm, { requestedAt, expiresAt }: AccessToken): boolean {
  const now = time.now() + clock.ahead;
  return now < expiresAt && requestedAt - now <= 10_000;
}
