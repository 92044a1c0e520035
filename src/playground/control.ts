/** Reading and scripting a mock over HTTP, from any language; from this machine only. */

import { ownRefusal } from "../mock/answers.ts";
import type { MockKpn } from "../mock/mock.ts";
import type { DeliverOptions } from "../mock/webhooks.ts";
import { ANSWER_NAMES, type ScriptedAnswer, type ScriptOptions } from "../mock/script.ts";

/**
 * The refusal of whoever is not on this machine, or is another site's page in a browser
 * here: a name that was rebound to loopback is not loopback's, and a page tells its origin.
 */
export function guardControl({ url, headers }: Request): Response | undefined {
  const { hostname, origin } = new URL(url);
  const site = headers.get("sec-fetch-site") ?? "none";
  const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1])$/.test(hostname) &&
    (headers.get("origin") ?? origin) === origin && /^(none|same-origin)$/.test(site);
  return local ? undefined : ownRefusal(403, "/mock is for this machine only.");
}

/**
 * - `GET /mock`: the credentials, the names of the answers, and whether control is on;
 *   if it is, also how many tokens were handed out, and all requests.
 * - `POST /mock/respond-next`, JSON `{ answer, to?, times?, delay? }`, and `POST /mock/revoke`:
 *   as the methods of {@linkcode MockKpn}, if control is on.
 * - `POST /mock/deliver`, JSON `{ url, body, key?, attempt?, timestamp?, wrong? }`: sends a webhook,
 *   and answers with what became of it; `POST /mock/deliver-due` makes the attempts that are due.
 */
export async function answerControl(
  request: Request,
  mock: MockKpn,
  control: boolean,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/mock" && request.method === "GET") return state(mock, control);
  if (!control) return ownRefusal(403, "Control is off; kpn-auth mock --control turns it on.");
  if (request.method !== "POST") return ownRefusal(404, "There is no such control.");
  if (pathname === "/mock/respond-next") return await respondNext(request, mock);
  if (pathname === "/mock/deliver") return await deliver(request, mock);
  if (pathname === "/mock/deliver-due") return Response.json(await mock.deliverDue());
  if (pathname !== "/mock/revoke") return ownRefusal(404, "There is no such control.");
  mock.revoke();
  return new Response(null, { status: 204 });
}

function state(mock: MockKpn, control: boolean): Response {
  const { credentials, mints, requests, webhookKeys } = mock;
  const told = control && { mints, requests, webhookKeys };
  return Response.json(
    { ...credentials, control, answers: ANSWER_NAMES, ...told },
    { headers: { "cache-control": "no-store" } },
  );
}

async function respondNext(request: Request, mock: MockKpn): Promise<Response> {
  try {
    const { answer, ...options } = await request.json() as ScriptOptions & {
      readonly answer: ScriptedAnswer;
    };
    mock.respondNext(answer, options);
    return new Response(null, { status: 204 });
  } catch (error) {
    return ownRefusal(400, error instanceof TypeError ? error.message : "The body is not JSON.");
  }
}

async function deliver(request: Request, mock: MockKpn): Promise<Response> {
  try {
    const { url, body, ...options } = await request.json() as DeliverOptions & {
      readonly url: string;
      readonly body: unknown;
    };
    return Response.json(await mock.deliver(url, body, options));
  } catch (error) {
    return ownRefusal(400, error instanceof TypeError ? error.message : "The body is not JSON.");
  }
}
