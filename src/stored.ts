/** A layer that shares a token between machines: it looks into a store before a mint, and locks the mint where the store can. */

import { inTime, nothing, within } from "./deadline.ts";
import { isKpnAuthError, KpnAuthError, wordsOf } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import type { Ask, Layer, Run } from "./grant.ts";
import { redact } from "./redact.ts";
import { type AccessToken, readStoredToken } from "./token.ts";

/**
 * Where token sources share their token. A store may lose tokens, hand out expired
 * or foreign values, hang or throw: the source checks what it reads, gives a
 * store a second, and requests a token itself where it fails.
 */
export interface TokenStore {
  /** What stands under `key`, or `undefined` or `null`. Whatever it is, the source checks it. */
  get(key: string): Promise<unknown>;
  /**
   * Keeps `token`, which is plain JSON, under `key`: at least for its lifetime
   * (`expiresAt - requestedAt`, in ms), so that a store needs no clock.
   */
  set(key: string, token: AccessToken): Promise<unknown>;
  /**
   * Takes the lock under `key`, which lapses after `hold` ms (its owner may die). Resolves at
   * once: to the function that releases it, or to `undefined` while another machine has it.
   * Leave it out where a store cannot lock.
   */
  exclusive?(key: string, hold: number): Promise<(() => Promise<unknown>) | undefined>;
}

/** How a store is used. Times in ms. */
export interface StoredOptions {
  /** The total deadline of a run. */
  readonly timeout: number;
  readonly now: () => number;
  readonly random: () => number;
  readonly announce: (event: KpnAuthEvent) => void;
  /** The key of the token that a run is about. */
  readonly keyOf: (run: Run) => Promise<string>;
}

/** How long the store may take for one operation; before a mint no more than a quarter of the timeout. In ms. */
const PATIENCE = 1_000;

/** About how often a machine looks whether another one has stored its token, in ms. */
const LOOK_EVERY = 100;

/** So long before its deadline a machine that has no lock requests a token itself, in ms. */
const LAST_CALL = 1_500;

/** A store as one ask uses it. */
interface Visit extends StoredOptions {
  readonly layer: Layer;
  readonly store: TokenStore;
  readonly ask: Ask;
  /** What no event may hold: the secret, and the minted token. */
  readonly secrets: string[];
  /** The operations whose failure was announced. */
  readonly announced: Set<Operation>;
  /** The key of the token. */
  key: string;
  /** Set once the store was late or could not lock: no more time is spent on it before the mint. */
  late: boolean;
  /** Releases the lock, if this machine has it. */
  release?: (() => Promise<unknown>) | undefined;
  /** The storing of the minted token. */
  keeping?: Promise<unknown>;
}

type Operation = "get" | "set" | "exclusive";

/**
 * Wraps `layer`: another machine's token spares the mint. Where the store can lock, one machine
 * mints and the others look for its token; the lock lapses after half the timeout, so that
 * somebody else can mint while the others still wait. Whoever mints goes on looking, since
 * another machine may be faster. A token is handed out as soon as it is there: storing it
 * and releasing the lock go on behind.
 */
export function stored(layer: Layer, store: TokenStore, options: StoredOptions): Layer {
  return (ask) => {
    const visit: Visit = {
      ...options,
      layer,
      store,
      ask,
      secrets: [...ask.run.secrets],
      announced: new Set(),
      key: "",
      late: false,
    };
    const token = obtain(visit);
    ask.behind(token); // it releases its lock after a deadline, too
    return token;
  };
}

async function obtain(visit: Visit): Promise<AccessToken> {
  const { layer, store, ask, keyOf } = visit;
  ask.run.phase = "waiting for the store";
  visit.key = await attempt(visit, "get", () => keyOf(ask.run), ask.run.signal) ?? "";
  if (!visit.key) return await layer(ask);

  const found = await look(visit);
  if (found) return found;
  const locks = await attempt(visit, "exclusive", () => Promise.resolve(!!store.exclusive));
  if (!locks || visit.late) return await mintAndKeep(visit);
  try {
    return await lockOrToken(visit) ?? await mintOrToken(visit);
  } finally {
    const { release, keeping } = visit;
    const free = async () => {
      await keeping;
      await attempt(visit, "exclusive", release!);
    };
    if (release) ask.behind(free());
  }
}

