/** Reads and scripts a mock over HTTP, from any language. */

import { ownRefusal } from "../mock/answers.ts";
import type { Gateway } from "../mock/gateway.ts";
import { nearest } from "../mock/nearest.ts";
import { isLoopback } from "../mock/path.ts";
import { loggedRequest } from "../mock/record.ts";
import type { DeliverOptions } from "../mock/webhooks.ts";
import { ANSWER_NAMES, type ScriptedAnswer, type ScriptOptions } from "../mock/script.ts";

/** Who may use `/mock`, and for what. */
export interface ControlOptions {
  /** Whether clients may script failures, and read the requests with headers and bodies at `/mock`. Default: `false`. */
  readonly control?: boolean | undefined;
  /** Whether other machines of this network may use `/mock` too. Default: `false`. */
  readonly remote?: boolean | undefined;
  /** Stops the server. Default: none; then there is no `/mock/stop`. */
  readonly stop?: (() => void) | undefined;
}

/**
 * Refuses requests that do not come from this machine (or, if `remote`, from this network), and those
 * of other sites' pages in a browser there: the browser sends a page's origin, and a public name that
 * was rebound to a local address is not a private name.
 */
export function guardControl(request: Request, remote: boolean): Response | undefined {
  const { headers } = request;
  const url = new URL(request.url);
  const site = headers.get("sec-fetch-site") ?? "none";
  const known = isLoopback(url) || remote && isPrivateName(url);
  if (known && (headers.get("origin") ?? url.origin) === url.origin) {
    if (/^(none|same-origin)$/.test(site)) return undefined;
  }
  return ownRefusal(403, `/mock is only for this ${remote ? "network" : "machine"}.`);
}

/** Whether a host is an address, or a name that nobody can register: `kpn`, `kpn.internal`, `kpn.svc.cluster.local`. */
function isPrivateName({ hostname }: URL): boolean {
  return /^\[.*\]$|^[\d.]+$|^[^.]+$|\.(local|internal|localhost|test|home\.arpa)$/.test(hostname);
}

/**
 * Answers a request to `/mock`.
 *
 * - `GET /mock` returns the credentials, the names of the answers, and whether control is on; if it is,
 *   also the number of issued tokens, the requests, the clock and the webhook keys.
 * - `GET /mock/log` returns the last 100 requests of all programs, the oldest first, in the format of
 *   `kpn-auth mock --log json`: no headers, bodies, secrets or tokens. A request that waits for its
 *   answer has no `why` yet.
 * - The other paths need control, and call the methods of `MockKpn`: `POST /mock/respond-next`, JSON
 *   `{ answer, to?, method?, path?, client?, requestId?, times?, delay? }`; `POST /mock/clock`,
 *   JSON `{ advance }`, which also sends the webhooks that are due then; `POST /mock/revoke`;
 *   `POST /mock/reset`; and `POST /mock/stop`.
 *   `POST /mock/deliver`, JSON `{ url, body, key?, attempt?, timestamp?, wrong? }`, and
 *   `POST /mock/deliver-due` return the deliveries.
 *   `POST /mock/webhook-keys`, JSON `{ activate: id }`, `{ retire: id }`, or nothing to stage a
 *   key, returns all keys.
 */
export async function answerControl(
  request: Request,
  mock: Gateway["mock"],
  { control, stop }: ControlOptions,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/mock" && request.method === "GET") return state(mock, control ?? false);
  if (pathname === "/mock/log" && request.method === "GET") return log(mock);
  if (!control) return ownRefusal(403, "Control is off; start kpn-auth mock with --control.");
  const name = pathname.replace("/mock/", "");
  const does = commands(mock, stop);
  if (!Object.keys(does).includes(name)) {
    const meant = nearest(name, Object.keys(does));
    return ownRefusal(
      404,
      `There is no such path at /mock.${meant ? ` Did you mean /mock/${meant}?` : ""}`,
    );
  }
  if (request.method !== "POST") {
    return ownRefusal(405, "Only POST is accepted.", { allow: "POST" });
  }
  try {
    const result = await does[name]!(await fieldsOf(request));
    return result === undefined ? new Response(null, { status: 204 }) : Response.json(result);
  } catch (error) {
    return ownRefusal(400, (error as Error).message);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function commands(
  mock: Gateway["mock"],
  stop?: () => void,
): Record<string, (fields: Fields) => unknown> {
  const bare = (work: () => unknown) => (fields: Fields) => {
    only(fields, []);
    return work();
  };
  return {
    "respond-next": ({ answer, ...options }) =>
      mock.respondNext(answer as ScriptedAnswer, options as ScriptOptions),
    async clock(fields) {
      only(fields, ["advance"]);
      mock.advance(fields["advance"] as number);
      await mock.deliverDue();
    },
    deliver: ({ url, body, ...options }) =>
      mock.deliver(url as string, body, options as DeliverOptions),
    "deliver-due": bare(mock.deliverDue),
    "webhook-keys": (fields) => moveKeys(mock, fields),
    revoke: bare(mock.revoke),
    reset: bare(mock.reset),
    ...stop && { stop: bare(stop) },
  };
}

/** Stages, activates or retires a key; returns all keys. */
function moveKeys(mock: Gateway["mock"], fields: Fields): Gateway["mock"]["webhookKeys"] {
  only(fields, ["activate", "retire"]);
  const { activate, retire } = fields as Readonly<Record<string, string | undefined>>;
  if (activate !== undefined && retire !== undefined) {
    throw new TypeError("Give either activate or retire, not both.");
  }
  if (activate !== undefined) mock.activateWebhookKey(activate);
  else if (retire !== undefined) mock.retireWebhookKey(retire);
  else mock.stageWebhookKey();
  return mock.webhookKeys;
}

/** The JSON object in a body; an empty body counts as `{}`. */
async function fieldsOf(request: Request): Promise<Fields> {
  const text = await request.text();
  let fields: unknown;
  try {
    fields = JSON.parse(text || "{}");
  } catch {
    throw new TypeError("The body is not JSON.");
  }
  if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) {
    return fields as Fields;
  }
  throw new TypeError("The body must be a JSON object.");
}

function only(fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  const rest = meant ? `did you mean ${meant}?` : `known: ${known.join(", ") || "none"}`;
  throw new TypeError(`There is no field ${JSON.stringify(unknown.slice(0, 80))}; ${rest}`);
}

function state(mock: Gateway["mock"], control: boolean): Response {
  const { credentials, mints, requests, requestsDropped, now, webhookKeys } = mock;
  const told = control && { mints, requests, requestsDropped, now: now(), webhookKeys };
  return Response.json(
    { ...credentials, control, answers: ANSWER_NAMES, ...told },
    { headers: { "cache-control": "no-store" } },
  );
}

/** How many requests the log shows. */
const LOGGED = 100;

function log({ requests }: Gateway["mock"]): Response {
  return Response.json(requests.slice(-LOGGED).map(loggedRequest), {
    headers: { "cache-control": "no-store" },
  });
}
