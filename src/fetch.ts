/** `fetch` with the token added. */

import { discard, isOk } from "./body.ts";
import { type ApiFetch, prepareCall } from "./call.ts";
import { onAbort, within } from "./deadline.ts";
import { announcer, type EventListener } from "./events.ts";
import { isTokenRejected } from "./fault.ts";
import { fetchOf } from "./host.ts";
import { KPN_ORIGIN } from "./kpn.ts";
import { checkFunctions, refuse } from "./options.ts";
import { checkResponse } from "./response.ts";
import type { TokenCall, TokenSource } from "./cached.ts";
import type { WaitUntil } from "./wait_until.ts";
import type { AccessToken } from "./token.ts";
import { secureUrl } from "./url.ts";

export type { ApiFetch };

/** A function with `fetch`'s own signature that adds the token. */
export type AuthorizedFetch = (
  input: string | URL | Request,
  init?: RequestInit,
) => Promise<Response>;

/** Options of {@linkcode authorizedFetch}. */
export interface AuthorizedFetchOptions {
  /**
   * The origins to which the token may be sent; relative URLs resolve against the first. The path
   * of a URL is ignored. Default: the source's `origin`, or else KPN's gateway.
   */
  readonly origins?: readonly (string | URL)[] | undefined;
  /** Accept `http:` origins that are not on loopback. Default: `false`. */
  readonly allowInsecureHttp?: boolean | undefined;
  /**
   * Decides whether an answer that is not 2xx means that the token was rejected: a new token is
   * then obtained, and the call is sent once more. It gets a copy of the answer, which it can read
   * until it has decided. Default: {@linkcode readFault} gives the code `invalid_token`, which takes
   * at most 1 second and reads at most 64 KiB.
   */
  readonly shouldReplay?: ((response: Response) => boolean | Promise<boolean>) | undefined;
  /**
   * Sends the calls, always as `(string, init)`. A `Request` becomes an init with everything that its
   * properties show. Default: `globalThis.fetch`, looked up at each call.
   */
  readonly fetch?: ApiFetch | undefined;
  /** Keeps an edge runtime alive until token requests that a call starts are done. Default: none. */
  readonly waitUntil?: WaitUntil | undefined;
  /** Receives an event for each call that is sent again. Default: none. */
  readonly onEvent?: EventListener | undefined;
}

/**
 * Makes a `fetch` that sends `authorization: Bearer …` with a token from `source`.
 *
 * The token is sent only to the allowed origins, over https (or http on loopback). If an API answers
 * that the token was rejected or has expired, a new one is obtained, and the call is sent once more.
 * A stream as `init.body` can be sent only once: you get the first answer, and the next call uses the
 * new token. All other answers are returned unchanged, errors and 429s included.
 *
 * It differs from `fetch` in two points. It never follows a redirect, whatever `redirect` says, and
 * returns the redirect instead. And it reads the body of a `Request` before sending it, so that it can
 * be sent again; pass a large stream as `init.body` instead. If a call sets `authorization` itself, it
 * is sent with that value, and no token is requested.
 *
 * A `Request` keeps its options, including `client` (Deno) and `dispatcher` (Node). On Bun a `Request`
 * loses its `proxy`, also with Bun's own `fetch`: pass it in `init`. An injected `fetch` does not
 * get options that no property of the `Request` shows. For a stub without `clone`, only the status and
 * the headers decide whether to send the call again.
 *
 * A form or a file of any class is sent as bytes; this fails for a `Blob` without `arrayBuffer`, such as
 * jsdom's. If `fetch` refuses the class of a signal, it gets one of its own class that follows it.
 *
 * The returned function throws a `TypeError` that names the origin if it is not allowed, a
 * {@linkcode KpnAuthError} if no token can be obtained, `fetch`'s own errors, and the reason of
 * `init.signal` if that aborts. An API call has no deadline other than this signal.
 *
 * @param source Where tokens come from, such as {@linkcode createTokenSource}.
 * @param options Where the token may be sent, and when a call is sent again. Default: the source's
 * origin, and the answers that say that the token was rejected.
 * @returns A function with `fetch`'s own signature.
 * @throws {TypeError} If `origins` is empty, or one of them is not a URL with https or on loopback.
 *
 * @example
 * ```ts
 * import { authorizedFetch, createTokenSource } from "kpn-auth";
 *
 * const source = createTokenSource({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * const kpn = authorizedFetch(source);
 * const response = await kpn("/communication/nexmo/number-insight/basic", {
 *   method: "POST",
 *   body: new URLSearchParams({ number: "447700900000" }),
 * });
 * console.log((await response.json()).country_name); // United Kingdom
 * ```
 */
