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
      if (last?.secret === secret && last.since <= now() && now() < last.until) throw last.error;
    },
    enter(secret, error) {
      const { code, message, cause: _none, ...details } = error;
      const limited = code === "rate_limited";
      if (code !== "invalid_client" && !limited) throw error;
      const retryAfter = Math.min(LONGEST, limited && error.retryAfter || COOL_DOWN);
      const since = now();
      const until = since + retryAfter;
      const untilWhen = `${message} Not tried again before ${new Date(until).toISOString()}.`;
      last = {
        secret,
        error: new KpnAuthError(code, untilWhen, { ...details, retryAfter }),
        since,
        until,
      };
      announce({ type: "coolDown", code, until });
      throw last.error;
    },
  };
}
