/** Every error envelope of KPN's gateway, read into one shape. The code decides, then the status. */

import { readText, type ResponseLike } from "./body.ts";
import type { Envelope, FaultCode } from "./errors.ts";

/** What an error answer says, in one shape. */
export interface Fault {
  /** What it means, whatever the HTTP status is. */
  readonly code: FaultCode;
  /** The server's own code, such as `policies.ratelimit.QuotaViolation`, if it gave one. */
  readonly originalCode?: string;
  /** The server's own words; may be empty. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** KPN's id of the failed request, which its support asks for. */
  readonly transactionId?: string;
  /** The shape in which it came. */
  readonly envelope: Envelope;
}

/** What to do about each code. */
const HINTS: Readonly<Record<FaultCode, string>> = {
  invalid_client:
    "Copy client id and secret again from developer.kpn.com, both of the same project.",
  invalid_request: "Check the URL and the parameters.",
  invalid_token: "Request a new token.",
  not_entitled: "Add this API to the project on developer.kpn.com; a new token will not help.",
  rate_limited: "Slow down: the quota is used up.",
  not_found: "Check the URL.",
  access_denied: "Check on developer.kpn.com what the project may do.",
  server_error: "Try again later.",
  invalid_response: "Not KPN's answer: look for a proxy or a login page in between.",
};

/** Codes and words that decide, in this order, wherever they stand (`kpn.md`). */
const SIGNS: readonly (readonly [FaultCode, RegExp])[] = [
  ["not_entitled", /ApiProductMatchFound|apiresource_doesnot_exist/i],
  ["rate_limited", /QuotaViolation|SpikeArrestViolation/i],
  ["not_found", /ApplicationNotFound/i],
  [
    "invalid_client",
    /invalid_client|InvalidClientIdentifier|client ?id is invalid|invalid client id/i,
  ],
  ["invalid_token", /invalid_?access_?token|access_?token_?expired|invalid_token/i],
];

/** How to tell the envelopes apart: the field that each has (its code, but for KPN's own), and its words. */
const ENVELOPES: readonly (readonly [Envelope, string, string])[] = [
  ["fault", "errorcode", "faultstring"],
  ["fault", "faultstring", "faultstring"],
  ["oauth", "ErrorCode", "Error"],
  ["oauth", "error", "error_description"],
  ["camara", "code", "message"],
  ["kpn", "transactionId", "message"],
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
  return parseFault(response, await readText(response.clone(), signal) ?? "");
}

/** Status, headers and body text to a fault. */
export function parseFault(
  { status, headers }: Pick<ResponseLike, "status" | "headers">,
  text: string,
): Fault {
  const challenge = headers.get("www-authenticate") ?? "";
  const told = [
    recognise(fields(challenge, /(\w+)="([^"]*)"/g), "www-authenticate"),
    recognise(fields(text, /<(errorcode|faultstring)>([^<]*)/g), "xml"),
    recognise(flatten(parse(text))),
  ].filter((found) => found !== undefined);
  const { code: known, ...found } = told.find(({ code }) => code) ?? told.pop() ?? NOTHING;
  const code = known ?? byStatus(status, found.envelope);
  return { code, ...found, hint: HINTS[code] };
}

type Found = Omit<Fault, "code" | "hint"> & { readonly code?: FaultCode | undefined };

const NOTHING: Found = { message: "", envelope: "unknown" };

/** Which envelope the fields are of, and what it says; nothing if they are of none. */
function recognise(fields: Record<string, unknown>, carrier?: Envelope): Found | undefined {
  const text = (name: string) => typeof fields[name] === "string" ? fields[name] : "";
  const shape = ENVELOPES.find(([, field]) => text(field));
  if (!shape) return undefined;
  const [envelope, field, words] = shape;
  const transactionId = text("transactionId");
  const said = `${text(field)} ${text(words)}`;
  return {
    code: SIGNS.find(([, sign]) => sign.test(said))?.[0],
    ...envelope !== "kpn" && { originalCode: text(field) },
    message: text(words),
    ...transactionId && { transactionId },
    envelope: carrier ?? envelope,
  };
}

function byStatus(status: number, envelope: Envelope): FaultCode {
  if (status >= 500) return "server_error";
  if (status === 429) return "rate_limited";
  if (envelope === "unknown" || status < 400) return "invalid_response";
  if (status === 404) return "not_found";
  return status === 401 || status === 403 ? "access_denied" : "invalid_request";
}

/** The names and values that a pattern with two groups finds. */
function fields(text: string, pattern: RegExp): Record<string, unknown> {
  return Object.fromEntries(Array.from(text.matchAll(pattern), ([, name, value]) => [name, value]));
}

/** The fields of an envelope, wherever it nests them. */
// deno-lint-ignore no-explicit-any -- any JSON value can be asked for these, and spread
function flatten(json: any): Record<string, unknown> {
  return { ...json, ...json?.error, ...json?.fault, ...json?.fault?.detail };
}

/** The value that a JSON text stands for, or `undefined`: a parser's own message would quote the body. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
