/** Every error envelope of KPN's gateway, read into one shape. The code decides, then the status. */

import { readText, type ResponseLike } from "./body.ts";
import type { Envelope, FaultCode } from "./errors.ts";

/** What an error answer says, in one shape. */
export interface Fault {
  /** What it means, whatever the HTTP status is. */
  readonly code: FaultCode;
  /** The server's own code, such as `policies.ratelimit.QuotaViolation`; may be empty. */
  readonly originalCode: string;
  /** The server's own words; may be empty. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** KPN's id of the failed request, which its support asks for. */
  readonly transactionId?: string;
  /** The shape in which it came. */
  readonly envelope: Envelope;
}

/**
 * What each code is told by, and what to do about it. The first that fits
 * `status envelope code words challenge` is it: the code decides, then the status.
 */
const SIGNS: readonly (readonly [FaultCode, RegExp, string])[] = [
  [
    "not_entitled",
    /ApiProductMatch|apiresource_/,
    "Add the API to the project on developer.kpn.com; a new token will not help.",
  ],
  [
    "invalid_client",
    /invalid.?client/i,
    "Copy id and secret from developer.kpn.com again.",
  ],
  [
    "invalid_token",
    /invalid.?(access.?)?token|access.?token.?expired/i,
    "Request a new token.",
  ],
  ["rate_limited", /(Quota|SpikeArrest)Violation|^429/, "Slow down."],
  ["not_found", /ApplicationNotFound|^404/, "Check the URL."],
  ["server_error", /^5/, "Try again later."],
  // Most runtimes show a redirect as it is, Chromium as status 0.
  ["redirected", /^[03]/, "Check the URL."],
  ["invalid_response", /^2|^... unknown/, "Not KPN's answer: check for a proxy."],
  ["access_denied", /^40[13]/, "Check the project on developer.kpn.com."],
  ["invalid_request", /^/, "Check the URL and parameters."],
];

/** How to tell the envelopes apart: the field that gives each away, its code, and the one with its words. */
const ENVELOPES: readonly (readonly [Envelope, string, string?])[] = [
  ["fault", "errorcode", "faultstring"],
  ["fault", "faultstring"],
  ["oauth", "ErrorCode", "Error"],
  ["oauth", "error", "error_description"],
  ["camara", "code", "message"],
  ["kpn", "name", "message"],
  ["www-authenticate", "challenge"],
];

/**
 * What an error answer of KPN's gateway says: one shape for all its envelopes
 * (JSON, XML, `www-authenticate`, CAMARA's). Reads at most 64 KiB of a clone,
 * so that the response can still be read.
 *
 * @param response An answer of an API or of the token endpoint, its body not yet read.
 * @returns `undefined` for a 2xx or 3xx status.
 * @throws {TypeError} If the body has been read already.
 *
 * @example
 * ```ts
 * import { readFault } from "@kpn-auth/kpn-auth";
 *
 * const response = Response.json({
 *   fault: { detail: { errorcode: "policies.ratelimit.QuotaViolation" } },
 * }, { status: 500 });
 * const fault = await readFault(response);
 * console.log(fault?.code, fault?.hint); // rate_limited Slow down: …
 * ```
 */
export async function readFault(response: Response): Promise<Fault | undefined> {
  if (response.status < 400) return undefined;
  return await faultOf(response);
}

/** The fault in a clone of an answer; what has not come when `signal` aborts is not looked at. */
export async function faultOf(response: Response, signal?: AbortSignal): Promise<Fault> {
  return parseFault(response, await readText(response.clone(), signal));
}

/** Status, headers and body text to a fault. */
export function parseFault(
  { status, headers }: Pick<ResponseLike, "status" | "headers">,
  body: string,
): Fault {
  // RFC 6750 section 3: Bearer realm="…",error="…",error_description="…"
  const challenge = /error=.*/.exec(`${headers.get("www-authenticate")}`)?.[0];
  const fields: Record<string, string | undefined> = { challenge };
  for (const [, tag, words] of body.matchAll(/<(errorcode|faultstring)>([^<]*)/g)) {
    fields[tag!] = words;
  }
  // Envelopes nest their texts differently: wherever they are, they are found.
  parse(body, (field, value) => {
    if (typeof value === "string") fields[field] = value;
    return value;
  });
  const text = (field: string) => fields[field] ?? "";
  const [envelope, mark, words = mark] = ENVELOPES.find(([, mark]) => text(mark)) ??
    ["unknown", ""] as const;
  const said = [status, envelope, text(mark), text(words), challenge].join(" ");
  const [code, , hint] = SIGNS.find(([, sign]) => sign.test(said))!;
  const { transactionId } = fields;
  return {
    code,
    originalCode: text(mark),
    message: text(words),
    hint,
    ...transactionId && { transactionId },
    envelope,
  };
}

/** The value that a JSON text stands for, or `undefined`: a parser's own message would quote the body. */
export function parse(
  text: string,
  reviver?: (field: string, value: unknown) => unknown,
): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    // no JSON
  }
}
