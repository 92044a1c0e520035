/** Calls of APIs: the token is checked, a backend answers, and the gateway adds its headers. */

import { FAILURES, type Outcome } from "./answers.ts";
import { type Backend, forwardedHeaders } from "./backends.ts";
import { contentTypeDifference, formOf } from "./form.ts";
import {
  answerNumberInsight,
  type CallbackOrder,
  INSIGHT_BASE,
  insightLevel,
} from "./number_insight.ts";
import type { Received } from "./received.ts";
import type { Settings } from "./settings.ts";
import { bearerDifference, type Tokens } from "./tokens.ts";

/** What answers the calls of a mock's APIs. */
export interface ApiCalls {
  answer(request: Received): Promise<Outcome>;
  /** Counts from the beginning again. */
  reset(): void;
}

/** The APIs behind the gateway; `order` gets the callbacks that Number Insight promises. */
export function createApiCalls(
  { routes, upstreams, strict }: Settings,
  tokens: Tokens,
  order: (callback: CallbackOrder) => void,
): ApiCalls {
  let calls = 0;

  /** A route, or whatever has the longest base path of all. */
  function backendFor(request: Received): Backend | undefined {
    const { pathname } = request.url;
    const [basePath = "", upstream] =
      upstreams.find(([path]) => pathname === path || pathname.startsWith(`${path}/`)) ?? [];
    const level = basePath.length < INSIGHT_BASE.length ? insightLevel(pathname) : undefined;
    return routes(request) ?? (level ? insight(level) : upstream);
  }

  function insight(level: string): Backend {
    return (request) => answerNumberInsight(request, level, calls, strict, order);
  }

  return {
    async answer(request) {
      const backend = backendFor(request);
      if (!backend) return await noBackend(request);
      const refusal = tokens.refuse(request.headers["authorization"]);
      if (refusal) return refusal;
      const serial = ++calls;
      const headers = forwardedHeaders(request.headers);
      const requestId = headers.get("x-request-id") ?? `mock-request-${serial}`;
      headers.set("x-request-id", requestId);
      const { response, why } = await backend(request, headers);
      return { response: asGateway(response, requestId, serial), why };
    },
    reset: () => void (calls = 0),
  };
}

/** Numbers of the mock's own: KPN does not publish its quotas. */
const QUOTA = { "quota-limit": "1000", "quota-interval": "1", "quota-time-unit": "hour" };

/** An API's answer, as it leaves the gateway. */
function asGateway(answer: Response, requestId: string, used: number): Response {
  const { status, statusText, body } = answer;
  const headers = new Headers(answer.headers);
  const added = { ...QUOTA, "quota-used": `${used}`, "x-request-id": requestId };
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return new Response(body, { status, statusText, headers });
}

/** KPN's answer where there is no API, and how to add one. */
async function noBackend({ method, url }: Received): Promise<Outcome> {
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

/** How a call differs from what KPN documents. */
export function callDifferences(request: Received): string[] {
  const form = insightLevel(request.url.pathname) && formOf(request);
  return [
    bearerDifference(request.headers["authorization"]),
    form && contentTypeDifference(request)?.words,
  ].filter((words): words is string => !!words);
}
