/**
 * A mock with what people need around it: the page "Run this endpoint", the API's
 * description, a Postman collection, and control from any language.
 */

import { ownRefusal } from "../mock/answers.ts";
import { answerControl, type ControlOptions, guardControl } from "./control.ts";
import { withCors } from "../mock/cors.ts";
import type { MockKpn } from "../mock/mock.ts";
import { PACKED } from "./packed.ts";
import { KPN_ORIGIN } from "../kpn.ts";

/** How a playground is set up. */
export interface PlaygroundOptions extends ControlOptions {
  /**
   * The library for the page: the text of one of its modules (`mod.js`, `src/kpn.js`) as a
   * browser takes it, or `undefined` if there is none. Default: there is none.
   */
  readonly library?: ((path: string) => Promise<string | undefined>) | undefined;
}

/** What is served, by path. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  ts: "text/javascript; charset=utf-8", // from source, its types stripped
  yaml: "application/yaml; charset=utf-8",
  json: "application/json",
  http: "text/plain; charset=utf-8",
};

/** Nothing is loaded from elsewhere, nothing is sent elsewhere, and no other page frames this one. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A handler that serves the page and its company, and leaves every other path to the mock.
 * `GET /mock/ready` answers whoever asks.
 */
export function createPlayground(
  mock: MockKpn,
  options: PlaygroundOptions = {},
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { origin, pathname } = new URL(request.url);
    const path = pathname === "/" ? "/index.html" : pathname;
    const file = PACKED[path] ?? await moduleAt(path, options.library);
    if (file !== undefined) return withCors(serve(request, path, file, origin), request);
    if (pathname.startsWith("/kpn-auth/")) {
      return ownRefusal(404, "The library cannot be read; on Deno, --allow-read allows that.");
    }
    if (pathname === "/mock/ready") return Response.json({ ready: true });
    if (pathname === "/mock" || pathname.startsWith("/mock/")) {
      return guardControl(request, options.remote ?? false) ??
        await answerControl(request, mock, options);
    }
    return await echoing(request, mock.handle);
  };
}

/** A module of the library, and no other file of the package. */
async function moduleAt(
  path: string,
  library: PlaygroundOptions["library"],
): Promise<string | undefined> {
  const [, module] = /^\/kpn-auth\/((?:mod|src\/(?:curl\/)?\w+)\.[jt]s)$/.exec(path) ?? [];
  return module && await library?.(module);
}

function serve({ method }: Request, path: string, file: string, origin: string): Response {
  if (method !== "GET" && method !== "HEAD") {
    return ownRefusal(405, "Only GET is accepted.", { allow: "GET, HEAD" });
  }
  const extension = path.slice(path.lastIndexOf(".") + 1);
  // What describes KPN's gateway describes the mock, at the mock's own address.
  const text = /yaml|json|http/.test(extension) ? file.split(KPN_ORIGIN).join(origin) : file;
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

/** The longest request that is echoed, in characters: a header has to carry it. */
const ECHO_LIMIT = 4_096;

/**
 * The page shows its requests as they arrived here, with what the browser added. Only
 * the page itself gets this echo: `sec-fetch-site` is a header that no script can set.
 */
async function echoing(
  request: Request,
  handle: (request: Request) => Promise<Response>,
): Promise<Response> {
  if (request.headers.get("sec-fetch-site") !== "same-origin") return await handle(request);
  const { method, url, headers } = request;
  const { pathname, search } = new URL(url);
  const lines = Array.from(headers, ([name, value]) => `${name}: ${value}`);
  const body = await request.clone().text();
  const echo = [`${method} ${pathname}${search} HTTP/1.1`, ...lines, "", body].join("\n");
  const answer = await handle(request);
  const response = new Response(answer.body, answer);
  const whole = echo.slice(0, ECHO_LIMIT).replace(/[\uD800-\uDBFF]$/, ""); // no half character
  response.headers.set("mock-received", encodeURIComponent(whole));
  return response;
}
