/** A call as `fetch` takes it, made ready to be sent more than once. */

import { within } from "./deadline.ts";
import type { Content } from "./content.ts";
import { signalFor } from "./host.ts";
import { copyHeaders, copyInit, hasHeader, type InitCopy, withHeader } from "./init.ts";

/** The part of `fetch` that an API call takes; always called with a string. */
// deno-lint-ignore no-explicit-any -- undici's init and response are not the DOM's, and must fit.
export type ApiFetch = (url: string, init: any) => Promise<any>;

/** A call that waits for its token. */
export interface Call {
  /** What its caller may abort it with. */
  readonly signal: AbortSignal | undefined;
  /** Whether the caller has set `authorization`, in whatever case. */
  readonly authorized: boolean;
  /** Whether its body is a stream, which can be sent only once. */
  readonly oneShot: boolean;
  /** Sends it: with this `authorization`, or without one as the caller made it. Follows no redirect. */
  send(authorization?: string): Promise<Response>;
}

/**
 * The call that `input` and `init` describe, as `fetch` reads them. `allow` gives the URL to call, or
 * throws if it may not have the token.
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

/** Recognised by its shape: undici's `Request` is not the global one, nor is node-fetch's. */
function isRequest(value: unknown): value is Request {
  return typeof value === "object" && value !== null && "arrayBuffer" in value && "url" in value;
}

function urlOf(input: string | URL | Request): string {
  const url = isRequest(input) ? input.url : `${input}`;
  if (!/^\[object /.test(url)) return url;
  throw new TypeError(
    `Cannot call ${url}: give a URL, or a Request with \`url\` and \`arrayBuffer\``,
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
 * The call of a `Request` that the runtime's own `fetch` sends. It is rebuilt from the caller's, so
 * that what no property shows survives: a `dispatcher` on Node, a `client` on Deno. Its
 * body becomes bytes, so that it can be sent again and keeps its length.
 */
async function requestCall(
  original: Request,
  { body, ...init }: InitCopy,
  allow: (url: string) => string,
): Promise<Call> {
  // At once, since the caller may change it: what replaces its body may have to be read first.
  let request = rebuild(original, body && new Uint8Array(), init);
  allow(request.url); // a subclass may show another than it sends to
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
  // A rebuilt Request forgets these two, and to set them anew takes Node long.
  if (from.referrer !== "about:client") init.referrer = from.referrer;
  if (from.referrerPolicy) init.referrerPolicy = from.referrerPolicy;
  Object.assign(init, changes, { redirect: "manual" });
  if (body != null) Object.assign(init, { body, duplex: "half" });
  return new Request(from, init);
}

/** The options that a `Request` may show, beside its own members: node-fetch's `agent` is one. */
const OPTIONS = "cache cf credentials fetcher integrity keepalive mode referrer referrerPolicy";

/**
 * A `Request`, and what overrides it, as an init. Defaults are left out, since workerd refuses even
 * those of some options, and so is the mode that only a browser may set.
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

/** The body that is sent: what overrides it, else the `Request`'s own in bytes, if it has one. */
async function bodyOf(
  request: Request,
  override: Content | null | undefined,
  init: InitCopy,
): Promise<Content | undefined> {
  if (override) return override;
  if (request.body === null) return undefined;
  const bytes = await within(Infinity, signalOf(request, init), () => request.arrayBuffer());
  // Firefox shows no body at all.
  return request.bodyUsed || bytes.byteLength ? { read: () => bytes } : undefined;
}

/** The signal of a `Request`, unless it is overridden: by `null`, too. */
function signalOf(request: Request, { signal }: InitCopy): AbortSignal | undefined {
  if (signal !== undefined) return signal ?? undefined;
  return request.signal ? signalFor(request.signal) : undefined;
}
