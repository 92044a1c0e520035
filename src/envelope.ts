/**
 * What an error answer of KPN's gateway says (`kpn.md`). Each code and each text is read in its
 * envelope's own place, since a body may also hold an echo of what somebody sent.
 */

import { parseJson } from "./body.ts";
import type { Envelope } from "./errors.ts";

/** What an answer says. Every text is bounded and without control characters; it may be empty. */
export interface Said {
  readonly envelope: Envelope;
  /** Where a code may stand, the first first. */
  readonly codes: readonly string[];
  readonly message: string;
  readonly transactionId?: string;
  /** Whether nobody but the token endpoint writes so. */
  readonly ofTokenEndpoint?: boolean;
}

/** Where each envelope has its code and, unless it is `message`, its text; the first that is there. */
const ENVELOPES: readonly (readonly [Envelope, code: string, message: string])[] = [
  ["fault", "fault.detail.errorcode", "fault.faultstring"],
  [
    "api",
    "errorResponse.code notifications.0.type notifications.type",
    "errorResponse.message notifications.0.message notifications.message",
  ],
  ["kpn", "error.name", "error.message"],
  ["oauth", "ErrorCode", "Error"],
  ["oauth", "error", "error_description"],
  ["api", "error_code", ""],
  ["camara", "code", ""],
  ["problem", "type", "detail"],
  ["kpn", "name", ""],
];

/** Where a text stands otherwise. */
const MESSAGES = "message error_title title";

const IDS = "error.transactionId errorResponse.transactionId transactionId correlation_id instance";

/** What a body says, in any of KPN's envelopes. */
export function readEnvelope(body: string): Said {
  const root = parseJson(body) ?? parseXml(body);
  const [envelope, code, words] =
    ENVELOPES.find(([, ...places]) => first(root, places.join(" "))) ?? ["unknown", "", ""];
  const message = first(root, `${words} ${MESSAGES}`);
  return {
    envelope,
    codes: [first(root, code), envelope === "kpn" ? leadingCode(message) : ""],
    message,
    transactionId: first(root, IDS),
    ofTokenEndpoint: code === "ErrorCode",
  };
}

/** Apigee's fault as XML. Anchored, so that each text stands in its place. */
const XML_FAULT =
  /^\s*(?:<\?[^>]*>\s*)?<fault[^<>]*>\s*(?:<faultstring>([^<]*)<\/faultstring>\s*)?<detail>\s*<errorcode>([^<]*)</;

/** The same as its JSON. */
function parseXml(body: string): unknown {
  const [, faultstring, errorcode] = XML_FAULT.exec(body) ?? [];
  return { fault: { faultstring, detail: { errorcode } } };
}

/** The first text at any of some places, such as `error.name`. */
function first(root: unknown, places: string): string {
  for (const place of places.split(" ")) {
    let value = root;
    for (const field of place.split(".")) value = (value as Record<string, unknown>)?.[field];
    // A code may be a number (Match); a text that is none says nothing.
    if (typeof value === "number" && place.endsWith("code")) value = `${value}`;
    const found = place && text(value);
    if (found) return found;
  }
  return "";
}

/** A parameter of a challenge. A quoted text is taken whole, so that nothing inside it counts. */
const PARAMETER = /(?:^|[\s,])([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** What `www-authenticate` says: `Bearer realm="…",error="…",error_description="…"` (RFC 6750 section 3). */
export function readChallenge(header: string): Said {
  const fields: Record<string, string | undefined> = {};
  for (const [, name, quoted, token] of header.matchAll(PARAMETER)) {
    fields[name!.toLowerCase()] ??= quoted ?? token;
  }
  const message = text(fields.error_description);
  return {
    envelope: "www-authenticate",
    codes: [leadingCode(message), text(fields.error)],
    message,
  };
}

/** The code that a text begins with, such as `oauth.v2.X: words`; plain words are none. */
function leadingCode(message: string): string {
  return /^[a-z]+[_.][\w.-]*\w/i.exec(message)?.[0] ?? "";
}

/** A text on one line, at most 200 characters of it; of anything else nothing. */
export function text(value: unknown): string {
  return typeof value === "string"
    ? value.slice(0, 200).replace(/[\p{C}\p{Z}]+/gu, " ").trim()
    : "";
}
