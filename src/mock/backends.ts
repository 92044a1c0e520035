/** The APIs behind the gateway: the program's own routes, and upstream mock servers. */

import { type Outcome, refusing } from "./answers.ts";
import { isLoopback, pathMatches } from "./path.ts";
import { asRequest, bodyInit, type Received } from "./received.ts";

/** Your own API: answers a call whose token is valid. */
export type MockRoute = (request: Request) => Response | Promise<Response>;

/**
 * Where to forward calls: one URL for all calls, or one for each base path of an API's definition. The
 * base path is removed from the forwarded URL: mock servers such as Prism do not expect it.
 */
export type MockUpstream = string | URL | Readonly<Record<string, string | URL>>;

/** Answers a call whose token is valid. */
export type Backend = (request: Received, headers: Headers) => Outcome | Promise<Outcome>;

type Send = (url: string, init: RequestInit) => Promise<Response>;

/** Headers that concern one connection or host (RFC 9110 section 7.6.1), and those that `fetch` sets. */
const HOP_BY_HOP =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|expect|content-length|accept-encoding)$/;

/** Checks the routes. A name is a method (without one, all methods) and a path (a `*` at the end matches any rest). */
export function routesOf(
  routes: Readonly<Record<string, MockRoute>>,
): (request: Received) => Backend | undefined {
  const known = Object.entries(routes).map(([name, route]) => {
    const [, method, path = ""] = /^(?:([A-Za-z]+) +)?(\/\S*)$/.exec(name) ?? [];
    if (!path || typeof route !== "function") {
      throw new TypeError(
        `Cannot make a mock: the route ${JSON.stringify(name)} is not "POST /path": function`,
      );
    }
    return { name, method: method?.toUpperCase(), path, route };
  });
  return (request) => {
    const found = known.find(({ method, path }) =>
      (method === undefined || method === request.method) &&
      pathMatches(path, request.url.pathname)
    );
    return found && routeBackend(found.name, found.route);
  };
}

function routeBackend(name: string, route: MockRoute): Backend {
  return async (request, headers) => {
    try {
      const response = await route(asRequest(request, headers));
      if (typeof response?.status === "number") return { response, why: `route ${name}` };
      return refusing(500, `The route ${name} returned no Response.`);
    } catch (error) {
      return refusing(500, `The route ${name} threw: ${Object(error).message ?? error}`);
    }
  };
}

/** Checks the upstreams; those with longer base paths come first. */
export function upstreamsOf(
  upstream: MockUpstream,
  allowRemote: boolean,
  send: Send,
): readonly (readonly [basePath: string, backend: Backend])[] {
  const isOne = typeof upstream === "string" || "href" in upstream; // another realm's URL, too
  return Object.entries(isOne ? { "/": upstream as string | URL } : upstream)
    .map(([path, target]): [string, Backend] => {
      const basePath = path.replace(/\/+$/, "");
      const url = checkedUrl(path, target, allowRemote);
      return [basePath, upstreamBackend(basePath, url, send)];
    })
    .sort(([a], [b]) => b.length - a.length);
}

function checkedUrl(path: string, target: string | URL, allowRemote: boolean): URL {
  const refuse = (why: string) => {
    throw new TypeError(`Cannot make a mock: the upstream ${JSON.stringify(`${target}`)} ${why}`);
  };
  if (!path.startsWith("/")) {
    refuse(`is for ${JSON.stringify(path)}, which does not begin with "/"`);
  }
  if (!URL.canParse(`${target}`)) refuse("is not a URL such as http://127.0.0.1:4010");
  const url = new URL(target);
  if (!/^https?:$/.test(url.protocol)) refuse("is neither http nor https");
  if (url.username || url.search || url.hash) refuse("has more than an origin and a path");
  if (!allowRemote && !isLoopback(url)) {
    refuse("is not on this machine; allowRemoteUpstream: true allows that");
  }
  return url;
}

function upstreamBackend(basePath: string, base: URL, send: Send): Backend {
  const prefix = base.href.replace(/\/+$/, "");
  return async (request, headers) => {
    const { method, url: { pathname, search }, signal } = request;
    headers.set("accept-encoding", "identity");
    const init: RequestInit = { method, headers, redirect: "manual", signal, ...bodyInit(request) };
    try {
      const response = await send(prefix + pathname.slice(basePath.length) + search, init);
      if (response.status > 599) {
        await response.body?.cancel();
        return refusing(
          502,
          `The upstream ${base.origin} answered ${response.status}: no status of HTTP.`,
        );
      }
      return { response: passedOn(response), why: `upstream ${base.origin}` };
    } catch (error) {
      if (signal.aborted) throw error;
      const { cause, message } = Object(error);
      const reason = Object(cause).code ?? message;
      return refusing(502, `The upstream ${base.origin} did not answer: ${reason}. Is it running?`);
    }
  };
}

/** The upstream's answer, without the headers of its connection and of the encoding that `fetch` has undone. */
function passedOn(response: Response): Response {
  const { status, statusText, body } = response;
  const headers = new Headers(response.headers);
  const decoded = headers.has("content-encoding");
  const isOfConnection = ofConnection(headers.get("connection"));
  const drop = [...headers.keys()].filter((name) =>
    isOfConnection(name) && name !== "content-length"
  );
  for (const name of [...drop, ...decoded ? ["content-encoding", "content-length"] : []]) {
    headers.delete(name);
  }
  const bare = status === 204 || status === 205 || status === 304;
  return new Response(bare ? null : body, { status, statusText, headers });
}

/** The headers of a call that a backend gets. */
export function forwardedHeaders(headers: Readonly<Record<string, string>>): Headers {
  const isOfConnection = ofConnection(headers["connection"]);
  return new Headers(Object.entries(headers).filter(([name]) => !isOfConnection(name)));
}

/** Whether a header concerns one connection only; `Connection` may name more of them. */
function ofConnection(connection: string | null | undefined): (name: string) => boolean {
  const named = new Set(connection?.toLowerCase().split(/[ ,]+/));
  return (name) => HOP_BY_HOP.test(name) || named.has(name);
}
