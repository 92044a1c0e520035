/** Keeps a layer's token: holds it, renews it while it ages, and replaces it when an API rejects it. */

import { within } from "./deadline.ts";
import type { KpnAuthEvent } from "./events.ts";
import { createSingleFlight, type SingleFlight } from "./flight.ts";
import type { Ask, Layer } from "./grant.ts";
import { createRejections, type Rejections } from "./rejections.ts";
import { type AccessToken, type Ages, agesOf, isFromFuture, type Margins } from "./token.ts";
import { allOf, keepAlive, type WaitUntil } from "./wait_until.ts";

/** Options of one call of a token source. A `ctx` of Workers fits. */
export interface TokenCall {
  /** Ends this caller's wait only; the token request continues for the others. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** A token that an API rejected: the source returns another one. Default: none. */
  readonly rejected?: Pick<AccessToken, "value"> | undefined;
  /** Keeps an edge runtime alive until a token request that this call starts is done. Default: none. */
  readonly waitUntil?: WaitUntil | undefined;
}

/** Hands out access tokens. Any object with the method `token` is a token source. */
export interface TokenSource {
  /**
   * The origin that the tokens are for: `authorizedFetch` sends them there by default.
   * Default: KPN's gateway.
   */
  readonly origin?: string | undefined;
  /**
   * Obtains a token that can be used now.
   *
   * @param call Options of this call. Default: none.
   * @returns The token.
   * @throws {KpnAuthError} If none can be obtained. `invalid_token` with `retryAfter` means that an
   * API rejected the held token, and that it cannot be replaced yet.
   * @throws {TypeError} If `waitUntil` cannot be called: pass the `ctx` that has it.
   */
  token(call?: TokenCall): Promise<AccessToken>;
}

/** What a cache needs besides its layer. Times in ms. */
export interface CachedOptions {
  /** The deadline that the layer keeps itself. */
  readonly timeout: number;
  readonly margins: Readonly<Record<keyof Margins, number>>;
  readonly now: () => number;
  readonly random: () => number;
  readonly announce: (event: KpnAuthEvent) => void;
  readonly waitUntil?: WaitUntil | undefined;
  readonly origin?: string | undefined;
}

/** What the cache asks of the layer below, which adds the run. */
type Wanted = Omit<Ask, "run">;

/** The held token. Its promise is made once, and shared by all callers. */
interface Held extends Ages {
  readonly token: AccessToken;
  readonly promise: Promise<AccessToken>;
}

/** The state of a cached source. */
interface Cache extends CachedOptions {
  readonly obtain: Layer<Wanted>;
  readonly flight: SingleFlight<AccessToken>;
  readonly rejections: Rejections;
  held: Held | undefined;
  /** The wait that all callers of one microtask turn share: one timer and one race for all of them. */
  turn: Promise<AccessToken> | undefined;
  /** When a refresh last failed, or returned the same token: epoch ms. */
  refreshedInVain: number;
}

/** The pause after a refresh that failed or returned the same token, in ms. */
const REFRESH_PAUSE = 10_000;

/**
 * Wraps `obtain` into a token source: it hands out the held token while it is fresh, renews it
 * in the background while it ages, and makes callers wait for one run when it is stale.
 *
 * A rejection does not affect the other callers: they get the held token until there is another
 * one, or until it is stale. If no other can be obtained then, they get it until it expires.
 */
export function cached(obtain: Layer<Wanted>, options: CachedOptions): TokenSource {
  const { timeout, now, origin } = options;
  const cache: Cache = {
    ...options,
    obtain,
    flight: createSingleFlight({ timeout, now, land: (token) => hold(cache, token) }),
    rejections: createRejections(now),
    held: undefined,
    turn: undefined,
    refreshedInVain: -Infinity,
  };
  return {
    ...origin !== undefined && { origin },
    token(call) {
      try {
        if (!call) return cache.turn ?? serve(cache, call);
        if (call.signal?.aborted) return Promise.reject(call.signal.reason);
        if (call.rejected) return replace(cache, call, call.rejected.value);
        return serve(cache, call);
      } catch (error) {
        return Promise.reject(error); // for example, if the clock throws
      }
    },
  };
}

/** The held token, or a wait for the next one. */
function serve(cache: Cache, call: TokenCall | undefined): Promise<AccessToken> {
  const time = cache.now();
  const held = usable(cache.held, time);
  return held ? hand(cache, held, call, time) : share(cache, call);
}

/** The held token, which is renewed in the background if it ages. */
function hand(
  cache: Cache,
  held: Held,
  call: TokenCall | undefined,
  time: number,
): Promise<AccessToken> {
  if (time >= held.ageingAt) refresh(cache, call, time);
  return held.promise;
}

/** A token other than the rejected one. */
async function replace(cache: Cache, call: TokenCall, value: string): Promise<AccessToken> {
  const { now, announce, rejections } = cache;
  const since = now();
  const isHeld = cache.held?.token.value === value;
  if (rejections.add(value) && isHeld) announce({ type: "tokenRejected" });
  for (let round = 1;; round++) {
    const time = now();
    const held = usable(cache.held, time);
    const other = held && held.token.value !== value ? held : undefined;
    if (other && !rejections.has(other.token.value)) return hand(cache, other, call, time);

    const start = () => {
      const run = () => launch(cache, false, call);
      return held || round > 1 ? replacement(rejections, run) : run(); // without a usable token it runs anyway
    };
    const joined = join(cache, start, since).catch((error) => {
      // During the pause, a caller that rejected another token gets the held one: its API may accept that.
      const second = round === 1 && rejections.paused() && usable(other, now());
      if (second) return second.token;
      throw error;
    });
    const token = await leaving(call, joined);
    if (token === other?.token || !rejections.has(token.value)) return token;
  }
}

