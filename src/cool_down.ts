/** Leaving KPN alone for a while after a refusal that another try cannot cure. */

import { KpnAuthError } from "./errors.ts";
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

  return {
    check(secret) {
      // A clock that was set back must not prolong it.
      const time = now();
      if (last?.secret === secret && last.since <= time && time < last.until) {
        throw untilWhen(last.error, last.until, time);
      }
    },
    enter(secret, error) {
      const { code, retryAfter = COOL_DOWN } = error;
      if (code !== "invalid_client" && code !== "rate_limited") throw error;
      const since = now();
      const until = since + Math.min(LONGEST, code === "rate_limited" ? retryAfter : COOL_DOWN);
      last = { secret, error, since, until };
      announce({ type: "coolDown", code, until });
      throw untilWhen(error, until, since);
    },
  };
}

function untilWhen(error: KpnAuthError, until: number, now: number): KpnAuthError {
  const { code, message, cause: _none, ...details } = error;
  return new KpnAuthError(
    code,
    `${message} KPN is not asked again before ${
      new Date(until).toISOString()
    }, unless the secret changes.`,
    { ...details, retryAfter: until - now },
  );
}
