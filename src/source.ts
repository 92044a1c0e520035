/** A token source: one token, always fresh, requested once however many ask. */

import { cached, type TokenSource } from "./cached.ts";
import type { WaitUntil } from "./wait_until.ts";
import { coolingDown } from "./cool_down.ts";
import { announcer, type EventListener } from "./events.ts";
import { createGrant, minting, type RequestTokenOptions, runGrant } from "./grant.ts";
import { checkNumbers } from "./numbers.ts";
import { checkObject } from "./options.ts";
import { storeKey } from "./store_key.ts";
import { stored, type TokenStore } from "./stored.ts";
import type { Margins } from "./token.ts";

/** How {@linkcode createTokenSource} gets, keeps and renews its token. */
export interface TokenSourceOptions extends RequestTokenOptions {
  /** When a token ages and turns stale, in ms before its expiry. */
  readonly margins?: Margins | undefined;
  /** Where machines share the token. Default: none; the source holds it itself. */
  readonly store?: TokenStore | undefined;
  /** Hears what happens. */
  readonly onEvent?: EventListener | undefined;
  /** Lets what goes on in the background finish, for runtimes where it can be given once for all. */
  readonly waitUntil?: WaitUntil | undefined;
}

/**
 * Makes a token source: it requests a token when one is first asked for, hands it
 * out while it is fresh, renews it in the background while it ages, and
 * lets callers wait for one request when it is stale.
 *
 * No timer runs between calls. After `invalid_client` (60 s, ended by changed credentials), after
 * 429 and 503 (`Retry-After`, else 60 s for a 429) and for a moment after every other refusal it
 * sends no request; the error says how long. A token that an API rejects is replaced twice, then
 * once a minute; meanwhile everybody else gets the held one.
 *
 * Its clock can be set back, and is then caught where two readings show it (a token that was
 * requested more than 10 s in the future is not used). A clock that was set back by less than the
 * token's age shows nothing: such a token is used for so much longer, until an API rejects it.
 *
 * @param options Credentials, and how to get, keep and renew the token.
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
