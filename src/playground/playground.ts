/**
 * A mock with the page "Run this endpoint", the API's description, a Postman collection, and control
 * over HTTP from any language.
 */

import { ownRefusal } from "../mock/answers.ts";
import { answerControl, type ControlOptions, guardControl } from "./control.ts";
import { withCors } from "../mock/cors.ts";
import type { Gateway } from "../mock/gateway.ts";
import { type RecordedRequest, recordOf } from "../mock/record.ts";
import { asRequest, type Received } from "../mock/received.ts";
import { PACKED } from "./packed.ts";
import { KPN_ORIGIN } from "../kpn.ts";

/** Options of {@linkcode createPlayground}. */
export interface PlaygroundOptions extends ControlOptions {
  /**
   * Reads the library's modules for the page: returns the text of a module (`mod.js`, `src/kpn.js`)
   * for a browser, or `undefined` if there is no such module. Default: there are none.
   */
  readonly library?: ((path: string) => Promise<string | undefined>) | undefined;
  /** Receives each request to `/mock` that changes the mock or is refused. Default: none. */
  readonly onAnswer?: ((request: RecordedRequest) => void) | undefined;
}

/** Content types by file extension. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  ts: "text/javascript; charset=utf-8", // from source, its types stripped
  yaml: "application/yaml; charset=utf-8",
  json: "application/json",
  http: "text/plain; charset=utf-8",
  bru: "text/plain; charset=utf-8",
};

/** The page loads and sends nothing elsewhere, and no other page can frame it. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Makes a handler that serves the page, the descriptions and `/mock`, and passes all other requests to
 * the gateway. `GET /mock/ready` answers even if control is off.
 */
export function createPlayground(
  { mock, handle }: Gateway,
  options: PlaygroundOptions = {},
): (request: Received) => Promise<Response> {
  return async (request) => {
    const own = await answerItself(request, mock, options);
    if (!own) return echoing(await handle(request), request);
    await report(request, own, mock, options);
    return own;
  };
}

/** Answers a request that is not for the gateway. */
async function answerItself(
  request: Received,
  mock: Gateway["mock"],
  options: PlaygroundOptions,
): Promise<Response | undefined> {
  const { pathname } = request.url;
  const path = pathname === "/" ? "/index.html" : pathname;
  const file = PACKED[path] ?? await moduleAt(path, options.library);
  if (file !== undefined) return withCors(serve(request, path, file), request);
  if (pathname.startsWith("/kpn-auth/")) {
    return ownRefusal(404, "The library cannot be read; Deno needs --allow-read.");
  }
  if (pathname === "/mock/ready") return Response.json({ ready: true });
  if (pathname !== "/mock" && !pathname.startsWith("/mock/")) return undefined;
  const order = asRequest(request);
  return guardControl(order, options.remote ?? false) ?? await answerControl(order, mock, options);
}

/** Reports requests that change the mock or are refused. Programs that only read, poll: those are not reported. */
async function report(
  request: Received,
  response: Response,
  mock: Gateway["mock"],
  { onAnswer }: PlaygroundOptions,
): Promise<void> {
  const { method, url: { pathname } } = request;
  const { status } = response;
  if (!onAnswer || status < 400 && method !== "POST") return;
  const why = status < 400
    ? `control: ${pathname.replace("/mock/", "")}`
    : (await response.clone().json()).error_description;
  onAnswer({ ...recordOf(request, mock.now()), answer: { status, why } });
}

/** A module of the library; never another file of the package. */
async function moduleAt(
  path: string,
  library: PlaygroundOptions["library"],
): Promise<string | undefined> {
  const [, module] = /^\/kpn-auth\/((?:mod|src\/(?:curl\/)?\w+)\.[jt]s)$/.exec(path) ?? [];
  return module && await library?.(module);
}

function serve({ method, url: { origin } }: Received, path: string, file: string): Response {
  if (method !== "GET" && method !== "HEAD") {
    return ownRefusal(405, "Only GET is accepted.", { allow: "GET, HEAD" });
  }
  const extension = path.slice(path.lastIndexOf(".") + 1);
  // The descriptions of KPN's gateway get the mock's address.
  const text = /yaml|json|http|bru/.test(extension) ? file.split(KPN_ORIGIN).join(origin) : file;
  return new Response(method === "HEAD" ? null : text, {
    headers: {
      "content-type": TYPES[extension] ?? "text/plain",
      "cache-control": "no-store",
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

/** The longest request that is echoed, in characters: it must fit into a header. */
const ECHO_LIMIT = 4_096;

/**
 * Adds an echo of the request, so that the page can show what the browser sent. Only the page itself
 * gets it: no script can set the header `sec-fetch-site`.
 */
function echoing(answer: Response, { method, url, headers, bytes }: Received): Response {
  if (headers["sec-fetch-site"] !== "same-origin") return answer;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...lines, "", ""].join("\n");
  const body = new TextDecoder().decode(bytes);
  const response = new Response(answer.body, answer);
  const whole = (head + body).slice(0, ECHO_LIMIT).replace(/[\uD800-\uDBFF]$/, ""); // no half character
  response.headers.set("mock-received", encodeURIComponent(whole));
  return response;
}
