/** A layer that shares a token between machines: it looks into a store before a mint, and locks the mint where the store can. */

import { nothing, within } from "./deadline.ts";
import { redact } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import type { Ask, Layer, Run } from "./grant.ts";
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
  /** How long an operation of the store may take. Default: 1,000. */
  readonly patience?: number;
}

/** How long the store may take for one operation before the source goes on without it, in ms. */
const PATIENCE = 1_000;

/** What is added to it, in ms, to tell a slow store from a slow process. */
const STALL = 50;

/** About how often a machine looks whether another one has stored its token, in ms. */
const LOOK_EVERY = 100;

/** So long before its deadline a machine that has no lock requests a token itself, in ms. */
const LAST_CALL = 1_500;

/** Releases a lock. */
type Release = () => Promise<unknown>;

/**
 * Wraps `layer`: another machine's token spares the mint. Where the store can lock, one machine
 * mints and the others look for its token; the lock lapses after half the timeout, so that
 * somebody else can mint while the others still wait. Whoever mints goes on looking, since
 * another machine may be faster. A token is handed out as soon as it is there: storing it
 * and releasing the lock go on behind.
 */
export function stored(layer: Layer, store: TokenStore, options: StoredOptions): Layer {
  return async (ask) => {
    ask.run.phase = "waiting for the store";
    const visit = await visitOf(store, ask, options);
    const found = await visit.look();
    if (found) return found;
    if (!visit.locks()) return await visit.keep(layer(ask));
    const { token, release } = await lockOrToken(visit, ask.run, options);
    try {
      return token ??
        await firstOf(visit.keep(layer(ask)), (signal) => watch(visit, signal, options));
    } finally {
      if (release) visit.release(release);
    }
  };
}

/** The store as one ask uses it. */
interface Visit {
  /** The stored token, if it spares the mint. */
  look(): Promise<AccessToken | undefined>;
  /** Whether there is a lock to wait for. */
  locks(): boolean;
  /** The lock, if it is free. One that comes when nobody waits for it any more is released. */
  lock(signal: AbortSignal): Promise<Release | undefined>;
  /** The token that is minted, stored behind the caller. */
  keep(minted: Promise<AccessToken>): Promise<AccessToken>;
  /** Releases the lock behind the caller, once the token is stored. */
  release(release: Release): void;
}

async function visitOf(store: TokenStore, ask: Ask, options: StoredOptions): Promise<Visit> {
  const { run } = ask;
  const guard = guardOf(run, options);
  const key = await guard.attempt("get", () => options.keyOf(run));
  let keeping: Promise<unknown> | undefined;

  return {
    async look() {
      if (!key || guard.late()) return undefined;
      const token = await guard.attempt("get", async () => {
        const value = await store.get(key);
        if (value === undefined || value === null) return undefined;
        const token = readStoredToken(value);
        if (!token) throw new TypeError("what it holds is no access token");
        return token;
      });
      return token && ask.spares(token) ? token : undefined;
    },

    locks: () => !!key && !!store.exclusive && !guard.late(),

    lock: (signal) =>
      guard.attempt("exclusive", async () => {
        const release = await store.exclusive!(key!, Math.ceil(options.timeout / 2));
        if (!guard.late() && !signal.aborted) return release;
        await release?.();
      }),

    async keep(minted) {
      const token = await minted;
      if (key) {
        keeping = guard.behind("set", () => store.set(key, token), token.value);
        ask.behind(keeping);
      }
      return token;
    },

    release(release) {
      ask.behind(Promise.resolve(keeping).then(() => guard.behind("exclusive", release)));
    },
  };
}

type Operation = "get" | "set" | "exclusive";

/** What bounds the store's operations. A failure is announced once a kind, and is nobody's error. */
interface Guard {
  /** Whether the store was late or could not lock: no more time is spent on it before the mint. */
  late(): boolean;
  /** Waits for an operation, while the run lasts. */
  attempt<T>(operation: Operation, work: () => Promise<T>): Promise<T | undefined>;
  /** The same for what goes on after the run; `written` is kept out of the event. */
  behind(operation: Operation, work: () => Promise<unknown>, written?: string): Promise<unknown>;
}

