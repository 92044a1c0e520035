/** Answers API calls: checks the token, lets a backend answer, and adds the gateway's headers. */

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

/** The API calls of a mock. */
export interface ApiCalls {
  answer(request: Received): Promise<Outcome>;
  /** Starts counting calls from zero again. */
  reset(): void;
}

/** The APIs behind the gateway; `order` gets the callbacks that Number Insight promises. */
export function createApiCalls(
  { routes, upstreams, strict }: Settings,
  tokens: Tokens,
  order: (callback: CallbackOrder) => void,
): ApiCalls {
  let calls = 0;

  /** A route, or else Number Insight or the upstream with the longest base path. */
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

/** Made-up numbers: KPN does not publish its quotas. */
const QUOTA = { "quota-limit": "1000", "quota-interval": "1", "quota-time-unit": "hour" };

/** An API's answer with the gateway's headers. */
function asGateway(answer: Response, requestId: string, used: number): Response {
  const { status, statusText, body } = answer;
  const headers = new Headers(answer.headers);
  const added = { ...QUOTA, "quota-used": `${used}`, "x-request-id": requestId };
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return new Response(body, { status, statusText, headers });
}

/** KPN's answer for a path without an API, and how to add one. */
async function noBackend({ method, url }: Received): Promise<Outcome> {
  const path = url.pathname.slice(0, 200);
  const hint =
    `(the mock's own words) The mock has no API here. Add one with mockKpn({ routes: { ` +
    `"${method} ${path}": (request) => new Response() } }), or forward such calls with ` +
    `mockKpn({ upstream: "http://127.0.0.1:4010" }) or kpn-auth mock --upstream http://127.0.0.1:4010.`;
  const response = FAILURES.unknown_path();
  return {
    response: Response.json({ ...await response.json(), hint }, { status: response.status }),
    why: "unknown_path: the mock has no API, no route and no upstream here",
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
