/**
 * One Durable Object that mints for all isolates of all locations, and the token source that asks it.
 *
 * @module
 */

import { cached, type TokenCall, type TokenSource } from "../cached.ts";
import type { WaitUntil } from "../wait_until.ts";
import { within } from "../deadline.ts";
import {
  causeOf,
  KpnAuthError,
  type KpnAuthErrorCode,
  type KpnAuthErrorDetails,
} from "../errors.ts";
import { announcer, type EventListener } from "../events.ts";
import { checkNumbers } from "../numbers.ts";
import { type AccessToken, readStoredToken } from "../token.ts";

/** The part of a `DurableObjectStub` that is used here. */
export interface TokenObjectStub {
  /** Sends a request to the object. */
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** How {@linkcode durableObjectSource} asks the object. */
export interface DurableObjectSourceOptions {
  /** How long to wait for it, in ms. Default: 12,000: its own source gives up after 10,000. */
  readonly timeout?: number | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** The origin that the object's tokens are for. Default: KPN's gateway. */
  readonly origin?: string | undefined;
  /** Hears what happens. */
  readonly onEvent?: EventListener | undefined;
  /** Lets what goes on in the background finish. */
  readonly waitUntil?: WaitUntil | undefined;
}

/** What travels back in a token's stead, if it is our object that answers. */
interface Failure {
  readonly kpnAuthError?: KpnAuthErrorDetails & {
    readonly code: KpnAuthErrorCode;
    readonly message: string;
  };
}

/**
 * The Durable Object: extend it with a constructor that gives it its token source, whose
 * single flight is the exclusion. Bind it to its own Worker only: who reaches it, gets the token.
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
  /** What `wrangler types` looks for in a Durable Object. It is a type alone: no instance has it. */
  declare readonly __DURABLE_OBJECT_BRAND: never;
  readonly #source: TokenSource;

  /** Holds `source`, from which all who ask get their token. */
  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** Answers {@linkcode durableObjectSource}: with a token, or with what its source threw. */
  async fetch(request: Request): Promise<Response> {
    const call: TokenCall = await request.json();
    const answer = await this.#source.token(call).catch((error: KpnAuthError) => {
      return { kpnAuthError: { ...error, message: error.message } };
    });
    return Response.json(answer);
  }
}

/**
 * A token source that asks a {@linkcode TokenObject}, and keeps its token as any source does:
 * make it once an isolate, not once a request.
 *
 * Its errors are those of the object's source; where the object itself cannot be reached, a
 * retryable `network_error` or `timeout`. While its token is valid, it is served without the object.
 *
 * @param object How to reach the object: called before each request, since a stub belongs to one.
 * @param options How long to wait for it.
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
    random: () => 1, // the object's source ages a token a little sooner: it has a new one when it is asked
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
  if (!error) throw failure("invalid_response", "is no TokenObject");
  throw new KpnAuthError(error.code, error.message, error);
}

function failure(code: KpnAuthErrorCode, how: string): KpnAuthError {
  return new KpnAuthError(code, `Cannot get a token: the Durable Object ${how}.`);
}
