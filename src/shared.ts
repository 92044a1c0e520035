/** One token for many machines: the store is read before a mint, and a mint excludes others where it can. */

import { nothing, within } from "./deadline.ts";
import { redact } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import type { Grant, Run } from "./grant.ts";
import { storeKey, type TokenStore } from "./store.ts";
import { type AccessToken, isAccessToken } from "./token.ts";

/** How long a store may take to answer, in ms, before the source goes on without it. */
const STORE_TIMEOUT = 1_000;

/** What is added to it, in ms, to tell a slow store from a slow process. */
const STALL = 50;

/** About how often a machine looks whether the one that mints is done, in ms. */
const LOOK_EVERY = 100;

/** Another machine's token if `adopt` takes it, else what `mint` gives, shared with the others. */
export type SharedToken = (
  run: Run,
  adopt: (token: AccessToken) => boolean,
  mint: () => Promise<AccessToken>,
) => Promise<AccessToken>;

/** Hands back the exclusive right to mint. */
type Release = () => Promise<unknown>;

/** Binds a store to the grant whose token it shares. */
export function sharedToken(
  store: TokenStore,
  grant: Grant,
  announce: (event: KpnAuthEvent) => void,
): SharedToken {
  return async (run, adopt, mint) => {
    const { secret } = run;
    const key = await storeKey(grant.tokenEndpoint, grant.clientId, secret);
    /** Set when the store was late or could not exclude: no more time is lost on it before the mint. */
    let alone = false;

    /** Does `work` in time; a failure is announced, and is nobody's error. */
    async function attempt<T>(
      operation: "get" | "set" | "exclusive",
      work: () => Promise<T>,
      written = "",
    ): Promise<T | undefined> {
      run.phase = `waiting for the store (${operation})`;
      // `then`, since a store may also throw before it has given a promise.
      const answer = Promise.resolve().then(work);
      const { signal } = run;
      try {
        return await within(STORE_TIMEOUT, signal, () => answer, () => {})
          // A process that was stalled reads an answer that has long come before it gives up.
          .catch(() =>
            within(STALL, signal, () => answer, () => {
              alone = true;
              return new Error(`no answer within ${STORE_TIMEOUT} ms`);
            })
          );
      } catch (error) {
        run.signal.throwIfAborted();
        alone ||= operation === "exclusive";
        failed(operation, error, written);
        return undefined;
      }
    }

    function failed(operation: "get" | "set" | "exclusive", error: unknown, written = ""): void {
      announce({ type: "storeFailed", operation, reason: reasonOf(error, [secret, written]) });
    }

    async function read(): Promise<AccessToken | undefined> {
      if (alone) return undefined;
      const found = await attempt("get", async () => {
        const value = await store.get(key);
        if (value === undefined || value === null || isAccessToken(value)) return value;
        throw new TypeError("no access token");
      });
      return found && adopt(found) ? found : undefined;
    }

    async function mintAndShare(): Promise<AccessToken> {
      const token = await mint();
      await attempt("set", () => store.set(key, token), token.value);
      return token;
    }

    /** One that comes when nobody waits for it any more is handed back. */
    const takeRight = (signal: AbortSignal): Promise<Release | undefined> =>
      attempt("exclusive", async () => {
        const release = await store.exclusive!(key, grant.timeout + STORE_TIMEOUT);
        if (!alone && !signal.aborted) return release;
        await release?.();
      });

    let token = await read();
    if (token) return token;
    if (!store.exclusive || alone) return await mintAndShare();

    // Who cannot have the right looks for the token of the one who has it, and mints alone in the end.
    const release = await within(grant.timeout / 2, run.signal, async (signal) => {
      for (;;) {
        const right = await takeRight(signal);
        if (right || alone) return right;
        await within(LOOK_EVERY * (0.5 + grant.random()), signal, nothing);
        token = await read();
        if (token) return undefined;
      }
    });
    try {
      return token ?? await read() ?? await mintAndShare();
    } finally {
      // Waited for: a script that ends now must not leave its right to the others. Handed
      // back also when the deadline has run out, so not under its signal.
      if (release) {
        await within(STORE_TIMEOUT, undefined, release).catch((error) =>
          failed("exclusive", error)
        );
      }
    }
  };
}

/** Why a store failed, without what it was given: a JSON parser's message quotes the stored text. */
function reasonOf(error: unknown, secrets: readonly string[]): string {
  const { name, message } = Object(error) as Error;
  const words = error instanceof SyntaxError ? name : `${name}: ${message}`;
  return secrets.reduce(redact, words).slice(0, 200);
}
