/** Answers as networks and proxies give, or damage, them. */

import type { Answer, MockFailure } from "./answers.ts";

const html = (status: number, words = "Please log in", headers = {}): Response =>
  new Response(`<html><body><h1>${words}</h1></body></html>`, {
    status,
    headers: { "content-type": "text/html", ...headers },
  });

/** Half of a JSON answer; `rest` decides what happens to the other half. */
const half = (rest: (controller: ReadableStreamDefaultController) => void): Response => {
  let begun = false;
  const body = new ReadableStream({
    pull(controller) {
      if (begun) return rest(controller);
      begun = true;
      controller.enqueue(new TextEncoder().encode('{"access_tok'));
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "application/json" } });
};

/** The answers that are not KPN's, or are incomplete. */
export const NETWORK_ANSWERS = {
  html: () => html(200),
  invalid_response: () => html(401),
  bad_gateway: () => html(502),
  proxy_refused: () =>
    html(407, "Proxy Authentication Required", { "proxy-authenticate": "Basic realm=proxy" }),
  proxy_refused_403: () =>
    html(403, "Access Denied", {
      "via": "1.1 proxy.example",
      "x-squid-error": "ERR_ACCESS_DENIED 0",
    }),
  empty: () => new Response("", { status: 200 }),
  empty_401: () => new Response("", { status: 401 }),
  empty_403: () => new Response("", { status: 403 }),
  broken_json: () =>
    new Response('{"access_token":"half', { headers: { "content-type": "application/json" } }),
  truncated: () =>
    half((body) => body.error(new TypeError("terminated: the connection was closed half-way"))),
  stalled: (signal) =>
    half((body) =>
      signal?.addEventListener("abort", () => body.error(signal.reason), { once: true })
    ),
  oversized: () =>
    new Response(`{"access_token":"${"x".repeat(100_000)}"}`, {
      headers: { "content-type": "application/json" },
    }),
  redirect: () => redirect(),
  redirected: () => redirect(),
} satisfies Partial<Record<MockFailure, Answer>>;

function redirect(): Response {
  return new Response(null, { status: 302, headers: { location: "https://evil.example/token" } });
}