/** The stored token, if it spares the mint. */
async function look(visit: Visit): Promise<AccessToken | undefined> {
  const { key, store, ask, late } = visit;
  if (late) return undefined;
  const token = await attempt(visit, "get", async () => {
    const value = await store.get(key);
    const token = readStoredToken(value);
    if (value != null && !token) throw ours("what it holds is no access token");
    return token;
  }, ask.run.signal);
  return token && ask.spares(token) ? token : undefined;
}

/** Waits for the lock, or for the token of the machine that has it, until time is running out. */
async function lockOrToken(visit: Visit): Promise<AccessToken | undefined> {
  const { ask: { run }, now, timeout } = visit;
  // No more than the timeout: the clock may have been set back.
  const left = Math.min(timeout, run.endsAt - now());
  const ms = Math.max(0, left - Math.min(LAST_CALL, timeout / 2));
  const token = await within(ms, run.signal, async (signal) => {
    for (;;) {
      await lock(visit, signal);
      const token = await look(visit);
      if (token || visit.release || visit.late) return token;
      await pause(visit, signal);
    }
  });
  return token ?? (visit.release ? undefined : await look(visit));
}

/** Takes the lock, if it is free. One that comes when nobody waits for it any more is released. */
async function lock(visit: Visit, signal: AbortSignal): Promise<void> {
  const { key, store, ask, timeout } = visit;
  await attempt(visit, "exclusive", async () => {
    const release = await store.exclusive!(key, Math.ceil(timeout / 2));
    if (!signal.aborted) visit.release = release;
    else if (release) ask.behind(attempt(visit, "exclusive", release));
  }, ask.run.signal);
}

/** A token of the layer's, or the one that another machine stores meanwhile: whichever is first. */
function mintOrToken(visit: Visit): Promise<AccessToken> {
  return within(
    Infinity,
    undefined,
    (over) => Promise.race([mintAndKeep(visit), watch(visit, over)]),
  );
}

/** Looks until another machine's token is there. */
async function watch(visit: Visit, over: AbortSignal): Promise<AccessToken> {
  for (;;) {
    await pause(visit, over);
    const token = await look(visit);
    if (token) return token;
  }
}

/** A token of the layer's, which is stored behind its callers. If it fails, another machine may have succeeded. */
async function mintAndKeep(visit: Visit): Promise<AccessToken> {
  const { layer, key, store, ask } = visit;
  let token: AccessToken;
  try {
    token = await layer(ask);
  } catch (error) {
    const found = await look(visit);
    if (found) return found;
    throw error;
  }
  visit.secrets.push(token.value);
  visit.keeping = attempt(visit, "set", () => store.set(key, token));
  ask.behind(visit.keeping);
  return token;
}

function pause({ random }: Visit, signal: AbortSignal): Promise<void> {
  return within(LOOK_EVERY * (0.5 + random()), signal, nothing);
}

/**
 * An operation of the store, under `signal` if a mint waits for it. A failure is nobody's error. It is
 * announced once: who waits for a lock would repeat it ten times a second.
 */
async function attempt<T>(
  visit: Visit,
  operation: Operation,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const { timeout, announce, announced, secrets } = visit;
  signal?.throwIfAborted();
  const patience = signal ? Math.min(PATIENCE, timeout / 4) : PATIENCE;
  try {
    return await inTime(patience, signal, work, () => {
      visit.late = true;
      return ours(`no answer within ${patience} ms`);
    });
  } catch (error) {
    signal?.throwIfAborted();
    visit.late ||= operation === "exclusive";
    if (announced.has(operation)) return undefined;
    announced.add(operation);
    announce({
      type: "storeFailed",
      operation,
      reason: redact(reasonOf(operation, error), secrets),
    });
  }
}

/** Why an operation failed. The message of a `get` may quote what is stored: a token of another machine. */
function reasonOf(operation: Operation, error: unknown): string {
  const { name, code, message } = wordsOf(error);
  if (isKpnAuthError(error)) return message;
  return operation === "get" ? `${name} ${code}`.trim() : `${name}: ${message}`;
}

/** A failure in our own words, which can be quoted; nobody gets it as an error. */
function ours(message: string): KpnAuthError {
  return new KpnAuthError("timeout", message);
}
