/** Reads every error answer of KPN's gateway into one shape. The body's code decides, then the challenge's, then the status. */

import { headerOf, readText, type ResponseLike } from "./body.ts";
import { within } from "./deadline.ts";
import { readChallenge, readEnvelope } from "./envelope.ts";
import type { Envelope, FaultCode } from "./errors.ts";
import { hintFor, meaningOf } from "./meanings.ts";
import { redact } from "./redact.ts";

/** What an error answer says, in one shape for all envelopes. */
export interface Fault {
  /** What it means; the HTTP status may say something else. */
  readonly code: FaultCode;
  /** The server's own code, such as `policies.ratelimit.QuotaViolation`; may be empty. At most 200 characters. */
  readonly originalCode: string;
  /** The server's own words; may be empty. At most 200 characters, on one line. */
  readonly message: string;
  /** What it means and what to do next, in whole sentences. */
  readonly hint: string;
  /** KPN's id of the failed request, which its support asks for. At most 100 characters. */
  readonly transactionId?: string;
  /** How long to wait before the next try, in ms (from `Retry-After`). */
  readonly retryAfter?: number;
  /** The shape of the error answer. */
  readonly envelope: Envelope;
}

/** Options of {@linkcode readFault}. */
export interface ReadFaultOptions {
  /** Ends the reading early: the promise rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** What the caller of {@linkcode parseFault} knows about the answer. */
export interface AnswerContext {
  /** Whether the token endpoint sent it. Default: if only the token endpoint sends such a body. */
  readonly tokenEndpoint?: boolean;
  /** The clock for a `Retry-After` that is a date. Default: `Date.now`. */
  readonly now?: () => number;
  /** What the fault's texts must not contain. Default: nothing. */
  readonly secrets?: readonly string[];
}

/** How long {@linkcode readFault} waits for a body, in ms. */
const BODY_TIMEOUT = 1_000;

/**
 * Reads an error answer of KPN's gateway: one shape for all its envelopes (JSON, XML,
 * `www-authenticate`). Only codes and the status decide, never words or data that an API echoes.
 *
 * It reads a clone, so you can still read the response. It reads for at most 1 second and at most
 * 64 KiB; if the body is not complete by then, or the connection breaks, it uses what has arrived.
 *
 * @param response An answer of an API or of the token endpoint, its body not yet read.
 * @param options A signal that ends the reading early.
 * @returns The fault; `undefined` for a status below 400.
 * @throws {TypeError} If the body has already been read.
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
    signal?.throwIfAborted(); // else the body broke off: `body` holds what has arrived
  }
  return parseFault(response, body);
}

/**
 * Whether an answer says that the access token was rejected or has expired: a new one may help. The
 * response can still be read.
 */
export async function isTokenRejected(response: Response, signal?: AbortSignal): Promise<boolean> {
  return (await readFault(response, { signal }))?.code === "invalid_token";
}

/** Makes a fault from status, headers and body text. */
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
  // The one code whose meaning depends on the place: at the token endpoint Apigee means a wrong id.
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

/** What an answer without a known code means. */
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

/** The host of a URL, the only part that is quoted: the rest may hold a secret. */
function hostOf(url: string): string {
  return /^https?:\/\/(?:[^/?#]*@)?([^/?#]+)/i.exec(url)?.[1] ?? "";
}

/** A date in HTTP's format; `Date.parse` alone would also accept many other texts. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/;

/** Reads `Retry-After`, which is in seconds or a date (RFC 9110 section 10.2.3), as ms. */
function readRetryAfter(header: string, now: () => number): number | undefined {
  if (/^\d{1,12}$/.test(header)) return Number(header) * 1000;
  const ms = HTTP_DATE.test(header) ? Date.parse(header) - now() : NaN;
  return ms >= 0 ? ms : undefined;
}
