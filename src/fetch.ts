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

/** A `fetch` that adds the token; it has `fetch`'s own signature. */
export type AuthorizedFetch = (
  input: string | URL | Request,
  init?: RequestInit,
) => Promise<Response>;

/** Where {@linkcode authorizedFetch} sends tokens, and when it sends a call again. */
export interface AuthorizedFetchOptions {
  /**
   * The origins that may get the token; relative URLs resolve against the first. Of a URL
   * only its origin counts, not its path. Default: the source's `origin`, or else KPN's gateway.
   */
  readonly origins?: readonly (string | URL)[] | undefined;
  /** Accept `http:` origins that are not on loopback. Default: `false`. */
  readonly allowInsecureHttp?: boolean | undefined;
  /**
   * Whether an answer that is not 2xx means that the token was rejected, so that another one is
   * obtained and the call is sent once more. Gets a copy of the answer, to read as it likes until
   * it has decided. Default: whether {@linkcode readFault} calls the answer `invalid_token`,
   * looking at 64 KiB for one second at most.
   */
  readonly shouldReplay?: ((response: Response) => boolean | Promise<boolean>) | undefined;
  /**
   * Sends the calls, always as `(string, init)`. Of a `Request` it gets all that properties show.
   * Default: `globalThis.fetch`, looked up at each call.
   */
  readonly fetch?: ApiFetch | undefined;
  /** Lets background refreshes finish on edge runtimes. */
  readonly waitUntil?: WaitUntil | undefined;
  /** Hears of replays. */
  readonly onEvent?: EventListener | undefined;
}

/**
 * Makes a `fetch` that sends `authorization: Bearer …` with a token of `source`.
 *
 * The token goes to the allowed origins only, over https (loopback excepted). If KPN
 * rejects it or it has expired, another one is obtained and the call is sent once more. A body
 * that is a one-shot stream cannot be sent again: its answer is handed back, and the next call
 * has the new token. Everything else comes back as it came, errors and 429s included.
 *
 * It differs from `fetch` in two points. It never follows a redirect, whatever `redirect` says,
 * but hands it back. And the body of a `Request` is read before it is sent, so that it can be sent
 * again; give a large stream as `init.body` instead. A call that sets `authorization` itself is sent with
 * that, and the source is not asked.
 *
 * A `Request` keeps its options, a `client` (Deno) or `dispatcher` (Node) among them. Bun keeps no
 * `proxy` in a `Request`, not for its own `fetch` either: give it in `init`. An injected `fetch`
 * does not see what no property of the `Request` shows. A stub that has no `clone` is judged by its
 * status and its headers alone.
 *
 * A form or a file is sent as bytes, of whatever class it is; a `Blob` without `arrayBuffer`, as jsdom's,
 * cannot be. Where `fetch` refuses the class of a signal, it gets one of its own that follows it.
 *
 * The function it returns throws a `TypeError` that names an origin that is not allowed, a
 * {@linkcode KpnAuthError} if no token can be obtained, `fetch`'s own errors, and the reason
 * of `init.signal` if that aborts. An API call has no other deadline than this signal.
 *
 * @param source Where tokens come from, such as {@linkcode createTokenSource}.
 * @param options Where the token may go, and when a call is sent again.
 * @returns A function with `fetch`'s own signature.
 * @throws {TypeError} If `origins` is empty, or one of them is no URL, or neither https nor loopback.
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
      // Not every host's fetch ends with its signal: happy-dom's does not during a preflight.
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

/** The origins that may get the token, checked. The source's own has been checked by its maker. */
function originsOf(
  source: TokenSource,
  { origins, allowInsecureHttp }: AuthorizedFetchOptions,
): readonly string[] {
  if (origins === undefined) return [new URL(source.origin ?? KPN_ORIGIN).origin];
  if (!Array.isArray(origins) || origins.length === 0) {
    refuse(`origins ${JSON.stringify(origins)}`, "must be a list of at least one origin");
  }
  return origins.map((origin) => secureUrl("origins", origin, allowInsecureHttp).origin);
}

/** A path that is written as it will be read: no parser takes it for another host. */
const PATH = /^\/(?![/\\\t\n\r])/;

/** The URL that is called, if it may have the token. Parsing one would cost more than all the rest. */
function allowedUrl(given: string, origins: readonly string[]): string {
  if (PATH.test(given)) return origins[0] + given;
  if (isWithin(given, origins)) return given;
  const { href, origin } = new URL(given, origins[0]);
  if (isWithin(href, origins)) return href;
  const allowed = origins.map((origin) => `${origin}/`).join(", ");
  throw new TypeError(
    `Cannot send a token to ${origin}: the option origins allows URLs that begin with ${allowed} only`,
  );
}

/**
 * Whether a URL begins with an allowed origin and a slash: then no parser can take what follows for
 * another host. Neither a `blob:` URL, which has the origin of its maker, nor one with a user begins so.
 */
function isWithin(url: string, origins: readonly string[]): boolean {
  return origins.some((origin) => url.startsWith(origin) && url[origin.length] === "/");
}

/** Another token than the rejected one; none if there is none. The API's answer says more than why. */
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

/** On Fastly Compute no response can be cloned: here one that can be, once. */
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

/** Whether a Response with this status and a body can be made: not with 999, nor with 304. */
function isMakeable({ status }: Response): boolean {
  return status >= 200 && status <= 599 && !/^(204|205|304)$/.test(`${status}`);
}

/** A copy that ends with `over`, however it is held: nothing of an answer stays open for it. */
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
