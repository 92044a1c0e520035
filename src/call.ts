/** Prepares an API call so that it can be sent more than once. */

import { within } from "./deadline.ts";
import type { Content } from "./content.ts";
import { signalFor } from "./host.ts";
import { copyHeaders, copyInit, hasHeader, type InitCopy, withHeader } from "./init.ts";

/** The part of `fetch` that an API call needs; always called with a string and an init. */
// deno-lint-ignore no-explicit-any -- undici's init and response differ from the DOM's, and must fit.
export type ApiFetch = (url: string, init: any) => Promise<any>;

/** A call that waits for its token. */
export interface Call {
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** Whether the caller has set `authorization`, in whatever case. */
  readonly authorized: boolean;
  /** Whether its body is a stream, which can be sent only once. */
  readonly oneShot: boolean;
  /** Sends the call with this `authorization`, or unchanged without it. Never follows a redirect. */
  send(authorization?: string): Promise<Response>;
}

/**
 * Prepares the call that `input` and `init` describe. `allow` returns the URL to call, or throws if
 * the token must not be sent there.
 */
export function prepareCall(
  input: string | URL | Request,
  init: RequestInit | undefined,
  fetch: ApiFetch,
  allow: (url: string) => string,
): Call | Promise<Call> {
  const url = allow(urlOf(input));
  return isRequest(input) || isRequest(init)
    ? prepareRequest(url, input, init, fetch, allow)
    : plainCall(url, init ? copyInit(init) : {}, fetch);
}

async function prepareRequest(
  url: string,
  input: string | URL | Request,
  init: RequestInit | undefined,
  fetch: ApiFetch,
  allow: (url: string) => string,
): Promise<Call> {
  const given = isRequest(init) ? await initOf(init) : copyInit(init ?? {});
  if (!isRequest(input)) return plainCall(url, given, fetch);
  if (fetch === globalThis.fetch && input instanceof Request) {
    return await requestCall(input, given, allow);
  }
  return plainCall(url, await initOf(input, given), fetch);
}

/** Recognises a `Request` by its shape: those of undici and node-fetch are not the global class. */
function isRequest(value: unknown): value is Request {
  return typeof value === "object" && value !== null && "arrayBuffer" in value && "url" in value;
}

function urlOf(input: string | URL | Request): string {
  const url = isRequest(input) ? input.url : `${input}`;
  if (!/^\[object /.test(url)) return url;
  throw new TypeError(
    `Cannot call ${url}: pass a URL, or a Request with \`url\` and \`arrayBuffer\``,
  );
}

function plainCall(url: string, { body, ...init }: InitCopy, fetch: ApiFetch): Call {
  const { signal, headers: given = {} } = init;
  const isTyped = body?.type === undefined || hasHeader(given, "content-type");
  const headers = isTyped ? given : withHeader(given, "content-type", body.type);
  return {
    signal: signal ?? undefined,
    authorized: hasHeader(headers, "authorization"),
    oneShot: body?.oneShot ?? false,
    async send(authorization) {
      return await fetch(url, {
        ...init,
        ...body !== undefined && { body: body && await body.read() },
        headers: withHeader(headers, "authorization", authorization),
        redirect: "manual",
      });
    },
  };
}

/**
 * The call of a `Request` that the runtime's own `fetch` sends. Rebuilding it from the caller's keeps
 * options that no property shows: a `dispatcher` on Node, a `client` on Deno. Its body is read into
 * bytes, so that it can be sent again with a known length.
 */
async function requestCall(
  original: Request,
  { body, ...init }: InitCopy,
  allow: (url: string) => string,
): Promise<Call> {
  // Before any await: the caller may change it while its body is read.
  let request = rebuild(original, body && new Uint8Array(), init);
  allow(request.url); // a subclass may show another URL than it calls
  if (body?.type && !request.headers.has("content-type")) {
    request.headers.set("content-type", body.type);
  }
  const content = await bodyOf(request, body, init);
  return {
    signal: signalOf(original, init),
    authorized: request.headers.has("authorization"),
    oneShot: content?.oneShot ?? false,
    async send(authorization) {
      request = rebuild(request, await content?.read());
      if (authorization !== undefined) request.headers.set("authorization", authorization);
      return await globalThis.fetch(request);
    },
  };
}

function rebuild(
  from: Request,
  body: BodyInit | null | undefined,
  changes?: Omit<InitCopy, "body">,
): Request {
  const init: RequestInit & { duplex?: "half" } = {};
  // A rebuilt Request loses these two. They are set only if needed, since that is slow on Node.
  if (from.referrer !== "about:client") init.referrer = from.referrer;
  if (from.referrerPolicy) init.referrerPolicy = from.referrerPolicy;
  Object.assign(init, changes, { redirect: "manual" });
  if (body != null) Object.assign(init, { body, duplex: "half" });
  return new Request(from, init);
}

/** The options that a `Request` may show; its own properties, such as node-fetch's `agent`, are added. */
const OPTIONS = "cache cf credentials fetcher integrity keepalive mode referrer referrerPolicy";

/**
 * A `Request`, and the init that overrides it, as one init. Defaults are left out, since workerd
 * refuses some options even then, and so is the mode `navigate`, which only a browser may set.
 */
async function initOf(request: Request, { body, ...override }: InitCopy = {}): Promise<InitCopy> {
  const plain = new Request("https://localhost");
  const valueIn = (from: Request, name: string) =>
    (from as unknown as Readonly<Record<string, unknown>>)[name] ?? undefined;
  const options = [...OPTIONS.split(" "), ...Object.keys(request)].filter((name) =>
    valueIn(request, name) !== valueIn(plain, name) && valueIn(request, name) !== "navigate"
  );
  return {
    ...defined(options.map((name) => [name, valueIn(request, name)])),
    method: request.method,
    headers: copyHeaders(request.headers),
    ...defined(Object.entries(override)),
    signal: signalOf(request, override) ?? null,
    body: await bodyOf(request, body, override) ?? null,
  };
}

const defined = (entries: unknown[][]): InitCopy =>
  Object.fromEntries(entries.filter(([, value]) => value !== undefined));

/** The body to send: the one that overrides it, or else the bytes of the `Request`'s own, if it has one. */
async function bodyOf(
  request: Request,
  override: Content | null | undefined,
  init: InitCopy,
): Promise<Content | undefined> {
  if (override) return override;
  if (request.body === null) return undefined;
  const bytes = await within(Infinity, signalOf(request, init), () => request.arrayBuffer());
  // In Firefox `request.body` is missing.
  return request.bodyUsed || bytes.byteLength ? { read: () => bytes } : undefined;
}

/** The signal of a `Request`, unless the init overrides it, even with `null`. */
function signalOf(request: Request, { signal }: InitCopy): AbortSignal | undefined {
  if (signal !== undefined) return signal ?? undefined;
  return request.signal ? signalFor(request.signal) : undefined;
}
