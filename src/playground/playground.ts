/**
 * A mock with what people need around it: the page "Run this endpoint", the API's
 * description, a Postman collection, and control from any language.
 */

import { ownRefusal } from "../mock/answers.ts";
import { answerControl, type ControlOptions, guardControl } from "./control.ts";
import { withCors } from "../mock/cors.ts";
import type { Gateway } from "../mock/gateway.ts";
import { type RecordedRequest, recordOf } from "../mock/record.ts";
import { asRequest, type Received } from "../mock/received.ts";
import { PACKED } from "./packed.ts";
import { KPN_ORIGIN } from "../kpn.ts";

/** How a playground is set up. */
export interface PlaygroundOptions extends ControlOptions {
  /**
   * The library for the page: the text of one of its modules (`mod.js`, `src/kpn.js`) as a
   * browser takes it, or `undefined` if there is none. Default: there is none.
   */
  readonly library?: ((path: string) => Promise<string | undefined>) | undefined;
  /** Gets each request to `/mock` that changes the mock or is refused. The gateway's own are not among them. */
  readonly onAnswer?: ((request: RecordedRequest) => void) | undefined;
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
  bru: "text/plain; charset=utf-8",
};

/** Nothing is loaded from elsewhere, nothing is sent elsewhere, and no other page frames this one. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A handler that serves the page and its company, and leaves every other path to the mock.
 * `GET /mock/ready` answers whoever asks.
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

/** The answer to whatever is not for the gateway. */
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
    return ownRefusal(404, "The library cannot be read; on Deno, --allow-read allows that.");
  }
  if (pathname === "/mock/ready") return Response.json({ ready: true });
  if (pathname !== "/mock" && !pathname.startsWith("/mock/")) return undefined;
  const order = asRequest(request);
  return guardControl(order, options.remote ?? false) ?? await answerControl(order, mock, options);
}

/** What changes the mock, and what is refused, is reported; who only reads, asks again and again. */
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

/** A module of the library, and no other file of the package. */
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
  // What describes KPN's gateway describes the mock, at the mock's own address.
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

/** The longest request that is echoed, in characters: a header has to carry it. */
const ECHO_LIMIT = 4_096;

/**
 * The page shows its requests as they arrived here, with what the browser added. Only
 * the page itself gets this echo: `sec-fetch-site` is a header that no script can set.
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
