/** What the gateway adds to the answers of the APIs behind it, and what it says where there is none. */

import { FAILURES, type Outcome } from "./answers.ts";
import type { Received } from "./record.ts";

/** Numbers of the mock's own: KPN does not publish its quotas. */
const QUOTA = { "quota-limit": "1000", "quota-interval": "1", "quota-time-unit": "hour" };

/** An API's answer, as it leaves the gateway. */
export function asGateway(answer: Response, requestId: string, used: number): Response {
  const { status, statusText, body } = answer;
  const headers = new Headers(answer.headers);
  const added = { ...QUOTA, "quota-used": `${used}`, "x-request-id": requestId };
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return new Response(body, { status, statusText, headers });
}

/** KPN's answer where there is no API, and how to add one. */
export async function noBackend({ method, url }: Received): Promise<Outcome> {
  const path = url.pathname.slice(0, 200);
  const hint = `(the mock's own words) It has no API here. Add one with mockKpn({ routes: { ` +
    `"${method} ${path}": (request) => new Response() } }), or pass such calls on: ` +
    `mockKpn({ upstream: "http://127.0.0.1:4010" }), kpn-auth mock --upstream http://127.0.0.1:4010.`;
  const response = FAILURES.unknown_path();
  return {
    response: Response.json({ ...await response.json(), hint }, { status: response.status }),
    why: "unknown_path: there is neither an API of the mock's, nor a route, nor an upstream",
  };
}
