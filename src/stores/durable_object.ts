/**
 * One Durable Object that mints for all isolates of all locations, and the token source that asks it.
 *
 * @module
 */

import { withDeadline } from "../deadline.ts";
import { causeOf, KpnAuthError, type KpnAuthErrorCode } from "../errors.ts";
import type { TokenSource } from "../source.ts";
import { type AccessToken, agesOf, isAccessToken } from "../token.ts";

/** The part of a `DurableObjectNamespace` that is used here. */
export interface DurableObjects<Id> {
  /** The id that belongs to a name. */
  idFromName(name: string): Id;
  /** The object with this id. */
  get(id: Id): { fetch(url: string, init: RequestInit): Promise<Response> };
}

/** How {@linkcode durableObjectSource} asks the object. */
export interface DurableObjectSourceOptions {
  /** Which object: one for each client id. Default: `"kpn-auth"`. */
  readonly name?: string;
  /** How long to wait for it, in ms. Default: 12,000: its own source gives up after 10,000. */
  readonly timeout?: number;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: () => number;
}

/** What travels back in a token's stead. */
interface Failure {
  readonly error: { readonly code: KpnAuthErrorCode; readonly message: string };
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

  /** Answers {@linkcode durableObjectSource}. */
  async fetch(request: Request): Promise<Response> {
    const { rejected } = await request.json() as { rejected?: string };
    try {
      return Response.json(
        await this.#source.token(rejected ? { rejected: { value: rejected } } : {}),
      );
    } catch (error) {
      if (!(error instanceof KpnAuthError)) throw error;
      const failure: Failure = { error: { ...error, message: error.message } };
      return Response.json(failure, { status: 503 });
    }
  }
}

/**
 * A token source that asks a {@linkcode TokenObject}, and keeps its token until it ages:
 * make it once an isolate, not once a request.
 *
 * It shares no promise between requests. Its errors are those of the object's source; where
 * the object itself cannot be reached, a retryable `network_error` or `timeout`.
 *
 * @param namespace The binding of the object's class.
 * @param options Which object, how long to wait.
 *
 * @example
 * ```ts
 * import { authorizedFetch, type TokenSource } from "@kpn-auth/kpn-auth";
 * import { type DurableObjects, durableObjectSource } from "@kpn-auth/kpn-auth/stores/durable-object";
 *
 * let source: TokenSource | undefined;
 * const worker = {
 *   fetch(_request: Request, env: { KPN_TOKEN: DurableObjects<unknown> }) {
 *     source ??= durableObjectSource(env.KPN_TOKEN);
 *     return authorizedFetch(source)("/communication/nexmo/number-insight/basic", {
 *       method: "POST",
 *       body: new URLSearchParams({ number: "447700900000" }),
 *     });
 *   },
 * };
 * ```
 */
export function durableObjectSource<Id>(
  namespace: DurableObjects<Id>,
  options: DurableObjectSourceOptions = {},
): TokenSource {
  const { name = "kpn-auth", timeout = 12_000, now = Date.now } = options;
  let held: { readonly token: AccessToken; readonly until: number } | undefined;

  async function ask(rejected: string | undefined, signal: AbortSignal): Promise<AccessToken> {
    const body = JSON.stringify({ rejected });
    let answer: unknown;
    try {
      const object = namespace.get(namespace.idFromName(name));
      const response = await object.fetch("https://kpn-auth/token", {
        method: "POST",
        body,
        signal,
      });
      answer = await response.json().catch(() => undefined);
    } catch (error) {
      const cause = causeOf(error, rejected ?? "");
      throw new KpnAuthError(
        "network_error",
        `Cannot get a token: the Durable Object failed (${cause.message}). Try again.`,
        { cause },
      );
    }
    if (isAccessToken(answer)) return Object.freeze(answer);
    const { code, message, ...details } = Object((answer as Partial<Failure> | undefined)?.error);
    if (code) throw new KpnAuthError(code, message, details);
    throw new KpnAuthError(
      "invalid_response",
      "Cannot get a token: what answered is no TokenObject. Check the binding.",
    );
  }

  return {
    async token({ signal, rejected } = {}) {
      signal?.throwIfAborted();
      if (held && now() < held.until && held.token.value !== rejected?.value) return held.token;
      const token = await withDeadline(
        timeout,
        signal,
        (signal) => ask(rejected?.value, signal),
        () => {
          throw new KpnAuthError(
            "timeout",
            `Cannot get a token: the Durable Object gave no answer within ${timeout} ms. Try again.`,
          );
        },
      );
      // The object's source ages a token a little sooner, so that it has a new one when it is asked.
      held = { token, until: agesOf(token, { ageing: 300_000, stale: 10_000 }, 1).ageingAt };
      return token;
    },
  };
}
