/**
 * One Durable Object that mints for all isolates of all locations, and the token source that asks it.
 *
 * @module
 */

import { withDeadline } from "../deadline.ts";
import {
  causeOf,
  KpnAuthError,
  type KpnAuthErrorCode,
  type KpnAuthErrorDetails,
} from "../errors.ts";
import type { TokenCall, TokenSource } from "../source.ts";
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
  readonly error: KpnAuthErrorDetails & {
    readonly code: KpnAuthErrorCode;
    readonly message: string;
  };
}

const failure = (code: KpnAuthErrorCode, how: string, cause?: Error): Failure => ({
  error: { code, message: `Cannot get a token: the Durable Object ${how}.`, ...cause && { cause } },
});

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
    const answer = await this.#source.token(call).catch((error): Failure => {
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

  async function ask({ signal, rejected }: TokenCall): Promise<AccessToken> {
    const answer = await withDeadline<unknown>(
      timeout,
      signal,
      async (signal) => {
        const object = namespace.get(namespace.idFromName(name));
        const init = { method: "POST", body: JSON.stringify({ rejected }), signal };
        const response = await object.fetch("https://kpn-auth/token", init);
        return await response.json().catch(() => {});
      },
      () => failure("timeout", `gave no answer within ${timeout} ms`),
    ).catch((thrown) => {
      signal?.throwIfAborted();
      const cause = causeOf(thrown, rejected?.value ?? "");
      return failure("network_error", `failed (${cause.message})`, cause);
    });
    if (isAccessToken(answer)) return Object.freeze(answer);
    const { error } = answer as Failure ?? failure("invalid_response", "is no TokenObject");
    throw new KpnAuthError(error.code, error.message, error);
  }

  return {
    async token(call = {}) {
      call.signal?.throwIfAborted();
      if (!held || now() >= held.until || held.token.value === call.rejected?.value) {
        const token = await ask(call);
        // The object's source ages a token a little sooner: it has a new one when it is asked.
        held = { token, until: agesOf(token, { ageing: 300_000, stale: 10_000 }, 1).ageingAt };
      }
      return held.token;
    },
  };
}
