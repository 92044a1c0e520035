/** What layers are tested with: asks, tokens, a store, and an eye on unhandled rejections. */

import type { AccessToken, KpnAuthEvent, TokenStore } from "../../mod.ts";
import {
  type Ask,
  createGrant,
  type Layer,
  type RequestTokenOptions,
  runGrant,
} from "../../src/grant.ts";
import { CREDENTIALS } from "./credentials.ts";

/** A token of an hour, requested at `requestedAt`: epoch ms. */
export function tokenOf(value: string, requestedAt: number, lifetime = 3_600_000): AccessToken {
  return {
    value,
    type: "Bearer",
    requestedAt,
    expiresAt: requestedAt + lifetime,
    apiProducts: [],
    scope: "",
  };
}

/** Asks `layer` as a source does: in a run of the grant, under its deadline. */
export function askLayer(
  layer: Layer,
  options: Partial<RequestTokenOptions> = {},
  ask: Partial<Omit<Ask, "run">> = {},
): Promise<AccessToken> {
  const grant = createGrant({ ...CREDENTIALS, ...options });
  return runGrant(grant, undefined, (run) =>
    layer({
      run,
      renewing: false,
      rejected: undefined,
      spares: () => true,
      behind() {},
      ...ask,
    }));
}

/** A listener, and the types of the events that it heard since it was last asked. */
export function recorder() {
  const events: KpnAuthEvent[] = [];
  return {
    events,
    announce: (event: KpnAuthEvent) => void events.push(event),
    heard: () => events.splice(0).map(({ type }) => type),
  };
}

/** A store in memory for one token, with a lock. Its owner alone releases it. */
export function memoryStore(now: () => number) {
  let stored: unknown;
  let lockedUntil = 0;
  return {
    get: () => Promise.resolve(stored),
    set: (_key: string, token: AccessToken) => Promise.resolve(void (stored = { ...token })),
    exclusive(_key: string, hold: number) {
      if (now() < lockedUntil) return Promise.resolve(undefined);
      const mine = lockedUntil = now() + hold;
      return Promise.resolve(() =>
        Promise.resolve(void (lockedUntil === mine && (lockedUntil = 0)))
      );
    },
    /** Whether somebody has the lock. */
    locked: () => now() < lockedUntil,
  } satisfies TokenStore & { locked(): boolean };
}

/** Does `work`, and fails if a promise was rejected meanwhile without anybody who handled it. */
export async function handlingAll<T>(work: () => Promise<T>): Promise<T> {
  const unhandled: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", listener);
  try {
    const result = await work();
    await new Promise((resolve) => setTimeout(resolve)); // they are reported a turn later
    if (unhandled.length) throw new Error("Unhandled rejections", { cause: unhandled });
    return result;
  } finally {
    removeEventListener("unhandledrejection", listener);
  }
}