/** A run that replaces a rejected token, unless the next replacement has to wait. */
function replacement(
  rejections: Rejections,
  launch: () => Promise<AccessToken>,
): Promise<AccessToken> {
  rejections.check();
  const run = launch();
  run.then(rejections.replaced, rejections.failed);
  return run;
}

/**
 * The wait for the run in progress, shared by all callers of one microtask turn. They belong to the
 * same request of an edge runtime, so they can share a timer.
 */
function share(cache: Cache, call: TokenCall | undefined): Promise<AccessToken> {
  if (!cache.turn) {
    cache.turn = join(cache, () => launch(cache, false, call)).catch((error) => {
      // A stale token is better than none.
      const valid = unexpired(cache.held, cache.now());
      if (valid) return valid.token;
      throw error;
    });
    // Only after `turn` is set: Deno runs microtasks inside a process's first `setTimeout`.
    queueMicrotask(() => cache.turn = undefined);
  }
  return leaving(call, cache.turn);
}

/**
 * Waits for the run in progress, and for one more if its token has already expired or is dated in
 * the future, and no other run has brought a better one. The timeout is total, unless the clock
 * jumped: the time waited is then unknown.
 */
async function join(
  cache: Cache,
  start: () => Promise<AccessToken>,
  since = cache.now(),
): Promise<AccessToken> {
  const { flight, now, timeout } = cache;
  const token = await flight.join(start, since);
  const time = now();
  if (time < token.expiresAt && !isFromFuture(token, time)) return token;
  const other = usable(cache.held, time);
  if (other) return other.token;
  const jumped = time < since || time - since >= timeout; // nobody waits so long for one run
  return await flight.join(start, jumped ? time : since);
}

/** `promise`, which a caller with a signal can stop waiting for. */
function leaving<T>(call: TokenCall | undefined, promise: Promise<T>): Promise<T> {
  if (!call?.signal) return promise;
  promise.catch(() => {}); // its caller may have left already
  return within(Infinity, call.signal, () => promise);
}

/** Renews an ageing token in the background, unless that was tried a moment ago. */
function refresh(cache: Cache, call: TokenCall | undefined, time: number): void {
  const paused = Math.abs(time - cache.refreshedInVain) < REFRESH_PAUSE;
  if (!paused && !cache.flight.busy()) launch(cache, true, call);
}

/** Starts a run. `waitUntil`, if given, keeps the runtime alive for it and for its background work. */
function launch(
  cache: Cache,
  renewing: boolean,
  call: TokenCall | undefined,
): Promise<AccessToken> {
  const { obtain, announce, now, flight, held, rejections } = cache;
  const behind: Promise<unknown>[] = [];
  const isRejected = held && rejections.has(held.token.value);
  const wanted: Wanted = {
    renewing,
    rejected: isRejected ? held.token.value : call?.rejected?.value,
    spares: (token) => spares(cache, token, renewing),
    behind: (work) => void behind.push(work),
  };
  // Before anything is sent: a `waitUntil` that cannot be called is a mistake in the program.
  const settled = Promise.resolve().then(() => run).catch(() => {}).then(() => allOf(behind));
  keepAlive(call, settled);
  keepAlive(cache, settled);
  const run = flight.launch(() =>
    obtain(wanted).catch((error) => {
      announce({ type: renewing ? "refreshFailed" : "mintFailed", error });
      cache.refreshedInVain = now();
      // Callers that joined a failed refresh start a run of their own, with retries.
      throw renewing ? undefined : error;
    })
  );
  return run;
}

/** Holds a new token, unless a clock's jump has made it worse than the held one. */
function hold(cache: Cache, token: AccessToken): void {
  const { margins, random, now } = cache;
  const time = now();
  if (cache.held?.token.value === token.value) cache.refreshedInVain = time;
  const held = { token, promise: Promise.resolve(token), ...agesOf(token, margins, random()) };
  if (unexpired(held, time) || !usable(cache.held, time)) cache.held = held;
}

/** Whether another machine's token is good enough: not rejected, not old, and not dated in the future. */
function spares(
  { margins, now, rejections, held }: Cache,
  token: AccessToken,
  renewing: boolean,
): boolean {
  const { ageingAt, staleAt } = agesOf(token, margins, 0);
  const time = now();
  if (rejections.has(token.value) || isFromFuture(token, time)) return false;
  return renewing ? token.value !== held?.token.value && time < ageingAt : time < staleAt;
}

/** The held token, if it can be handed out. */
function usable(held: Held | undefined, time: number): Held | undefined {
  return held && time < held.staleAt ? unexpired(held, time) : undefined;
}

/** The held token, if it has not expired. */
function unexpired(held: Held | undefined, time: number): Held | undefined {
  return held && time < held.token.expiresAt && !isFromFuture(held.token, time) ? held : undefined;
}
