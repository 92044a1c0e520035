/** Number Insight, after KPN's published definition: its parameters, and its callback. */

import { badRequest, type Outcome, refusing } from "./answers.ts";
import { contentTypeDifference, formOf, repeatedName } from "./form.ts";
import { insightOf } from "./insight.ts";
import { isLoopback } from "./path.ts";
import type { Received } from "./received.ts";

/** The base path of Number Insight. */
export const INSIGHT_BASE = "/communication/nexmo/number-insight";

const LEVELS = ["basic", "standard", "advanced", "advanced/async"];

/** A callback that `advanced/async` promises to send. */
export interface CallbackOrder {
  readonly url: string;
  readonly body: Record<string, unknown>;
  /** Whether its URL is on this machine: the mock sends it only then. */
  readonly isLoopback: boolean;
}

/** The level of Number Insight at a path, if any. */
export function insightLevel(pathname: string): string | undefined {
  return LEVELS.find((level) => pathname === `${INSIGHT_BASE}/${level}`);
}

/**
 * Answers a call with a valid token. `order` gets the callback that `advanced/async` promises;
 * `serial` becomes part of the answer's `request_id`.
 */
export function answerNumberInsight(
  request: Received,
  level: string,
  serial: number,
  strict: boolean,
  order: (callback: CallbackOrder) => void,
): Outcome {
  if (request.method !== "POST") return refusing(405, "Only POST is accepted.", { allow: "POST" });
  if (request.stream) return refusing(413, "No request of KPN's is over 1 MiB.");
  const form = formOf(request);
  if (!form || strict && contentTypeDifference(request)?.unusual) {
    return refusing(415, "The content type must be application/x-www-form-urlencoded.");
  }
  const wrong = wrongParameter(form, level);
  if (wrong) return { response: badRequest(wrong), why: wrong };

  const number = form.get("number") ?? "";
  const insight = insightOf(number, form, level, `mock-request-${serial}`);
  const url = form.get("callback");
  if (level !== "advanced/async" || url === null) {
    return { response: Response.json(insight), why: `Number Insight ${level}` };
  }
  const callback = { url, body: insight, isLoopback: isLoopback(new URL(url)) };
  order(callback);
  const { request_id, request_price, remaining_balance } = insight;
  return {
    response: Response.json({ request_id, number, request_price, remaining_balance, status: 0 }),
    why: callback.isLoopback
      ? "Number Insight advanced/async, the callback follows"
      : "Number Insight advanced/async; the callback is not sent, since it is not to this machine",
  };
}

/** Says which parameter KPN's definition forbids, if any. */
function wrongParameter(form: URLSearchParams, level: string): string | undefined {
  const repeated = repeatedName(form);
  if (repeated) return `${repeated} is given more than once`;
  if (!form.get("number")) return "number is required";
  const patterns: Record<string, RegExp> = {
    number: /^[0-9-+()\s]*[0-9][0-9-+()\s]*$/,
    country: /^[A-Z]{2}$/,
    cnam: /^(true|false)$/,
  };
  for (const [name, pattern] of Object.entries(patterns)) {
    const value = form.get(name);
    if (value !== null && !pattern.test(value)) return `${name} must match ${pattern.source}`;
  }
  if (level !== "advanced/async") return undefined;
  const callback = form.get("callback");
  if (!callback) return "callback is required";
  const isUrl = URL.canParse(callback) && /^https?:$/.test(new URL(callback).protocol);
  return isUrl ? undefined : "callback must be an http or https URL";
}
