/** A token source on a clock that the test turns, minting from a mock in memory. */

import {
  authorizedFetch,
  type AuthorizedFetchOptions,
  createTokenRequest,
  createTokenSource,
  type KpnAuthEvent,
  type TokenSourceOptions,
} from "../../mod.ts";
import { storeKey } from "../../src/store_key.ts";
import { mockKpn } from "../../src/mock/mock.ts";
import { CREDENTIALS } from "./credentials.ts";

/** A source, its mock, its clock, and what it told. No jitter, so that retries come at once. */
export function sourceUnderTest(
  { lifetime = 3_600_000, ...options }: Partial<TokenSourceOptions> & { lifetime?: number } = {},
) {
  const clock = { now: 1_000_000_000_000 };
  const now = () => clock.now;
  const mock = mockKpn({ now, lifetime });
  const events: KpnAuthEvent[] = [];
  const background: Promise<unknown>[] = [];
  const source = createTokenSource({
    ...CREDENTIALS,
    fetch: mock.fetch,
    now,
    random: () => 0,
    onEvent: (event) => events.push(event),
    waitUntil: (promise) => background.push(promise),
    ...options,
  });
  return {
    source,
    mock,
    events,
    clock,
    /** What was told since the last time that this was asked. */
    told: () => events.splice(0).map(({ type }) => type),
    /** Waits for all that runs in the background. */
    settled: () => Promise.all(background.splice(0)),
  };
}

/** The key under which a store keeps a token. */
export function keyOf(
  tokenEndpoint: string,
  clientId: string,
  secret: string,
  parameters?: Record<string, string>,
): Promise<string> {
  const request = createTokenRequest({ clientId, clientSecret: secret }, {
    tokenEndpoint,
    parameters,
  });
  return storeKey({ clientId, secret, request });
}

/** A promise, and how to settle it. */
export function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((...settle) => [resolve, reject] = settle);
  return { promise, resolve, reject };
}

/** An authorized fetch on such a source; `calls` are those that reached the APIs. */
export function fetchUnderTest(options: AuthorizedFetchOptions = {}) {
  const under = sourceUnderTest();
  const events: unknown[] = [];
  const kpn = authorizedFetch(under.source, {
    fetch: under.mock.fetch,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const calls = () => under.mock.requests.filter(({ url }) => !url.includes("/oauth/"));
  return { ...under, kpn, calls, events };
}
