/** Bad weather, drawn from a seed: machines that share a token, and everything that can go wrong around them. */

import { type AccessToken, createTokenSource, KpnAuthError } from "../../mod.ts";
import { inVirtualTime, randomFrom, type VirtualTime } from "../../scripts/virtual_time.ts";
import { type Chooser, chooser } from "./chooser.ts";
import { CREDENTIALS } from "./credentials.ts";
import { tokenEndpoint, unreliableStore } from "./storm_world.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;

/** Beyond its timeout, what a caller may wait for, in ms. */
const GRACE = 100;

/** What happens in one run, and which promises were broken. */
export interface Storm extends Chooser {
  readonly time: VirtualTime;
  /** The clock of the sources, which is set forward and back. */
  readonly clock: { ahead: number; jumps: number; jumpedAt: number };
  readonly timeout: number;
  /** Of the tokens that KPN gives, as it says so. */
  readonly lifetime: string;
  /** Whether the token endpoint always works: then no caller may hear an error. */
  readonly calm: boolean;
  /** When each token was minted, and by whom. */
  readonly minted: Map<string, { readonly by: Machine; readonly at: number }>;
  /** Locks of the store that are not released yet. */
  readonly locks: Set<unknown>;
  readonly broken: string[];
}

/** A source as its callers see it. */
export interface Machine {
  readonly source: ReturnType<typeof createTokenSource>;
  /** The tokens that its callers have rejected. */
  readonly rejected: Set<string>;
  /** The latest token that it handed out, and how often the clock had jumped when it was asked for. */
  latest?: { readonly token: AccessToken; readonly jumps: number };
  /** The code of KPN's latest refusal. */
  refusal?: string;
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
      clock: { ahead: 0, jumps: 0, jumpedAt: -Infinity },
      timeout: pick(SECOND, 10 * SECOND),
      lifetime: pick("3599", "3599", "120"),
      calm: seed % 3 === 0,
      minted: new Map(),
      locks: new Set(),
      broken: [],
    };
    const machines = machinesOf(scene, seed, random);
    const calls: Promise<void>[] = [];
    for (let step = 0; step < 40; step++) {
      if (scene.chance(0.04)) {
        scene.clock.ahead += pick(-HOUR, HOUR, -5 * SECOND, 5 * SECOND, -30 * SECOND);
        scene.clock.jumps++;
        scene.clock.jumpedAt = time.now();
      }
      for (let n = pick(1, 1, 2, 5); n > 0; n--) calls.push(call(scene, pick(...machines)));
      const ms = pick(0, 0, 1, 50, 400, SECOND, 5 * SECOND, 60 * SECOND, 600 * SECOND);
      if (ms) await time.sleep(ms);
    }
    await Promise.all(calls);
    await time.sleep(60 * SECOND);
    if (time.timers()) scene.broken.push(`${time.timers()} timers are left`);
    if (scene.locks.size) scene.broken.push(`${scene.locks.size} locks were never released`);
    return scene.broken.map((words) => `seed ${seed}: ${words}`);
  });
}

function machinesOf(
  scene: Storm,
  seed: number,
  random: () => number,
): readonly [Machine, ...Machine[]] {
  const { time, clock, timeout, pick } = scene;
  const store = seed % 4 === 0 ? undefined : unreliableStore(scene);
  const machine = (): Machine => {
    const its: Machine = {
      rejected: new Set(),
      source: createTokenSource({
        ...CREDENTIALS,
        now: () => time.now() + clock.ahead,
        random,
        timeout,
        attemptTimeout: timeout / 2.5,
        retries: pick(0, 2),
        store,
        fetch: tokenEndpoint(scene, () => its),
      }),
    };
    return its;
  };
  return [machine(), machine()];
}

/** One caller, and whether it got what was promised. */
async function call(scene: Storm, machine: Machine): Promise<void> {
  const { time, clock, timeout, chance, pick, broken } = scene;
  const { source, rejected, latest } = machine;
  const asked = { at: time.now(), jumps: clock.jumps };
  const held = latest && isGood(scene, latest); // also if another caller has rejected it
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
  const jumped = clock.jumps > asked.jumps || isUpset(scene, asked.at);
  const say = (what: string) => broken.push(`${what} (after ${waited} ms of ${timeout})`);
  if (waited > (timeout + GRACE) * (jumped ? 2 : 1)) say("a caller waited too long");
  if ("error" in outcome) {
    const { error } = outcome;
    if (leaver?.signal.aborted && error === leaver.signal.reason) return;
    if (!(error instanceof KpnAuthError)) return void say(`a strange error: ${error}`);
    const inPause = refuses !== undefined && error.code === "invalid_token" && error.retryAfter;
    if (scene.calm && !jumped && !inPause) say(`an error on a calm day: ${error.message}`);
    if (held && !refuses && !jumped) say(`a token was held, but: ${error.message}`);
    const codes = inPause ? ["invalid_token"] : ["timeout", machine.refusal];
    if (!jumped && !codes.includes(error.code)) {
      say(`${error.code}, and KPN said ${machine.refusal}`);
    }
    return;
  }
  const mint = scene.minted.get(outcome.value);
  const late = mint?.by === machine && mint.at > asked.at ? time.now() - mint.at : 0;
  if (late && !jumped) say(`a token was handed out ${late} ms after its mint`);
  if (held && !refuses && !jumped && waited) say("a token was held, and had to be waited for");
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

/** Whether the source must still hold `latest`, or a newer one: until so small a share of its life is left. */
export function isGood(
  { time, clock }: Storm,
  { token, jumps }: NonNullable<Machine["latest"]>,
  share = 0.05,
): boolean {
  const margin = (token.expiresAt - token.requestedAt) * share;
  return jumps === clock.jumps && time.now() + clock.ahead < token.expiresAt - margin;
}

/** Whether the clock has jumped so lately that two runs may be in the air: the old one counts as dead before it is. */
export function isUpset({ clock, timeout }: Storm, time: number): boolean {
  return time - clock.jumpedAt <= timeout;
}

function isValid({ time, clock }: Storm, { requestedAt, expiresAt }: AccessToken): boolean {
  const now = time.now() + clock.ahead;
  return now < expiresAt && requestedAt - now <= 10_000;
}