export function authorizedFetch(
  source: TokenSource,
  options: AuthorizedFetchOptions = {},
): AuthorizedFetch {
  const { fetch, shouldReplay, waitUntil } = options;
  checkFunctions({ fetch, shouldReplay });
  if (typeof source?.token !== "function") refuse("source", "has no method token");
  const origins = originsOf(source, options);
  const announce = announcer(options.onEvent);
  const allow = (url: string) => allowedUrl(url, origins);

  return async (input, init) => {
    const call = await prepareCall(input, init, fetchOf<ApiFetch>(fetch), allow);
    const { signal } = call;
    const send = async (token?: AccessToken) => {
      const sent = async () => {
        const answer = await call.send(token && `Bearer ${token.value}`);
        if (signal?.aborted) discard(answer); // nobody waits for it any more
        return answer;
      };
      // Some hosts' fetch ignores its signal: happy-dom's does during a preflight.
      return checkResponse(await (signal ? within(Infinity, signal, sent) : sent()));
    };
    if (call.authorized) return await send();

    const ask = signal || waitUntil ? { signal, waitUntil } : undefined;
    const token = await source.token(ask);
    const answer = await send(token);
    if (isOk(answer)) return answer;
    const response = cloneable(answer);

    const other = await within(
      Infinity,
      signal,
      async (over) =>
        await isRejected(response, over, shouldReplay) && await replacementOf(token, source, ask),
    ).catch((error) => {
      discard(response);
      throw error;
    });
    if (!other || call.oneShot) return response;
    discard(response);
    announce({ type: "replayed", status: response.status });
    return await send(other);
  };
}

/** The origins to which the token may be sent, checked. */
function originsOf(
  source: TokenSource,
  { origins, allowInsecureHttp }: AuthorizedFetchOptions,
): readonly string[] {
  // The source has decided on http, as it did for the secret.
  if (origins === undefined) {
    return [secureUrl("source.origin", source.origin ?? KPN_ORIGIN, true).origin];
  }
  if (!Array.isArray(origins) || origins.length === 0) {
    refuse(`origins ${JSON.stringify(origins)}`, "must be a list of at least one origin");
  }
  return origins.map((origin) => secureUrl("origins", origin, allowInsecureHttp).origin);
}

/** A path that no URL parser can take for another host. */
const PATH = /^\/(?![/\\\t\n\r])/;

/** The URL to call, if the token may be sent there. Parses only if it must: that costs more than everything else. */
function allowedUrl(given: string, origins: readonly string[]): string {
  if (PATH.test(given)) return origins[0] + given;
  if (isWithin(given, origins)) return given;
  const { href, origin } = new URL(given, origins[0]);
  if (isWithin(href, origins)) return href;
  const allowed = origins.map((origin) => `${origin}/`).join(", ");
  throw new TypeError(
    `Cannot send a token to ${origin}: the option origins only allows URLs that begin with ${allowed}`,
  );
}

/**
 * Whether a URL begins with an allowed origin and a slash: no parser can then take it for another
 * host. This excludes `blob:` URLs, which have the origin of the page, and URLs with a user.
 */
function isWithin(url: string, origins: readonly string[]): boolean {
  return origins.some((origin) => url.startsWith(origin) && url[origin.length] === "/");
}

/** Another token than the rejected one, if one can be obtained. If not, the API's answer says more than our error. */
async function replacementOf(
  rejected: AccessToken,
  source: TokenSource,
  ask: TokenCall | undefined,
): Promise<AccessToken | undefined> {
  try {
    const other = await source.token({ ...ask, rejected });
    return other.value === rejected.value ? undefined : other;
  } catch {
    return undefined;
  }
}

/** Whether an answer says that its token was rejected. */
async function isRejected(
  response: Response,
  over: AbortSignal,
  shouldReplay: AuthorizedFetchOptions["shouldReplay"],
): Promise<boolean> {
  return shouldReplay
    ? await shouldReplay(copyOf(response, over))
    : await isTokenRejected(response, over).catch(() => false);
}

/** A response that can be cloned, once: on Fastly Compute no response has `clone`. */
function cloneable(response: Response): Response {
  const { clone, body } = response;
  if (typeof clone === "function" || !body?.tee || body.locked || !isMakeable(response)) {
    return response;
  }
  const [own, copy] = body.tee();
  return Object.defineProperties(new Response(own, response), {
    url: { value: response.url },
    clone: { value: () => new Response(copy, response) },
  });
}

/** Whether `new Response` accepts a body with this status: it refuses 999 and 304, for example. */
function isMakeable({ status }: Response): boolean {
  return status >= 200 && status <= 599 && !/^(204|205|304)$/.test(`${status}`);
}

/** A copy that ends when `over` aborts, even if somebody still holds it: it keeps no connection open. */
function copyOf(response: Response, over: AbortSignal): Response {
  // A wrapper of fetch has read it, or it is a stub.
  if (response.bodyUsed || !response.clone) return response;
  const clone = response.clone();
  const { body } = clone;
  // Node's streams have no pipeThrough.
  if (!body?.pipeThrough || !isMakeable(clone)) {
    onAbort(over, () => discard(clone));
    return clone;
  }
  const copy = new Response(body.pipeThrough(new TransformStream(), { signal: over }), clone);
  return Object.defineProperty(copy, "url", { value: response.url });
}
