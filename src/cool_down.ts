/** A layer that pauses token requests after a refusal that a retry cannot cure. */

import { KpnAuthError, type KpnAuthErrorDetails } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import type { Layer } from "./grant.ts";

/** The pause after refused credentials, and after a rate limit without `Retry-After`, in ms. */
const COOL_DOWN = 60_000;

/** The first pause after any other refusal, in ms; it doubles up to {@linkcode COOL_DOWN}. */
const BREATHER = 1_000;

/** The longest `Retry-After` that is obeyed, in ms. */
const LONGEST = 3_600_000;

/** A refusal, and the pause that follows. Times in epoch ms. */
interface Pause {
  readonly body: string;
  readonly error: KpnAuthError;
  readonly since: number;
  readonly until: number;
}

/**
 * Wraps `layer`: after a refusal it is not called again until the pause is over or the
 * credentials have changed. The pause is 60 s for refused credentials, `Retry-After` (at most an
 * hour) if the answer has it, else 60 s for a rate limit, and 1 s, doubling up to 60 s, for every
 * other refusal that a retry cannot cure.
 */
export function coolingDown(
  layer: Layer,
  now: () => number,
  announce: (event: KpnAuthEvent) => void,
): Layer {
  let last: Pause | undefined;

  return async (ask) => {
    const { body } = ask.run.request;
    const time = now();
    // Other credentials end the pause, and so does a clock that was set back.
    if (last?.body !== body || time < last.since) last = undefined;
    if (last && time < last.until) throw refusal(last, time);
    try {
      const token = await layer(ask);
      last = undefined;
      return token;
    } catch (error) {
      if (!(error instanceof KpnAuthError)) throw error;
      const since = now();
      const ms = pauseAfter(error, last);
      if (ms === 0) throw error;
      last = { body, error, since, until: since + ms };
      announce({ type: "coolDown", code: error.code, until: last.until });
      throw refusal(last, since);
    }
  };
}

/** How long the pause after `error` is, in ms. */
function pauseAfter({ code, status, retryAfter, retryable }: KpnAuthError, last?: Pause): number {
  if (status === undefined) return 0; // no answer, no refusal
  const told = Math.min(LONGEST, retryAfter ?? (code === "rate_limited" ? COOL_DOWN : 0));
  if (retryable) return told;
  if (CREDENTIALS.test(code)) return COOL_DOWN;
  const doubled = last && !last.error.retryable ? 2 * (last.until - last.since) : BREATHER;
  return Math.max(told, Math.min(COOL_DOWN, doubled));
}

/** The codes that only other credentials or a change on the portal can cure. */
const CREDENTIALS = /^(invalid_client|not_approved|key_expired)$/;

function refusal({ error, until }: Pause, time: number): KpnAuthError {
  const retryAfter = until - time;
  return new KpnAuthError(
    error.code,
    `${error.message} The next token request follows in ${Math.ceil(retryAfter / 1_000)} s, ` +
      "or with other credentials.",
    // Copies the error's own fields.
    { ...error as KpnAuthErrorDetails, retryAfter },
  );
}
