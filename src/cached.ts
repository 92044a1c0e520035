/** A layer's tokens, kept: one is held, renewed while it ages, and replaced when an API rejects it. */

import { within } from "./deadline.ts";
import type { KpnAuthEvent } from "./events.ts";
import { createSingleFlight, type SingleFlight } from "./flight.ts";
import type { Ask, Layer } from "./grant.ts";
import { createRejections, type Rejections } from "./rejections.ts";
import { type AccessToken, type Ages, agesOf, isFromFuture, type Margins } from "./token.ts";
import { allOf, keepAlive, type WaitUntil } from "./wait_until.ts";

/** What a caller can say when it asks for a token. A Workers `ctx` can be passed as it is. */
export interface TokenCall {
  /** Ends this caller's wait only; the mint goes on for the others. */
  readonly signal?: AbortSignal | undefined;
  /** "One that is not this": a token that an API rejected. */
  readonly rejected?: Pick<AccessToken, "value"> | undefined;
  /** Lets a mint or a background refresh that this call starts finish. */
  readonly waitUntil?: WaitUntil | undefined;
}

/** Hands out access tokens. Anything with this one method is a token source. */
export interface TokenSource {
  /**
   * The origin that the tokens are for, where `authorizedFetch` sends them by default.
   * Default: KPN's gateway.
   */
  readonly origin?: string | undefined;
  /**
   * Obtains a token that can be used now.
   *
   * @param call Who asks, and what it knows. Default: nothing.
   * @returns The token.
   * @throws {KpnAuthError} If none can be obtained. `invalid_token` with `retryAfter`: the held
   * token was rejected, and so were its replacements.
   * @throws {TypeError} If `waitUntil` cannot be called: pass the `ctx` that has it.
   */
  token(call?: TokenCall): Promise<AccessToken>;
}

/** What a cache needs beside its layer. Times in ms. */
export interface CachedOptions {
  /** The deadline that the layer keeps by itself. */
  readonly timeout: number;
  readonly margins: Readonly<Record<keyof Margins, number>>;
  readonly now: () => number;
  readonly random: () => number;
  readonly announce: (event: KpnAuthEvent) => void;
  readonly waitUntil?: WaitUntil | undefined;
  readonly origin?: string | undefined;
}

/** What is asked of the layer below; it adds the run. */
type Wanted = Omit<Ask, "run">;

/** The token in hand. Its promise is made once: a fresh token costs its callers no other. */
interface Held extends Ages {
  readonly token: AccessToken;
  readonly promise: Promise<AccessToken>;
}

/** All that a cached source knows. */
interface Cache extends CachedOptions {
  readonly obtain: Layer<Wanted>;
  readonly flight: SingleFlight<AccessToken>;
  readonly rejections: Rejections;
  held: Held | undefined;
  /** The wait that all callers of one microtask turn share: one timer and one race for all. */
  turn: Promise<AccessToken> | undefined;
  /** When a refresh brought nothing new: epoch ms. */
  refreshedInVain: number;
}

/** After a refresh brought nothing new, the next one is tried no sooner, in ms. */
const REFRESH_PAUSE = 10_000;

/**
 * Wraps `obtain` into a token source: it hands out the held token while it is fresh, renews it
 * in the background while it ages, and lets callers wait for one run when it is stale.
 *
 * A rejection takes nothing away from anybody else: the held token is served until there is
 * another one, or until it is stale; then until it expires, if no other can be obtained.
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
        return Promise.reject(error); // of a clock that throws
      }
    },
  };
}

/** The held token, or the one that is waited for. */
function serve(cache: Cache, call: TokenCall | undefined): Promise<AccessToken> {
  const time = cache.now();
  const held = usable(cache.held, time);
  return held ? hand(cache, held, call, time) : share(cache, call);
}

/** The held token, which is renewed behind the caller if it ages. */
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
      return held || round > 1 ? replacement(rejections, run) : run(); // a stale one is renewed anyway
    };
    const joined = join(cache, start, since).catch((error) => {
      // During the pause who rejected another token gets the held one: it may do for that API.
      const second = round === 1 && rejections.paused() && usable(other, now());
      if (second) return second.token;
      throw error;
    });
    const token = await leaving(call, joined);
    if (token === other?.token || !rejections.has(token.value)) return token;
  }
}

/** A run that replaces a rejected token, unless the next one has to wait. */
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
 * The wait for the run in the air, shared by all callers of one microtask turn: they belong to
 * one request of an edge runtime, and share its timer.
 */
function share(cache: Cache, call: TokenCall | undefined): Promise<AccessToken> {
  if (!cache.turn) {
    cache.turn = join(cache, () => launch(cache, false, call)).catch((error) => {
      // Stale, and still better than none.
      const valid = unexpired(cache.held, cache.now());
      if (valid) return valid.token;
      throw error;
    });
    cache.turn.catch(() => {}); // its callers may all have left
    // Not before it is set: Deno runs microtasks inside of a process's first `setTimeout`.
    queueMicrotask(() => cache.turn = undefined);
  }
  return leaving(call, cache.turn);
}

/**
 * Waits for the run in the air, and for one more if its token has expired on arrival, or comes from
 * the future. The timeout is total, unless the clock jumped: then nobody knows how long it was.
 */
async function join(
  { flight, now, timeout }: Cache,
  start: () => Promise<AccessToken>,
  since = now(),
): Promise<AccessToken> {
  const token = await flight.join(start, since);
  const time = now();
  if (time < token.expiresAt && !isFromFuture(token, time)) return token;
  const jumped = time < since || time - since > 3 * timeout;
  return await flight.join(start, jumped ? time : since);
}

/** `promise`, which a caller with a signal can leave. */
function leaving<T>(call: TokenCall | undefined, promise: Promise<T>): Promise<T> {
  return call?.signal ? within(Infinity, call.signal, () => promise) : promise;
}

/** Renews an ageing token behind the caller, unless that was tried a moment ago. */
function refresh(cache: Cache, call: TokenCall | undefined, time: number): void {
  const paused = Math.abs(time - cache.refreshedInVain) < REFRESH_PAUSE;
  if (!paused && !cache.flight.busy()) launch(cache, true, call);
}

/** Starts a run that the runtime lets finish, with what goes on behind it, if it has been asked to. */
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
  // Before anything is sent: what cannot be kept alive is a mistake of the program's.
  const settled = Promise.resolve().then(() => run).catch(() => {}).then(() => allOf(behind));
  keepAlive(call, settled);
  keepAlive(cache, settled);
  const run = flight.launch(() =>
    obtain(wanted).catch((error) => {
      announce({ type: renewing ? "refreshFailed" : "mintFailed", error });
      cache.refreshedInVain = now();
      // A failed refresh is no outcome for those who joined it: they go round and mint.
      throw renewing ? undefined : error;
    })
  );
  return run;
}

function hold(cache: Cache, token: AccessToken): void {
  const { margins, random, now } = cache;
  if (cache.held?.token.value === token.value) cache.refreshedInVain = now();
  cache.held = { token, promise: Promise.resolve(token), ...agesOf(token, margins, random()) };
}

/** Whether a token of another machine is neither rejected nor old, nor dated by a clock that is ahead. */
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
