/** CORS as a gateway that browsers may call answers it (Fetch standard, section 3.3). */

/** What a browser may read beside the headers that it always may. */
const EXPOSED = "quota-limit, quota-interval, quota-time-unit, quota-used, retry-after, " +
  "sunset, www-authenticate, x-request-id";

/** The answer to a preflight, or `undefined` if the request is none. */
export function answerPreflight({ method, headers }: Request): Response | undefined {
  const wanted = headers.get("access-control-request-method");
  if (method !== "OPTIONS" || !wanted || !headers.has("origin")) return undefined;
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": headers.get("access-control-request-headers") ?? "*",
      "access-control-max-age": "600",
    },
  });
}

/** The answer, readable for the page that asked from another origin. */
export function withCors(response: Response, { url, headers }: Request): Response {
  const origin = headers.get("origin");
  if (origin === null || origin === new URL(url).origin) return response;
  const open = new Response(response.body, response);
  open.headers.set("access-control-allow-origin", "*");
  open.headers.set("access-control-expose-headers", EXPOSED);
  return open;
}
