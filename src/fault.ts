/** Every error answer of KPN's gateway in one shape. The code decides, then the challenge, then the status. */

import { headerOf, readText, type ResponseLike } from "./body.ts";
import { within } from "./deadline.ts";
import { readChallenge, readEnvelope } from "./envelope.ts";
import type { Envelope, FaultCode } from "./errors.ts";
import { hintFor, meaningOf } from "./meanings.ts";
import { redact } from "./redact.ts";

/** What an error answer says, in one shape. */
export interface Fault {
  /** What it means, whatever the HTTP status is. */
  readonly code: FaultCode;
  /** The server's own code, such as `policies.ratelimit.QuotaViolation`; may be empty. At most 200 characters. */
  readonly originalCode: string;
  /** The server's own words; may be empty. At most 200 characters, on one line. */
  readonly message: string;
  /** What it means and what to do next, in whole sentences. */
  readonly hint: string;
  /** KPN's id of the failed request, which its support asks for. At most 100 characters. */
  readonly transactionId?: string;
  /** How long to wait before another try, in ms (from `Retry-After`). */
  readonly retryAfter?: number;
  /** The shape in which it came. */
  readonly envelope: Envelope;
}

/** How {@linkcode readFault} reads. */
export interface ReadFaultOptions {
  /** Ends the reading early: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known of the answer that {@linkcode parseFault} reads. */
export interface AnswerContext {
  /** Whether it is the token endpoint's. Default: only where its body can be nobody else's. */
  readonly tokenEndpoint?: boolean;
  /** The clock for a `Retry-After` that is a date. Default: `Date.now`. */
  readonly now?: () => number;
  /** What no text may hold. Default: nothing. */
  readonly secrets?: readonly string[];
}

/** How long {@linkcode readFault} waits for a body, in ms. */
const BODY_TIMEOUT = 1_000;

/**
 * What an error answer of KPN's gateway says: one shape for all its envelopes (JSON, XML,
 * `www-authenticate`). Words never decide, nor does data that an API echoes. It reads a clone, so
 * that the response can still be read, for at most 1 second and 64 KiB: what has come by then, or
 * before the connection broke, is looked at.
 *
 * @param response An answer of an API or of the token endpoint, its body not yet read.
 * @param options A signal that ends the reading early.
 * @returns `undefined` for a status below 400.
 * @throws {TypeError} If the body has been read already.
 *
 * @example
 * ```ts
 * import { readFault } from "kpn-auth";
 *
 * const response = Response.json({
 *   fault: { detail: { errorcode: "policies.ratelimit.QuotaViolation" } },
 * }, { status: 500, headers: { "retry-after": "30" } });
 * const fault = await readFault(response);
 * console.log(fault?.code, fault?.hint); // rate_limited The project's quota … Wait 30 s …
 * ```
 */
export async function readFault(
  response: Response,
  { signal }: ReadFaultOptions = {},
): Promise<Fault | undefined> {
  if (response.status < 400) return undefined;
  signal?.throwIfAborted();
  const copy = response.clone?.(); // a stub may have none
  let body = "";
  try {
    await within(BODY_TIMEOUT, signal, (over) => readText(copy, over, (come) => body = come));
  } catch {
    signal?.throwIfAborted(); // else the body broke off: what has come is left
  }
  return parseFault(response, body);
}

/**
 * Whether an answer says that the access token was rejected or has expired, so that another one may
 * help. The response can still be read.
 */
export async function isTokenRejected(response: Response, signal?: AbortSignal): Promise<boolean> {
  return (await readFault(response, { signal }))?.code === "invalid_token";
}

/** Status, headers and body text to a fault. */
export function parseFault(
  response: Pick<ResponseLike, "status" | "headers">,
  body: string,
  { tokenEndpoint = false, now = Date.now, secrets = [] }: AnswerContext = {},
): Fault {
  const { status = 0 } = response;
  const header = (name: string) => headerOf(response, name);
  const clean = (text: string, most?: number) => redact(text, secrets, most);
  const said = readEnvelope(body);
  const challenge = readChallenge(header("www-authenticate"));
  const speaker = [said, challenge].find(({ codes }) => codes.some(meaningOf)) ??
    [said, challenge].find(({ name }) => name) ?? said;
  const known = speaker.codes.find(meaningOf);
  const originalCode = clean(known ?? speaker.name);
  const message = clean(speaker.message || said.message);
  const isSaid = originalCode !== "" || message !== "";
  let code = meaningOf(known ?? "") ?? byStatus(status, header, body, isSaid);
  // The one exception of place: there it is Apigee's word for a wrong id.
  if (code === "invalid_request" && status === 401 && (tokenEndpoint || said.ofTokenEndpoint)) {
    code = "invalid_client";
  }
  const transactionId = clean(said.transactionId || header("x-request-id"), 100);
  const retryAfter = readRetryAfter(header("retry-after"), now);
  const isUnknownValue = code === "not_found" && !/fault|unknown/.test(speaker.envelope);
  const host = code === "redirected" && clean(hostOf(header("location")));
  const hint = [
    hintFor(isUnknownValue ? "unknown_value" : code),
    host && `It leads to ${host}.`,
    retryAfter && `Wait ${Math.ceil(retryAfter / 1000)} s before the next try.`,
    transactionId && `If you ask KPN's support, quote transactionId ${transactionId}.`,
  ].filter(Boolean).join(" ");
  return {
    code,
    originalCode,
    message,
    hint,
    ...transactionId && { transactionId },
    ...retryAfter !== undefined && { retryAfter },
    envelope: speaker.envelope,
  };
}

/** What a status means by itself. */
const STATUSES: Readonly<Record<number, FaultCode>> = {
  401: "access_denied",
  403: "access_denied",
  404: "not_found",
  407: "proxy_refused",
  429: "rate_limited",
};

/** What an answer means whose code, if it has one, means nothing to us. */
function byStatus(
  status: number,
  header: (name: string) => string,
  body: string,
  isSaid: boolean,
): FaultCode {
  const meaning = STATUSES[status];
  if (status >= 500) return "server_error";
  // Most runtimes show a redirect as it is, Chromium as status 0.
  if (status < 200 || status > 299 && status < 400) return "redirected";
  if (isSaid && status >= 400) return meaning ?? "invalid_request";
  if (meaning !== "access_denied") return meaning ?? "invalid_response";
  const isHtml = /^\s*<(!doctype |html)/i.test(body) ||
    body.trim() && /html/.test(header("content-type"));
  const isProxy = ["proxy-authenticate", "x-squid-error"].some(header) ||
    isHtml && /squid|proxy/i.test(body);
  if (status === 403 && isProxy) return "proxy_refused";
  return isHtml ? "invalid_response" : meaning;
}

/** The host of a URL: nothing else of it is quoted, since the rest may hold anything. */
function hostOf(url: string): string {
  return /^https?:\/\/(?:[^/?#]*@)?([^/?#]+)/i.exec(url)?.[1] ?? "";
}

/** A date as HTTP writes it: `Date.parse` would also find one in words. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/;

/** `Retry-After` in ms: seconds, or a date (RFC 9110 section 10.2.3). */
function readRetryAfter(header: string, now: () => number): number | undefined {
  if (/^\d{1,12}$/.test(header)) return Number(header) * 1000;
  const ms = HTTP_DATE.test(header) ? Date.parse(header) - now() : NaN;
  return ms >= 0 ? ms : undefined;
}
