/** A layer that shares a token between machines: it looks for one in a store before a mint, and locks the mint if the store can. */

import { inTime, nothing, within } from "./deadline.ts";
import { isKpnAuthError, KpnAuthError, wordsOf } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import type { Ask, Layer, Run } from "./grant.ts";
import { redact } from "./redact.ts";
import { type AccessToken, readStoredToken } from "./token.ts";

/**
 * Where token sources share their token. A store may lose tokens, return expired or foreign
 * values, hang or throw: the source checks every value, waits at most 1 s for an operation, and
 * requests a token itself if the store fails.
 */
export interface TokenStore {
  /**
   * Reads the value under `key`.
   *
   * @param key The token's key, from the source.
   * @returns The stored token; `undefined` or `null` if there is none. The source checks it.
   */
  get(key: string): Promise<unknown>;
  /**
   * Stores a token at least for its lifetime, `expiresAt - requestedAt` in ms: a store needs no clock.
   *
   * @param key The token's key, from the source.
   * @param token Plain JSON.
   */
  set(key: string, token: AccessToken): Promise<unknown>;
  /**
   * Takes the lock under `key`, without waiting for it. Omit this method if the store cannot lock.
   *
   * @param key The token's key, from the source.
   * @param hold How long the lock lasts unless it is released, in ms: its owner may die.
   * @returns The function that releases the lock; `undefined` while another machine has it.
   */
  exclusive?(key: string, hold: number): Promise<(() => Promise<unknown>) | undefined>;
}

/** What the layer needs besides the store. Times in ms. */
export interface StoredOptions {
  /** The total deadline of a run. */
  readonly timeout: number;
  readonly now: () => number;
  readonly random: () => number;
  readonly announce: (event: KpnAuthEvent) => void;
  /** The key of the token that a run obtains. */
  readonly keyOf: (run: Run) => Promise<string>;
}

/** How long one operation of the store may take, in ms; before a mint at most a quarter of the timeout. */
const PATIENCE = 1_000;

/** About how often a waiter looks for another machine's token, in ms. */
const LOOK_EVERY = 100;

/** How long before its deadline a waiter stops waiting for the lock and requests a token itself, in ms. */
const LAST_CALL = 1_500;

/** One ask's use of the store. */
interface Visit extends StoredOptions {
  readonly layer: Layer;
  readonly store: TokenStore;
  readonly ask: Ask;
  /** What events must not contain: the secret, and the minted token. */
  readonly secrets: string[];
  /** The operations whose failure was announced. */
  readonly announced: Set<Operation>;
  /** The key of the token. */
  key: string;
  /** Set when the store was late or could not lock: nothing waits for it before the mint any more. */
  late: boolean;
  /** Releases the lock, if this machine has it. */
  release?: (() => Promise<unknown>) | undefined;
  /** Settles when the minted token is stored, or could not be. */
  keeping?: Promise<unknown>;
}

type Operation = "get" | "set" | "exclusive";

/**
 * Wraps `layer`: another machine's token makes the mint unnecessary. If the store can lock, one
 * machine mints, and the others look for its token. The lock expires after half the timeout, so
 * that another machine can mint while the rest still wait. A machine that mints keeps looking,
 * since another one may be faster. Callers get the token as soon as it exists: storing it and
 * releasing the lock continue in the background.
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
    ask.behind(token); // it may outlive its deadline, to release its lock
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

/** The stored token, if it makes the mint unnecessary. */
async function look(visit: Visit): Promise<AccessToken | undefined> {
  const { key, store, ask, late } = visit;
  if (late) return undefined;
  const token = await attempt(visit, "get", async () => {
    const value = await store.get(key);
    const token = readStoredToken(value);
    if (value != null && !token) throw ours("the stored value is not an access token");
    return token;
  }, ask.run.signal);
  return token && ask.spares(token) ? token : undefined;
}

/** Waits for the lock, or for the token of the machine that has it, until shortly before the deadline. */
async function lockOrToken(visit: Visit): Promise<AccessToken | undefined> {
  const { ask: { run }, now, timeout } = visit;
  // At most the timeout: the clock may have been set back.
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

/** Takes the lock, if it is free. A lock that arrives when nobody waits for it any more is released. */
async function lock(visit: Visit, signal: AbortSignal): Promise<void> {
  const { key, store, ask, timeout } = visit;
  await attempt(visit, "exclusive", async () => {
    const release = await store.exclusive!(key, Math.ceil(timeout / 2));
    if (!signal.aborted) visit.release = release;
    else if (release) ask.behind(attempt(visit, "exclusive", release));
  }, ask.run.signal);
}

/** A token from the layer, or the one that another machine stores meanwhile: the first of the two. */
function mintOrToken(visit: Visit): Promise<AccessToken> {
  return within(
    Infinity,
    undefined,
    (over) => Promise.race([mintAndKeep(visit), watch(visit, over)]),
  );
}

/** Looks for another machine's token until there is one. */
async function watch(visit: Visit, over: AbortSignal): Promise<AccessToken> {
  for (;;) {
    await pause(visit, over);
    const token = await look(visit);
    if (token) return token;
  }
}

/** A token from the layer, stored in the background. If the layer fails, another machine may have succeeded. */
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
 * An operation of the store, under `signal` if a mint waits for it. A failure becomes an event, not an
 * error. It is announced once: while waiting for a lock it would repeat ten times a second.
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

/** Why an operation failed. A failed `get` is named without its message, which may quote the stored token. */
function reasonOf(operation: Operation, error: unknown): string {
  const { name, code, message } = wordsOf(error);
  if (isKpnAuthError(error)) return message;
  return operation === "get" ? `${name} ${code}`.trim() : `${name}: ${message}`;
}

/** A failure in our own words, which are safe to quote. It is only announced, never thrown to a caller. */
function ours(message: string): KpnAuthError {
  return new KpnAuthError("timeout", message);
}
