/** The client credentials grant (RFC 6749 section 4.4): builds, sends and reads, with deadlines and retries. */

import type { ResponseLike } from "./body.ts";
import { createController, nothing, onAbort, within } from "./deadline.ts";
import { causeOf, KpnAuthError } from "./errors.ts";
import type { KpnAuthEvent } from "./events.ts";
import { fetchOf, signalFor } from "./host.ts";
import { networkError } from "./network.ts";
import { checkNumbers } from "./numbers.ts";
import { checkFunctions, checkObject, quoted, refuse } from "./options.ts";
import { createTokenRequest, type TokenRequest, type TokenTarget } from "./request.ts";
import { readWire, toAccessToken } from "./response.ts";
import type { AccessToken } from "./token.ts";

/** A client id or a secret, or a function that returns the current one (from a secret manager). */
export type Credential = string | (() => string | Promise<string>);

/** The part of `fetch` that a token request needs. The `fetch` of every runtime and of undici fits. */
export type TokenFetch = (url: string, init: TokenFetchInit) => Promise<ResponseLike>;

/** The init that {@linkcode TokenFetch} is called with. It is a copy, which a wrapper may change. */
export interface TokenFetchInit {
  /** Always `"POST"`. */
  method: "POST";
  /** The content type, and nothing else. */
  headers: Record<string, string>;
  /** The form-encoded credentials. */
  body: string;
  /** Always `"manual"`. */
  redirect: "manual";
  /** Aborts when a deadline passes or the caller aborts. */
  signal: AbortSignal;
  /**
   * Keeps this request out of Next.js's cache and rendering: Next.js caches `fetch`, even a `POST`.
   * Other runtimes ignore it.
   */
  next: { internal: true; revalidate: 0 };
}

/** Options of {@linkcode requestToken}, which reads them once, checks and copies them. */
export interface RequestTokenOptions extends TokenTarget {
  /** The portal's *client id*, or a function that returns it; called together with `clientSecret`. */
  readonly clientId: Credential;
  /** The portal's *client secret*, or a function that returns it; called before each token request. */
  readonly clientSecret: Credential;
  /** Sends the request. Default: `globalThis.fetch`, looked up for each request. */
  readonly fetch?: TokenFetch | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Returns a random number for jitter: 0 ≤ n < 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** The deadline for everything, including the answer's body and all retries, in ms. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** The deadline for each attempt, including the answer's body, in ms. Default: 4,000. */
  readonly attemptTimeout?: number | undefined;
  /**
   * How often the request is retried after a network error, a timed-out attempt, a server error or a
   * rate limit. Before each retry it waits for `Retry-After`, or else for a random time up to 250 ms,
   * which doubles each time; it does not retry past `timeout`. Default: 2.
   */
  readonly retries?: number | undefined;
}

/** One run of the grant under its total deadline. */
export interface Run {
  readonly clientId: string;
  readonly secret: string;
  /** What messages must not quote: the secret, and the values of `parameters`. */
  readonly secrets: readonly string[];
  readonly request: TokenRequest;
  /** Aborts when the total deadline passes, and when the run is over. */
  readonly signal: AbortSignal;
  /** When the total deadline passes: epoch ms. */
  readonly endsAt: number;
  /** What the run is doing, for the message of a timeout. */
  phase: string;
  /** How often the request was sent. */
  attempt: number;
}

/** What a layer is asked for. */
export interface Ask {
  /** The run of the grant, under its deadline. */
  readonly run: Run;
  /** Whether a good token is still held: then there are no retries. */
  readonly renewing: boolean;
  /** The value of the rejected token to replace, if any: the held one, or else the one that the caller reports. */
  readonly rejected: string | undefined;
  /** Whether another machine's token makes a token request unnecessary. */
  spares(token: AccessToken): boolean;
  /** Registers work that continues in the background after the token was handed out. */
  behind(work: Promise<unknown>): void;
}

/** A function that obtains a token; layers wrap one another. */
export type Layer<Asked = Ask> = (ask: Asked) => Promise<AccessToken>;

/** The options of a grant, checked and copied. */
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

/** Half of the longest pause before the first retry, in ms. */
const BACKOFF = 125;

/**
 * Requests an access token: builds the POST of KPN's cURL examples, sends it with `fetch`, and
 * reads the answer. Each call requests a token; to keep and renew one, use {@linkcode createTokenSource}.
 *
 * @param options Credentials, and where and how to request the token.
 * @param caller `signal` ends the request: the promise rejects with its reason. Default: none.
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

/** Checks and copies the options. Reads no clock, takes no random number and does no I/O. */
export function createGrant(options: RequestTokenOptions): Grant {
  checkObject("options", options);
  const { clientId, clientSecret, fetch, now = Date.now, random = Math.random } = options;
  const { timeout = 10_000, attemptTimeout = 4_000, retries = 2 } = options;
  checkFunctions({ fetch, now, random });
  checkNumbers({ timeout, attemptTimeout, retries });
  // A function is called later; until then any text takes the place of its result.
  const text = (value: Credential) => typeof value === "function" ? "-" : value;
  const { url: tokenEndpoint } = createTokenRequest(
    { clientId: text(clientId), clientSecret: text(clientSecret) },
    options,
  );
  const target = { tokenEndpoint, parameters: { ...options.parameters }, allowInsecureHttp: true };
  const clock = () => {
    const time = now();
    return Number.isFinite(time) ? time : refuse("now", `returned ${quoted(time)}, not epoch ms`);
  };
  const times = { timeout, attemptTimeout, retries };
  return { clientId, clientSecret, target, fetch, now: clock, random, ...times };
}

/** Gets the current credentials, then does `work`, all under the total deadline. */
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

/** The current credentials, and the request made from them. */
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

/** The lowest layer: requests a token from KPN, and emits its events. */
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

/** Sends the request until there is a token, or no retry is left. */
async function mint(grant: Grant, run: Run, retries: number): Promise<AccessToken> {
  const { now, random, timeout, attemptTimeout } = grant;
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
      const left = Math.min(timeout, run.endsAt - now()); // the clock may have been set back
      if (!error.retryable || run.attempt > retries || delay >= left) throw error;
      await within(delay, run.signal, nothing);
    }
  }
}

/** One attempt. `fetch` is called as a bare function: as a method, workerd and Chromium throw "Illegal invocation". */
async function send(grant: Grant, run: Run, signal: AbortSignal): Promise<AccessToken> {
  const { now } = grant;
  const fetch = fetchOf<TokenFetch>(grant.fetch);
  const { url, headers, ...init } = run.request;
  run.phase = "waiting for the answer";
  const requestedAt = now();
  // A separate signal: `signal` also aborts after a success, while a wrapper may still read a clone.
  const failed = createController();
  const stay = onAbort(signal, () => failed.abort());
  const response = await fetch(url, {
    ...init,
    headers: { ...headers },
    signal: signalFor(failed.signal),
    // `revalidate` alone would make a static page dynamic, and Next.js fails if it notices that late.
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
