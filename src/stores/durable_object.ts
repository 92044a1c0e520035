/**
 * One Durable Object that mints for all isolates of all locations, and the token source that asks it.
 *
 * @module
 */

import { within } from "../deadline.ts";
import {
  causeOf,
  KpnAuthError,
  type KpnAuthErrorCode,
  type KpnAuthErrorDetails,
} from "../errors.ts";
import type { TokenCall, TokenSource } from "../source.ts";
import { type AccessToken, agesOf, isAccessToken } from "../token.ts";

/** The part of a `DurableObjectStub` that is used here. */
export interface TokenObjectStub {
  /** Sends a request to the object. */
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** How {@linkcode durableObjectSource} waits for the object. */
export interface DurableObjectSourceOptions {
  /** How long to wait for it, in ms. Default: 12,000: its own source gives up after 10,000. */
  readonly timeout?: number;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: () => number;
}

/** What travels back in a token's stead, if it is our object that answers. */
interface Failure {
  readonly error?: KpnAuthErrorDetails & { readonly code: KpnAuthErrorCode; message: string };
}

/**
 * The Durable Object: extend it with a constructor that gives it its token source, whose
 * single flight is the exclusion. Bind it to its own Worker only: who reaches it, gets the token.
 *
 * @example
 * ```ts
 * import { createTokenSource } from "@kpn-auth/kpn-auth";
 * import { TokenObject } from "@kpn-auth/kpn-auth/stores/durable-object";
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
  readonly #source: TokenSource;

  /** Holds `source`, from which all who ask get their token. */
  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** Answers {@linkcode durableObjectSource}: with a token, or with what its source threw. */
  async fetch(request: Request): Promise<Response> {
    const call: TokenCall = await request.json();
    const answer = await this.#source.token(call).catch((error: KpnAuthError) => {
      return { error: { ...error, message: error.message } };
    });
    return Response.json(answer);
  }
}

/**
 * A token source that asks a {@linkcode TokenObject}, and keeps its token until it ages:
 * make it once an isolate, not once a request.
 *
 * It shares no promise between requests. Its errors are those of the object's source; where
 * the object itself cannot be reached, a retryable `network_error` or `timeout`.
 *
 * @param object How to reach the object: called before each request, since a stub belongs to one.
 * @param options How long to wait for it.
 *
 * @example
 * ```ts
 * import { authorizedFetch, type TokenSource } from "@kpn-auth/kpn-auth";
 * import { durableObjectSource, type TokenObjectStub } from "@kpn-auth/kpn-auth/stores/durable-object";
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
  const { timeout = 12_000, now = Date.now } = options;
  let held: AccessToken | undefined;
  let heldUntil = 0;

  async function send(rejected: TokenCall["rejected"], signal: AbortSignal): Promise<unknown> {
    try {
      const body = JSON.stringify({ rejected });
      const answer = await object().fetch("https://kpn-auth", { method: "POST", body, signal });
      return await answer.json().catch(() => {});
    } catch (error) {
      const { message } = causeOf(error, rejected?.value ?? "");
      throw failure("network_error", `failed (${message})`);
    }
  }

  return {
    async token({ signal, rejected } = {}) {
      signal?.throwIfAborted();
      if (held && now() < heldUntil && held.value !== rejected?.value) return held;
      const answer = await within(
        timeout,
        signal,
        (signal) => send(rejected, signal),
        () => failure("timeout", `took over ${timeout} ms`),
      );
      if (!isAccessToken(answer)) {
        const { error } = Object(answer) as Failure;
        if (error) throw new KpnAuthError(error.code, error.message, error);
        throw failure("invalid_response", "is no TokenObject");
      }
      // The object's source ages a token a little sooner: it has a new one when it is asked.
      heldUntil = agesOf(answer, { ageing: 300_000, stale: 10_000 }, 1).ageingAt;
      return held = Object.freeze(answer);
    },
  };
}

function failure(code: KpnAuthErrorCode, how: string): KpnAuthError {
  return new KpnAuthError(code, `Cannot get a token: the Durable Object ${how}.`);
}
