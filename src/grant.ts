/** The client credentials grant (RFC 6749 section 4.4): build, send, read; deadlines and retries. */

import type { ResponseLike } from "./body.ts";
import { createController, nothing, onAbort, within } from "./deadline.ts";
import { causeOf, KpnAuthError } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import { fetchOf, signalFor } from "./host.ts";
import { networkError } from "./network.ts";
import { checkNumbers } from "./numbers.ts";
import { checkFunctions, checkObject } from "./options.ts";
import { createTokenRequest, type TokenRequest, type TokenTarget } from "./request.ts";
import { readWire, toAccessToken } from "./response.ts";
import type { AccessToken } from "./token.ts";

/** A client id or a secret, or a function that gives the one of today (from a secret manager). */
export type Credential = string | (() => string | Promise<string>);

/** The part of `fetch` that a token request takes; undici's, Bun's and a plain arrow function fit. */
export type TokenFetch = (url: string, init: TokenFetchInit) => Promise<ResponseLike>;

/** What {@linkcode TokenFetch} is called with, always. It is a copy: a wrapper may change it. */
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
  /**
   * For Next.js, which caches `fetch`, a `POST` too: neither its cache nor its rendering sees this
   * request. Every other runtime ignores it.
   */
  next: { internal: true; revalidate: 0 };
}

/** How {@linkcode requestToken} gets a token. Read once, copied and checked. */
export interface RequestTokenOptions extends TokenTarget {
  /** The portal's *client id*, or a function that is asked for it together with the secret. */
  readonly clientId: Credential;
  /** The portal's *client secret*, or a function that is asked for it before each token request. */
  readonly clientSecret: Credential;
  /** Sends the request. Default: `globalThis.fetch`, looked up at each call. */
  readonly fetch?: TokenFetch | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Draws jitter: 0 ≤ n < 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** For everything in total, the answer's body and all retries included, in ms. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** For each attempt, the answer's body included, in ms. Default: 4,000. */
  readonly attemptTimeout?: number | undefined;
  /**
   * How often a network failure, a timed-out attempt, a 5xx or a 429 is tried again, after
   * a jittered pause (250 ms, doubling) or `Retry-After`, inside `timeout`. Default: 2.
   */
  readonly retries?: number | undefined;
}

/** One run of the grant under its total deadline. */
export interface Run {
  readonly clientId: string;
  readonly secret: string;
  /** What no message may quote: the secret, and the values of `parameters`. */
  readonly secrets: readonly string[];
  readonly request: TokenRequest;
  /** Aborts when the total deadline runs out, and when the run is over. */
  readonly signal: AbortSignal;
  /** When the total deadline runs out: epoch ms. */
  readonly endsAt: number;
  /** What a timeout would blame. */
  phase: string;
  /** How often the request was sent. */
  attempt: number;
}

/** What is asked of a layer. */
export interface Ask {
  /** The run of the grant, under its deadline. */
  readonly run: Run;
  /** Whether a good token is still held, so that one attempt has to do. */
  readonly renewing: boolean;
  /** The rejected token that has to be replaced, if any: the held one, or else what the caller names. */
  readonly rejected: string | undefined;
  /** Whether a token that another machine obtained spares the mint. */
  spares(token: AccessToken): boolean;
  /** Takes work that goes on after the token was handed out. */
  behind(work: Promise<unknown>): void;
}

/** Something that obtains a token; layers wrap one another. */
export type Layer<Asked = Ask> = (ask: Asked) => Promise<AccessToken>;

/** The options, checked and copied: what a token source is made of. */
export interface Grant {
  readonly clientId: Credential;
  readonly clientSecret: Credential;
  readonly target: TokenTarget & { readonly tokenEndpoint: string };
  readonly fetch: TokenFetch | undefined;
  readonly now: () => number;
  readonly random: () => number;
  readonly timeout: number;
  readonly attemptTimeout: number;
  readonly retries: number;
}

/** Half the longest first pause before another try, in ms. */
const BACKOFF = 125;

