/**
 * A Durable Object that requests tokens for all isolates of all locations, and a token source that asks it.
 *
 * @module
 */

import { cached, type TokenCall, type TokenSource } from "../cached.ts";
import type { WaitUntil } from "../wait_until.ts";
import { within } from "../deadline.ts";
import {
  causeOf,
  isKpnAuthError,
  KpnAuthError,
  type KpnAuthErrorCode,
  type KpnAuthErrorDetails,
  wordsOf,
} from "../errors.ts";
import { announcer, type EventListener } from "../events.ts";
import { checkNumbers } from "../numbers.ts";
import { type AccessToken, readStoredToken } from "../token.ts";
import { secureUrl } from "../url.ts";

/** The part of a `DurableObjectStub` that is used here. */
export interface TokenObjectStub {
  /** Sends a request to the object. */
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** Options of {@linkcode durableObjectSource}. */
export interface DurableObjectSourceOptions {
  /** How long to wait for the object, in ms. Default: 12,000; the object's own source waits for 10,000. */
  readonly timeout?: number | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** The origin that the object's tokens are for. Default: KPN's gateway. */
  readonly origin?: string | undefined;
  /** Receives an event whenever something happens to the token. Default: none. */
  readonly onEvent?: EventListener | undefined;
  /** Keeps the runtime alive for background work. Default: none. */
  readonly waitUntil?: WaitUntil | undefined;
}

/** The object's answer if its source threw. */
interface Failure {
  readonly kpnAuthError?: KpnAuthErrorDetails & {
    readonly code: KpnAuthErrorCode;
    readonly message: string;
  };
}

/**
 * The Durable Object. Extend it with a constructor that passes its token source, which requests one
 * token at a time. Bind it only to its own Worker: any Worker that can reach it gets the token.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "kpn-auth";
 * import { TokenObject } from "kpn-auth/stores/durable-object";
 *
 * interface Env {
 *   readonly KPN_CLIENT_ID: string;
 *   readonly KPN_CLIENT_SECRET: string;
 * }
 * // export it from the Worker
 * class KpnToken extends TokenObject {
 *   constructor(_state: unknown, env: Env) {
 *     super(
 *       createTokenSource({ clientId: env.KPN_CLIENT_ID, clientSecret: env.KPN_CLIENT_SECRET }),
 *     );
 *   }
 * }
 * ```
 */
export class TokenObject {
  /** The brand that `wrangler types` expects of a Durable Object. It exists only as a type. */
  declare readonly __DURABLE_OBJECT_BRAND: never;
  readonly #source: TokenSource;

  /**
   * Makes the object.
   *
   * @param source Where it gets its tokens, such as `createTokenSource`.
   */
  constructor(source: TokenSource) {
    this.#source = source;
  }

  /**
   * Answers {@linkcode durableObjectSource}: with a token, or with the error of its source.
   *
   * @param request A request of {@linkcode durableObjectSource}.
   * @returns The answer, as JSON.
   */
  async fetch(request: Request): Promise<Response> {
    const call: TokenCall = await request.json();
    const answer = await this.#source.token(call).catch((error: unknown) => {
      if (!isKpnAuthError(error)) throw error; // a mistake in the Worker
      const { message, cause } = error;
      const { below: _, ...words } = wordsOf(cause);
      return { kpnAuthError: { ...error, message, ...cause ? { cause: words } : {} } };
    });
    return Response.json(answer);
  }
}

/**
 * Makes a token source that asks a {@linkcode TokenObject}, and keeps its token like any other source.
 * Make one per isolate, not one per request.
 *
 * Its errors are those of the object's source, or a retryable `network_error` or `timeout` if the
 * object itself cannot be reached. It asks the object only when its token ages or is rejected.
 *
 * @param object Returns the object's stub. It is called before each request, since a stub belongs to
 * one request.
 * @param options How long to wait, and what else the source needs. Default: 12 seconds.
 * @returns The source.
 * @throws {TypeError} If `timeout` is not a number, `onEvent` is not a function, or `origin` is neither
 * https nor on loopback.
 * @throws {RangeError} If `timeout` is out of range.
 *
 * @example
 * ```ts
 * import { authorizedFetch, type TokenSource } from "kpn-auth";
 * import { durableObjectSource, type TokenObjectStub } from "kpn-auth/stores/durable-object";
 *
 * interface Env {
 *   readonly KPN_TOKEN: { getByName(name: string): TokenObjectStub }; // a DurableObjectNamespace
 * }
 * let source: TokenSource | undefined;
 * const worker = {
 *   fetch(_request: Request, env: Env) {
 *     source ??= durableObjectSource(() => env.KPN_TOKEN.getByName("kpn"));
 *     return authorizedFetch(source)("/communication/nexmo/number-insight/basic", {
 *       method: "POST",
 *       body: new URLSearchParams({ number: "447700900000" }),
 *     });
 *   },
 * };
 * ```
 */
export function durableObjectSource(
  object: () => TokenObjectStub,
  options: DurableObjectSourceOptions = {},
): TokenSource {
  const { timeout = 12_000, now = Date.now, origin, waitUntil } = options;
  checkNumbers({ timeout });
  if (origin !== undefined) secureUrl("origin", origin, false);
  const ask: Parameters<typeof cached>[0] = ({ rejected }) =>
    within(
      timeout,
      undefined,
      (signal) => askObject(object, rejected, signal),
      () => failure("timeout", `took over ${timeout} ms`),
    );
  return cached(ask, {
    timeout,
    now,
    origin,
    waitUntil,
    announce: announcer(options.onEvent),
    margins: { ageing: 300_000, stale: 10_000 },
    random: () => 1, // the latest ageing: by then the object's source has renewed the token
  });
}

async function askObject(
  object: () => TokenObjectStub,
  rejected: string | undefined,
  signal: AbortSignal,
): Promise<AccessToken> {
  const body = JSON.stringify(rejected === undefined ? {} : { rejected: { value: rejected } });
  let answer: unknown;
  try {
    const response = await object().fetch("https://kpn-auth", { method: "POST", body, signal });
    answer = await response.json().catch(() => {});
  } catch (error) {
    throw failure("network_error", `failed (${causeOf(error, [rejected ?? ""]).message})`);
  }
  const token = readStoredToken(answer);
  if (token) return token;
  const { kpnAuthError: error } = Object(answer) as Failure;
  if (!error?.code) throw failure("invalid_response", "is not a TokenObject");
  const cause = error.cause && { cause: causeOf(error.cause) };
  throw new KpnAuthError(error.code, error.message, { ...error, ...cause });
}

function failure(code: KpnAuthErrorCode, how: string): KpnAuthError {
  return new KpnAuthError(code, `Cannot get a token: the Durable Object ${how}.`);
}
