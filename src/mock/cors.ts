/** CORS, for browsers that call the mock from another origin (Fetch standard, section 3.3). */

import type { Received } from "./received.ts";

/** The headers that a browser may read, besides those that it always may. */
const EXPOSED = "quota-limit, quota-interval, quota-time-unit, quota-used, retry-after, " +
  "sunset, www-authenticate, x-request-id";

/** The answer to a preflight; `undefined` for any other request. */
export function answerPreflight({ method, headers }: Received): Response | undefined {
  const isPreflight = method === "OPTIONS" && headers["access-control-request-method"];
  if (!isPreflight || headers["origin"] === undefined) return undefined;
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": headers["access-control-request-headers"] ?? "*",
      "access-control-max-age": "600",
    },
  });
}

/** The answer, readable for a page of another origin. */
export function withCors(response: Response, { url, headers }: Received): Response {
  const { origin } = headers;
  if (origin === undefined || origin === url.origin) return response;
  const open = new Response(response.body, response);
  open.headers.set("access-control-allow-origin", "*");
  open.headers.set("access-control-expose-headers", EXPOSED);
  return open;
}