/**
 * Requests an access token: builds the POST of KPN's cURL examples, sends it with
 * `fetch`, reads the answer. One token a call; to keep and renew it, make a token source.
 *
 * @param options Credentials, and where and how to ask. See {@linkcode RequestTokenOptions}.
 * @param caller `signal` ends the request; its reason is rethrown untouched.
 * @returns The token.
 * @throws {KpnAuthError} If no token can be obtained; `code` says why, the message what to do.
 * @throws {TypeError} If an option cannot be used; see {@linkcode createTokenRequest}.
 * @throws {RangeError} If a number among the options is out of range.
 *
 * @example
 * ```ts
 * import { requestToken } from "kpn-auth";
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
  caller: { readonly signal?: AbortSignal | undefined } = {},
): Promise<AccessToken> {
  const grant = createGrant(options);
  return await runGrant(grant, caller.signal, (run) => mint(grant, run, grant.retries));
}

/** Checks and copies the options; reads no clock, draws no randomness, does no I/O. */
export function createGrant(options: RequestTokenOptions): Grant {
  checkObject("options", options);
  const { clientId, clientSecret, fetch, now = Date.now, random = Math.random } = options;
  const { timeout = 10_000, attemptTimeout = 4_000, retries = 2 } = options;
  checkFunctions({ fetch, now, random });
  checkNumbers({ timeout, attemptTimeout, retries });
  // A function is asked later: until then any text stands for what it gives.
  const text = (value: Credential) => typeof value === "function" ? "-" : value;
  const { url: tokenEndpoint } = createTokenRequest(
    { clientId: text(clientId), clientSecret: text(clientSecret) },
    options,
  );
  const target = { tokenEndpoint, parameters: { ...options.parameters }, allowInsecureHttp: true };
  return { clientId, clientSecret, target, fetch, now, random, timeout, attemptTimeout, retries };
}

/** Asks for the credentials of today, then does `work`, all under the total deadline. */
export function runGrant<T>(
  grant: Grant,
  caller: AbortSignal | undefined,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { timeout, now } = grant;
  const run = { phase: ASKING, endsAt: now() + timeout, attempt: 0 };
  return within(
    timeout,
    caller,
    async (signal) => await work(Object.assign(run, await askCredentials(grant), { signal })),
    timedOut("timeout", timeout, run),
  );
}

const ASKING = "asking for clientId and clientSecret";

/** The credentials of today, and the request made of them. */
async function askCredentials({ clientId, clientSecret, target }: Grant) {
  const ask = async (value: Credential) => typeof value === "function" ? await value() : value;
  try {
    const [id, secret] = await Promise.all([ask(clientId), ask(clientSecret)]);
    const request = createTokenRequest({ clientId: id, clientSecret: secret }, target);
    const secrets = [secret, ...Object.values(target.parameters ?? {})];
    return { clientId: id, secret, secrets, request };
  } catch (error) {
    const cause = causeOf(error);
    const message = `Cannot get a token: ${ASKING} failed: ${cause.message}.`;
    throw new KpnAuthError("secret_unavailable", message, { cause });
  }
}

/** The lowest layer: requests a token from KPN, and emits what comes of it. */
export function minting(grant: Grant, announce: (event: KpnAuthEvent) => void): Layer {
  return async ({ run, renewing }) => {
    announce({ type: "mintStarted" });
    const startedAt = grant.now();
    const token = await mint(grant, run, renewing ? 0 : grant.retries);
    announce({
      type: "mintSucceeded",
      duration: grant.now() - startedAt,
      attempt: run.attempt,
      expiresAt: token.expiresAt,
    });
    return token;
  };
}

/** Sends the request until there is a token, or no other try is left. */
async function mint(grant: Grant, run: Run, retries: number): Promise<AccessToken> {
  const { now, random, attemptTimeout } = grant;
  for (run.attempt = 1;; run.attempt++) {
    try {
      return await within(
        attemptTimeout,
        run.signal,
        (signal) => send(grant, run, signal),
        timedOut("attemptTimeout", attemptTimeout, run),
      );
    } catch (thrown) {
      const error = networkError(thrown, run.request.url, run.secrets);
      const delay = error.retryAfter ?? random() * BACKOFF * 2 ** run.attempt;
      if (!error.retryable || run.attempt > retries || now() + delay >= run.endsAt) throw error;
      await within(delay, run.signal, nothing);
    }
  }
}

/** One attempt. `fetch` is called as a bare function: as a method it is an "Illegal invocation" on workerd and Chromium. */
async function send(grant: Grant, run: Run, signal: AbortSignal): Promise<AccessToken> {
  const { now } = grant;
  const fetch = fetchOf<TokenFetch>(grant.fetch);
  const { url, headers, ...init } = run.request;
  run.phase = "waiting for the answer";
  const requestedAt = now();
  // Of its own, since `signal` aborts after a success, too: a wrapper may still read a clone then.
  const failed = createController();
  const stay = onAbort(signal, () => failed.abort());
  const response = await fetch(url, {
    ...init,
    headers: { ...headers },
    signal: signalFor(failed.signal),
    // `revalidate` alone would make a static page dynamic, and Next.js fails where that comes late.
    next: { internal: true, revalidate: 0 },
  });
  run.phase = "reading the answer";
  const token = toAccessToken(await readWire(response, run.secrets, now, signal), requestedAt);
  stay();
  return token;
}

function timedOut(option: string, ms: number, run: { readonly phase: string }) {
  return () =>
    new KpnAuthError(
      "timeout",
      `Cannot get a token: ${option} (${ms} ms) ran out while ${run.phase}.`,
    );
}
