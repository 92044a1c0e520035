/** `fetch` with the token added. */

import { discard } from "./body.ts";
import { MAX_TIMER, within } from "./deadline.ts";
import { announcer, type EventListener } from "./events.ts";
import { isTokenRejected } from "./fault.ts";
import { KPN_ORIGIN } from "./kpn.ts";
import type { TokenCall, TokenSource, WaitUntil } from "./cached.ts";
import { secureUrl } from "./url.ts";

/** A `fetch` that adds the token; it has `fetch`'s own signature. */
export type AuthorizedFetch = (
  input: string | URL | Request,
  init?: RequestInit,
) => Promise<Response>;

/** The part of `fetch` that an API call takes; always called with a string. */
// deno-lint-ignore no-explicit-any -- undici's init and response are not the DOM's, and must fit.
export type ApiFetch = (url: string, init: any) => Promise<any>;

/** Where {@linkcode authorizedFetch} sends tokens, and when it sends again. */
export interface AuthorizedFetchOptions {
  /**
   * The origins that may get the token; relative URLs resolve against the first.
   * Default: KPN's gateway alone.
   */
  readonly origins?: readonly (string | URL)[];
  /** Accept `http:` origins that are not on loopback. Default: `false`. */
  readonly allowInsecureHttp?: boolean;
  /**
   * Whether an answer that is not 2xx means that the token was rejected, so that the call is
   * sent once more with another. Read from a clone. Default: what {@linkcode readFault} calls `invalid_token`.
   */
  readonly shouldReplay?: (response: Response) => boolean | Promise<boolean>;
  /** Sends the calls. Default: `globalThis.fetch`, looked up at each call. */
  readonly fetch?: ApiFetch;
  /** Lets background refreshes finish on edge runtimes. */
  readonly waitUntil?: WaitUntil;
  /** Hears of replays. */
  readonly onEvent?: EventListener;
}

/**
 * Makes a `fetch` that sends `authorization: Bearer …` with a token of `source`.
 *
 * The token goes to the allowed origins only, over https (loopback excepted). If it
 * turns out rejected or expired, the call is sent once more with another one, unless
 * its body is a one-shot stream. Everything else comes back as it came: errors, 429s,
 * and redirects, which are never followed (the one difference from `fetch`). A call
 * that sets `authorization` itself is sent as it is.
 *
 * The function it returns throws a `TypeError` that names an origin that is not allowed, a
 * {@linkcode KpnAuthError} if no token can be had, and `fetch`'s own errors.
 *
 * @throws {TypeError} If an origin is no origin, or neither https nor loopback.
 *
 * @example
 * ```ts
 * import { authorizedFetch, createTokenSource } from "@kpn-auth/kpn-auth";
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
  const { fetch: injected, shouldReplay = isTokenRejected, waitUntil } = options;
  const origins = (options.origins ?? [KPN_ORIGIN]).map((origin) =>
    secureUrl("origins", origin, options.allowInsecureHttp).origin
  );
  const announce = announcer(options.onEvent);

  return async (input, init) => {
    const url = allowedUrl(input, origins);
    const call = isRequest(input)
      ? await takeApart(new Request(input, init), init)
      : isRequest(init)
      ? await takeApart(new Request(url, init), init)
      : { ...init };
    const send: ApiFetch = injected ?? globalThis.fetch;
    const given = call.headers && new Headers(call.headers);
    // A plain record: a Headers object costs Deno as much as all the rest.
    const sendWith = (authorization: string): Promise<Response> =>
      send(url, {
        ...call,
        headers: { ...Object.fromEntries(given ?? []), authorization },
        redirect: "manual",
      });
    const own = given?.get("authorization");
    if (own) return await sendWith(own);

    const ask: TokenCall = {
      ...call.signal && { signal: call.signal },
      ...waitUntil && { waitUntil },
    };
    const token = await source.token(ask);
    const response = await sendWith(`Bearer ${token.value}`);
    if (response.ok || isOneShot(call.body)) return response;
    try {
      if (!await shouldReplay(response)) return response;
    } catch (error) {
      discard(response);
      throw error;
    }

    const other = await source.token({ ...ask, rejected: token }).catch(() => token);
    call.signal?.throwIfAborted();
    // API answers are always handed back: this one too, if there is no other token to try.
    if (other.value === token.value) return response;
    discard(response);
    announce({ type: "replayed", status: response.status });
    return await sendWith(`Bearer ${other.value}`);
  };
}

/** The URL that is called, if it may have the token. */
function allowedUrl(input: string | URL | Request, origins: readonly string[]): string {
  const { href, origin } = new URL(isRequest(input) ? input.url : input, origins[0]);
  if (!origins.includes(origin)) {
    throw new TypeError(
      `Cannot send a token to ${origin}: not in origins (${origins})`,
    );
  }
  secureUrl("URL", href, true); // a blob: URL has the origin of its maker
  return href;
}

/** A `Request`, and what else was given, as an init: its body is read into bytes, so that it replays and keeps its length. */
async function takeApart(request: Request, init: RequestInit | undefined): Promise<RequestInit> {
  const { method, headers, signal } = request;
  const bytes = await within(MAX_TIMER, signal, () => request.arrayBuffer());
  return { ...init, method, headers, signal, body: bytes.byteLength ? bytes : null };
}

function isRequest(value: unknown): value is Request {
  return "arrayBuffer" in Object(value);
}

/** A stream (the web's, or Node's) can be sent once. */
function isOneShot(body: unknown): boolean {
  return "getReader" in Object(body) || Symbol.asyncIterator in Object(body);
}
