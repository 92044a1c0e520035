/** A token source: one token, always fresh, requested once however many ask. */

import { coolDownOf } from "./cool_down.ts";
import { announcer, type EventListener } from "./events.ts";
import { createSingleFlight } from "./flight.ts";
import { checkNumbers, createGrant, type RequestTokenOptions } from "./grant.ts";
import type { KpnAuthError } from "./errors.ts";
import { sharedToken } from "./shared.ts";
import type { TokenStore } from "./store.ts";
import { type AccessToken, type Ages, agesOf, type Margins } from "./token.ts";

/** Keeps an edge runtime from ending the work when the response is sent: `ctx.waitUntil`, or the `ctx` itself. */
export type WaitUntil =
  | ((promise: Promise<unknown>) => void)
  | { waitUntil(promise: Promise<unknown>): void };

/** What a caller can say when it asks for a token. A Workers `ctx` can be passed as it is. */
export interface TokenCall {
  /** Ends this caller's wait only; the mint goes on for the others. */
  readonly signal?: AbortSignal;
  /** "One that is not this": a token that an API rejected. */
  readonly rejected?: Pick<AccessToken, "value">;
  /** Lets a mint or a background refresh that this call starts finish. */
  readonly waitUntil?: WaitUntil;
}

/** Hands out access tokens. Anything with this one method is a token source. */
export interface TokenSource {
  /**
   * A token that can be used now.
   *
   * @throws {KpnAuthError} If none can be had.
   */
  token(call?: TokenCall): Promise<AccessToken>;
}

/** How {@linkcode createTokenSource} gets, keeps and renews its token. */
export interface TokenSourceOptions extends RequestTokenOptions {
  /** When a token ages and turns stale, in ms before its expiry. */
  readonly margins?: Margins;
  /** Where machines share the token. Default: none; the source holds it itself. */
  readonly store?: TokenStore;
  /** Hears what happens. */
  readonly onEvent?: EventListener;
  /** Lets background refreshes finish, for runtimes where it can be had once for all. */
  readonly waitUntil?: WaitUntil;
}

/** After a background refresh failed, the next one is tried no sooner, in ms. */
const REFRESH_PAUSE = 10_000;

/**
 * Makes a token source: it requests a token when one is first asked for, hands it
 * out while it is fresh, renews it in the background while it is ageing, and
 * makes callers wait for the one mint in flight when it is stale.
 *
 * No timer runs between calls, and nothing is kept at module level. After
 * `invalid_client` (60 s, ended by a changed secret) and after 429 (`Retry-After`,
 * else 60 s) KPN is left alone; the error says until when.
 *
 * @throws {TypeError} If an option cannot be used; see {@linkcode requestToken}.
 * @throws {RangeError} If a number among the options is out of range.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "@kpn-auth/kpn-auth";
 *
 * const source = createTokenSource({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * const { value } = await source.token();
 * console.log(value === (await source.token()).value); // true
 * ```
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const grant = createGrant(options);
  const { now, random } = grant;
  const margins = { ageing: 300_000, stale: 10_000, ...options.margins };
  checkNumbers(margins);
  const { waitUntil } = options;
  const announce = announcer(options.onEvent);
  const coolDown = coolDownOf(now, announce);
  const shared = options.store && sharedToken(options.store, grant, announce);
  const flight = createSingleFlight<AccessToken>(grant.timeout, now);

  let held:
    | { readonly token: AccessToken; readonly promise: Promise<AccessToken> } & Ages
    | undefined;
  /** The value of a token that an API rejected: no store may bring it back. */
  let refused: string | undefined;
  let refreshNotBefore = -Infinity;

  function hold(token: AccessToken): void {
    held = { token, promise: Promise.resolve(token), ...agesOf(token, margins, random()) };
  }

  /** Takes another machine's token if it was not rejected and is young enough to spare a mint. */
  function adopt(token: AccessToken, renewing: boolean): boolean {
    const { ageingAt, staleAt } = agesOf(token, margins, 0);
    const usable = token.value !== refused &&
      (renewing ? token.value !== held?.token.value && now() < ageingAt : now() < staleAt);
    if (usable) hold(token);
    return usable;
  }

  /** One mint, or another machine's token in its stead; to renew, one attempt has to do. */
  function obtain(renewing: boolean): Promise<AccessToken> {
    return grant.run(undefined, async (run) => {
      const mint = async () => {
        coolDown.check(run.secret);
        announce({ type: "mintStarted" });
        const startedAt = now();
        const token = await grant.mint(run, renewing ? 0 : undefined)
          .catch((error: KpnAuthError) => coolDown.enter(run.secret, error));
        hold(token);
        announce({
          type: "mintSucceeded",
          duration: now() - startedAt,
          attempt: run.attempt,
          expiresAt: token.expiresAt,
        });
        return token;
      };
      return await (shared ? shared(run, (token) => adopt(token, renewing), mint) : mint());
    });
  }

  /** Starts a mint, or a refresh, that the runtime lets finish if it has been asked to. */
  function launch(renewing: boolean, call: TokenCall): Promise<AccessToken> {
    const promise = flight.launch(() =>
      obtain(renewing).catch((error) => {
        refreshNotBefore = now() + REFRESH_PAUSE;
        announce({ type: renewing ? "refreshFailed" : "mintFailed", error });
        // A failed refresh is no outcome for those who joined it: they go round and mint.
        throw renewing ? undefined : error;
      })
    );
    keepAlive(call, promise);
    keepAlive({ waitUntil }, promise);
    return promise;
  }

  function reject(value: string): void {
    if (held && held.token.value !== value) return; // a late 401 for a token of before
    held = undefined;
    if (refused !== value) announce({ type: "tokenRejected" });
    refused = value;
  }

  async function renew(call: TokenCall): Promise<AccessToken> {
    call.signal?.throwIfAborted();
    if (call.rejected) reject(call.rejected.value);
    if (!held || now() >= held.staleAt) {
      return await flight.join(() => launch(false, call), call.signal);
    }
    if (now() >= held.ageingAt && now() >= refreshNotBefore && !flight.busy()) launch(true, call);
    return held.token;
  }

  return {
    token(call) {
      if (
        held && now() < held.ageingAt &&
        (!call || !call.signal?.aborted && call.rejected?.value !== held.token.value)
      ) return held.promise;
      return renew(call ?? {});
    },
  };
}

/** Calls `waitUntil` as a method of whatever has it: on its own it is an "Illegal invocation". */
function keepAlive(
  holder: { readonly waitUntil?: WaitUntil | undefined },
  promise: Promise<unknown>,
): void {
  const settled = promise.catch(() => {}); // nobody else may be waiting
  try {
    if (typeof holder.waitUntil === "function") holder.waitUntil(settled);
    else holder.waitUntil?.waitUntil(settled);
  } catch {
    // Workers' own throws outside of a request. It is a help, not a condition.
  }
}
