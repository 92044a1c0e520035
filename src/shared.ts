/** One token for many machines: the store is read before a mint, and a mint excludes others where it can. */

import { within } from "./deadline.ts";
import { KpnAuthError, redact } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import type { Grant, Run } from "./grant.ts";
import { storeKey, type TokenStore } from "./store.ts";
import { type AccessToken, isAccessToken } from "./token.ts";

/** How long a store may take to read or write, in ms, before the source goes on without it. */
const STORE_TIMEOUT = 1_000;

/** Another machine's token if `adopt` takes it, else what `mint` gives, shared with the others. */
export type SharedToken = (
  run: Run,
  adopt: (token: AccessToken) => boolean,
  mint: () => Promise<AccessToken>,
) => Promise<AccessToken>;

/** Binds a store to the grant whose token it shares. */
export function sharedToken(
  store: TokenStore,
  grant: Grant,
  announce: (event: KpnAuthEvent) => void,
): SharedToken {
  return async (run, adopt, mint) => {
    const { secret } = run;
    const key = await storeKey(grant.tokenEndpoint, grant.clientId, secret);

    /** Does `work` in time; a failure is announced, and is nobody's error. */
    async function attempt<T>(
      operation: "get" | "set" | "exclusive",
      ms: number,
      work: () => Promise<T>,
      written = "",
    ): Promise<T | undefined> {
      run.phase = `waiting for the store (${operation})`;
      try {
        return await within(
          ms,
          run.signal,
          work,
          () => new Error(`no answer within ${ms} ms`),
        );
      } catch (error) {
        run.signal.throwIfAborted();
        // A mint's own failure passes through `exclusive` and reaches the caller by itself.
        if (!(error instanceof KpnAuthError)) {
          announce({ type: "storeFailed", operation, reason: reasonOf(error, [secret, written]) });
        }
        return undefined;
      }
    }

    async function read(): Promise<AccessToken | undefined> {
      const found = await attempt("get", STORE_TIMEOUT, async () => {
        const value = await store.get(key);
        if (value === undefined || value === null || isAccessToken(value)) return value;
        throw new TypeError("the stored value is no access token");
      });
      return found && adopt(found) ? found : undefined;
    }

    async function mintAndShare(): Promise<AccessToken> {
      const token = await mint();
      await attempt("set", STORE_TIMEOUT, async () => await store.set(key, token), token.value);
      return token;
    }

    const found = await read();
    if (found) return found;
    if (!store.exclusive) return await mintAndShare();

    let outcome: Promise<AccessToken> | undefined;
    let begin: (begun: boolean) => void;
    const begun = new Promise<boolean>((resolve) => begin = resolve);
    const once = () => {
      begin(true);
      return outcome ??= read().then((found) => found ?? mintAndShare());
    };
    const limits = { wait: grant.timeout / 2, hold: grant.timeout + STORE_TIMEOUT };
    const locked = (async () => await store.exclusive!(key, once, limits))();
    const answered = await attempt(
      "exclusive",
      limits.wait + STORE_TIMEOUT,
      () => Promise.race([begun, locked.then(() => true)]),
    );
    const token = await once();
    // A script that ends now must not leave its lock to the others.
    if (answered) await attempt("exclusive", STORE_TIMEOUT, () => locked);
    return token;
  };
}

/** Why a store failed, without what it was given: a JSON parser's message quotes the stored text. */
function reasonOf(error: unknown, secrets: readonly string[]): string {
  if (!(error instanceof Error)) return "it threw something that is no error";
  if (error instanceof SyntaxError) return "the stored value is no JSON";
  const message = secrets.reduce(redact, error.message);
  return `${error.name}: ${message}`.slice(0, 200);
}