function guardOf(run: Run, { timeout, announce, patience = PATIENCE }: StoredOptions): Guard {
  const announced = new Set<Operation>();
  let late = false;

  function failed(operation: Operation, error: unknown, written = ""): undefined {
    if (announced.has(operation)) return;
    announced.add(operation);
    announce({ type: "storeFailed", operation, reason: reasonOf(error, [run.secret, written]) });
  }

  return {
    late: () => late,

    async attempt(operation, work) {
      const ms = Math.min(patience, timeout / 4);
      try {
        return await inTime(ms, run.signal, work, () => late = true);
      } catch (error) {
        run.signal.throwIfAborted();
        late ||= operation === "exclusive";
        return failed(operation, error);
      }
    },

    behind: (operation, work, written) =>
      inTime(patience, undefined, work).catch((error) => failed(operation, error, written)),
  };
}

/** What `work` gives in time. A process that was stalled reads an answer that has long come before it gives up. */
function inTime<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  onLate?: () => void,
): Promise<T> {
  const answer = Promise.resolve().then(work); // a store may also throw before it has given a promise
  const late = () => {
    onLate?.();
    return new Error(`no answer within ${ms} ms`);
  };
  return within(ms, signal, () => answer, () => {}).catch(() =>
    within(STALL, signal, () => answer, late)
  );
}

/** The lock, or the token of the machine that has it; neither if time is running out. */
async function lockOrToken(
  visit: Visit,
  run: Run,
  options: StoredOptions,
): Promise<{ release?: Release | undefined; token?: AccessToken | undefined }> {
  const lastCall = Math.min(LAST_CALL, options.timeout / 2);
  const ms = Math.max(0, run.endsAt - options.now() - lastCall);
  const found = await within(ms, run.signal, async (signal) => {
    for (;;) {
      const release = await visit.lock(signal);
      const token = await visit.look();
      if (release || token || !visit.locks()) return { release, token };
      await pause(signal, options);
    }
  });
  return found ?? { token: await visit.look() };
}

/** Another machine's token, as soon as it is stored. */
async function watch(
  visit: Visit,
  signal: AbortSignal,
  options: StoredOptions,
): Promise<AccessToken> {
  for (;;) {
    await pause(signal, options);
    const token = await visit.look();
    if (token) return token;
  }
}

function pause(signal: AbortSignal, { random }: StoredOptions): Promise<void> {
  return within(LOOK_EVERY * (0.5 + random()), signal, nothing);
}

/** The first of two tokens; the search for the other one ends with it. */
async function firstOf(
  minted: Promise<AccessToken>,
  search: (signal: AbortSignal) => Promise<AccessToken>,
): Promise<AccessToken> {
  const over = new AbortController();
  try {
    return await Promise.race([minted, search(over.signal)]);
  } finally {
    over.abort();
  }
}

/** Why a store failed, without what it was given: a JSON parser's message quotes the stored text. */
function reasonOf(error: unknown, secrets: readonly string[]): string {
  const { name, message } = Object(error) as Error;
  const words = error instanceof SyntaxError ? name : `${name}: ${message}`;
  return secrets.reduce(redact, words).slice(0, 200);
}

/**
 * The key of a token: a truncated HMAC-SHA-256 under the secret, over endpoint, client id and
 * the target's other parameters. A rotated secret misses, and no secret can be read from it.
 */
export async function storeKey(
  { clientId, secret, request }: Pick<Run, "clientId" | "secret" | "request">,
): Promise<string> {
  const { subtle } = crypto;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"]);
  const fields = new URLSearchParams(request.body);
  const others = [...fields].slice(2).map((field) => `\n${field}`).join("");
  const mac = await subtle.sign("HMAC", key, bytes(`${request.url}\n${clientId}${others}`));
  // 120 bits: twenty characters of Base64, and no padding.
  return `kpn-auth:${btoa(String.fromCharCode(...new Uint8Array(mac, 0, 15)))}`;
}
