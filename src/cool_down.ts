/** Leaving KPN alone for a while after a refusal that another try cannot cure. */

import { KpnAuthError, type KpnAuthErrorDetails } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";

/** After `invalid_client`, and after a 429 without `Retry-After`, in ms. */
const COOL_DOWN = 60_000;

/** The longest `Retry-After` that is believed, in ms. */
const LONGEST = 3_600_000;

/** The cool-down of one token source. */
export interface CoolDown {
  /** Throws the error that started the cool-down, while it lasts for this secret. */
  check(secret: string): void;
  /** Starts one if `error` asks for it, and throws the error either way. */
  enter(secret: string, error: KpnAuthError): never;
}

/** A cool-down on the clock `now`. */
export function coolDownOf(now: () => number, announce: (event: KpnAuthEvent) => void): CoolDown {
  let last: { secret: string; error: KpnAuthError; since: number; until: number } | undefined;

  function check(secret: string): void {
    const time = now();
    // A clock that was set back must not prolong it.
    if (last?.secret !== secret || time < last.since || time >= last.until) return;
    const { error, until } = last;
    throw new KpnAuthError(
      error.code,
      `${error.message} Not tried again before ${new Date(until).toISOString()}.`,
      // What it says of itself; a refusal has no cause.
      { ...error as KpnAuthErrorDetails, retryAfter: until - time },
    );
  }

  return {
    check,
    enter(secret, error) {
      const { code, retryAfter = COOL_DOWN } = error;
      const wait = code === "invalid_client"
        ? COOL_DOWN
        : code === "rate_limited"
        ? Math.min(LONGEST, retryAfter)
        : 0;
      if (wait) {
        const since = now();
        last = { secret, error, since, until: since + wait };
        announce({ type: "coolDown", code, until: last.until });
        check(secret);
      }
      throw error;
    },
  };
}
