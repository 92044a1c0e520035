/** The client credentials grant (RFC 6749 section 4.4): build, send, read; deadlines and retries. */

import type { ResponseLike } from "./body.ts";
import { MAX_TIMER, nothing, within } from "./deadline.ts";
import { causeOf, KpnAuthError } from "./errors.ts";
import { networkError } from "./network.ts";
import { createTokenRequest, type TokenRequest, type TokenTarget } from "./request.ts";
import { readWire, toAccessToken } from "./response.ts";
import type { AccessToken } from "./token.ts";

/** A secret, or a function that fetches the one of today (from a secret manager). */
export type ClientSecret = string | (() => string | Promise<string>);

/** The part of `fetch` that a token request takes; undici's, Bun's and a plain arrow function fit. */
export type TokenFetch = (url: string, init: TokenFetchInit) => Promise<ResponseLike>;

/** What {@linkcode TokenFetch} is called with, always. */
export interface TokenFetchInit {
  /** Always `"POST"`. */
  method: "POST";
  /** The content type, and nothing else. */
  headers: Record<string, string>;
  /** The form-encoded credentials. */
  body: string;
  /** Always `"manual"`. */
  redirect: "manual";
  /** Aborts when a deadline runs out or the caller leaves. */
  signal: AbortSignal;
}

/** How {@linkcode requestToken} gets a token. Read once, copied and checked. */
export interface RequestTokenOptions extends TokenTarget {
  /** The portal's *client id*. */
  readonly clientId: string;
  /** The portal's *client secret*, or a function that is asked for it before each token request. */
  readonly clientSecret: ClientSecret;
  /** Sends the request. Default: `globalThis.fetch`, looked up at each call. */
  readonly fetch?: TokenFetch;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: () => number;
  /** Draws jitter: 0 ≤ n < 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** For everything in total, the answer's body and all retries included, in ms. Default: 10,000. */
  readonly timeout?: number;
  /** For each attempt, the answer's body included, in ms. Default: 4,000. */
  readonly attemptTimeout?: number;
  /**
   * How often a network failure, a timed-out attempt, a 5xx or a 429 is tried again, after
   * a jittered pause (250 ms, doubling) or `Retry-After`, inside `timeout`. Default: 2.
   */
  readonly retries?: number;
}

/** One run of the grant under its total deadline. */
export interface Run {
  secret: string;
  request: TokenRequest;
  signal: AbortSignal;
  /** When the total deadline runs out: epoch ms. */
  endsAt: number;
  /** What a timeout would blame. */
  phase: string;
  /** How often the request was sent. */
  attempt: number;
}

/** The grant with its options normalised: what a token source is made of. */
export interface Grant {
  readonly clientId: string;
  readonly tokenEndpoint: string;
  readonly timeout: number;
  readonly now: () => number;
  readonly random: () => number;
  /** Asks for the secret of today, then does `work`, all under the total deadline. */
  run<T>(signal: AbortSignal | undefined, work: (run: Run) => Promise<T>): Promise<T>;
  /** Sends the request, `retries` times more if need be. */
  mint(run: Run, retries?: number): Promise<AccessToken>;
}

/** Half the longest first pause before another try, in ms. */
const BACKOFF = 125;

/**
 * Requests an access token: builds the POST of KPN's cURL examples, sends it with
 * `fetch`, reads the answer. One token a call; to keep and renew it, make a token source.
 *
 * @param options Credentials, and where and how to ask. See {@linkcode RequestTokenOptions}.
 * @param caller `signal` ends the request; its reason is rethrown untouched.
 * @throws {KpnAuthError} If no token can be had; `code` says why, the message what to do.
 * @throws {TypeError} If an option cannot be used; see {@linkcode createTokenRequest}.
 * @throws {RangeError} If a number among the options is out of range.
 *
 * @example
 * ```ts
 * import { requestToken } from "@kpn-auth/kpn-auth";
 *
 * const token = await requestToken({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * console.log(token.level, new Date(token.expiresAt));
 * ```
 */
export async function requestToken(
  options: RequestTokenOptions,
  caller: { readonly signal?: AbortSignal } = {},
): Promise<AccessToken> {
  const grant = createGrant(options);
  return await grant.run(caller.signal, grant.mint);
}

/** Checks and copies the options; reads no clock, draws no randomness, does no I/O. */
export function createGrant(options: RequestTokenOptions): Grant {
  const {
    clientId,
    clientSecret,
    fetch: injected,
    now = Date.now,
    random = Math.random,
    timeout = 10_000,
    attemptTimeout = 4_000,
    retries: usualRetries = 2,
  } = options;
  checkNumbers({ timeout, attemptTimeout, retries: usualRetries });
  // Built to check the options: the id stands in for a secret that is not there yet.
  const { url: tokenEndpoint } = createTokenRequest(
    { clientId, clientSecret: typeof clientSecret === "function" ? clientId : clientSecret },
    options,
  );

  const timedOut = (option: string, ms: number, run: Run) => () =>
    new KpnAuthError(
      "timeout",
      `Cannot get a token: ${option} (${ms} ms) ran out while ${run.phase}.`,
    );

  return {
    clientId,
    tokenEndpoint,
    timeout,
    now,
    random,

    run(caller, work) {
      const run = { phase: "asking clientSecret()", endsAt: now() + timeout } as Run;
      return within(timeout, caller, async (signal) => {
        run.signal = signal;
        try {
          run.secret = typeof clientSecret === "function" ? await clientSecret() : clientSecret;
          run.request = createTokenRequest(
            { clientId, clientSecret: run.secret },
            { tokenEndpoint, allowInsecureHttp: true }, // checked above
          );
        } catch (error) {
          const cause = causeOf(error);
          throw new KpnAuthError(
            "secret_unavailable",
            `Cannot get a token: clientSecret() failed: ${cause.message}.`,
            { cause },
          );
        }
        return work(run);
      }, timedOut("timeout", timeout, run));
    },

    async mint(run, retries = usualRetries) {
      const { url, ...init } = run.request;
      for (run.attempt = 1;; run.attempt++) {
        try {
          return await within(
            attemptTimeout,
            run.signal,
            async (signal) => {
              // Called as a bare function: as a method it is an "Illegal invocation" on workerd and Chromium.
              const fetch: TokenFetch = injected ?? globalThis.fetch;
              const requestedAt = now();
              run.phase = "waiting for the answer";
              const response = await fetch(url, { ...init, signal });
              run.phase = "reading the answer";
              return toAccessToken(await readWire(response, run.secret, now, signal), requestedAt);
            },
            timedOut("attemptTimeout", attemptTimeout, run),
          );
        } catch (thrown) {
          const error = networkError(thrown, url, run.secret);
          const delay = error.retryAfter ?? random() * BACKOFF * 2 ** run.attempt;
          if (!error.retryable || run.attempt > retries || now() + delay >= run.endsAt) throw error;
          await within(delay, run.signal, nothing);
        }
      }
    },
  };
}

/** Refuses what no timer takes. */
export function checkNumbers(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value >= 0 && value <= MAX_TIMER) continue;
    throw new RangeError(`Cannot use ${name}: it must be 0 to ${MAX_TIMER}`);
  }
}
