/** A token source: one token, kept fresh, and requested once for any number of callers. */

import { cached, type TokenSource } from "./cached.ts";
import type { WaitUntil } from "./wait_until.ts";
import { coolingDown } from "./cool_down.ts";
import { announcer, type EventListener } from "./events.ts";
import { createGrant, minting, type RequestTokenOptions, runGrant } from "./grant.ts";
import { checkNumbers } from "./numbers.ts";
import { checkFunctions, checkObject } from "./options.ts";
import { storeKey } from "./store_key.ts";
import { stored, type TokenStore } from "./stored.ts";
import type { Margins } from "./token.ts";

/** Options of {@linkcode createTokenSource}. */
export interface TokenSourceOptions extends RequestTokenOptions {
  /** When a token ages and turns stale, in ms before it expires. Default: 5 minutes and 10 seconds. */
  readonly margins?: Margins | undefined;
  /** Where machines share the token. Default: none; the source keeps it in memory. */
  readonly store?: TokenStore | undefined;
  /** Receives an event whenever something happens to the token. Default: none. */
  readonly onEvent?: EventListener | undefined;
  /** Keeps an edge runtime alive for background work, if one function does so for all requests. Default: none. */
  readonly waitUntil?: WaitUntil | undefined;
}

/**
 * Makes a token source. It requests a token at the first call and hands it out while it is fresh.
 * While the token ages, the source renews it in the background; when it is stale, callers wait for
 * one request.
 *
 * No timer runs between calls. After a refusal the source pauses, and its error says for how long:
 * for 60 s, or until the credentials change, if KPN refuses them; for `Retry-After` if the answer has
 * it, else for 60 s after a rate limit; for 1 s, doubling up to 60 s, after any other refusal that a
 * retry cannot cure. If an API rejects the token, the source replaces it twice at once, then once a
 * minute; meanwhile all other callers get the held token.
 *
 * The clock may be set back: a token that is dated more than 10 s in the future is not used. A clock
 * that was set back by less than the token's age cannot be noticed: the token is then used for that
 * much longer, until an API rejects it.
 *
 * @param options Credentials, and how to request, keep and renew the token.
 * @returns The source.
 * @throws {TypeError} If an option cannot be used; see {@linkcode requestToken}.
 * @throws {RangeError} If a number among the options is out of range.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "kpn-auth";
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
  const { now, random, timeout, target } = grant;
  const { store, waitUntil } = options;
  if (store) checkFunctions({ "store.get": store.get ?? null, "store.set": store.set ?? null });
  const margins = marginsOf(options.margins);
  const announce = announcer(options.onEvent);

  const minted = coolingDown(minting(grant, announce), now, announce);
  const obtain = store
    ? stored(minted, store, { now, random, timeout, announce, keyOf: storeKey })
    : minted;
  return cached((ask) => runGrant(grant, undefined, (run) => obtain({ ...ask, run })), {
    now,
    random,
    timeout,
    margins,
    announce,
    waitUntil,
    origin: new URL(target.tokenEndpoint).origin,
  });
}

function marginsOf(margins: Margins = {}): Readonly<Record<keyof Margins, number>> {
  checkObject("margins", margins);
  const { ageing = 300_000, stale = 10_000 } = margins;
  checkNumbers({ ageing, stale });
  return { ageing, stale };
}
