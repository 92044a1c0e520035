/**
 * What an error answer of KPN's gateway says (`.github/KPN.md`). An answer has one envelope, known by
 * its shape. A code counts only in that envelope's own place: the rest may be an echo.
 */

import { parseJson } from "./body.ts";
import type { Envelope } from "./errors.ts";

/** What an answer says, in a stranger's words: of any length, and not yet fit to be quoted. */
export interface Said {
  readonly envelope: Envelope;
  /** What may decide, the first first. */
  readonly codes: readonly string[];
  /** What the answer calls its error, where no code is known. It decides nothing. */
  readonly name: string;
  readonly message: string;
  readonly transactionId?: string;
  /** Whether nobody but the token endpoint writes so. */
  readonly ofTokenEndpoint?: boolean;
}

/**
 * Each envelope: the field in which it stands, the fields that it needs (its code first), and the
 * one for its text unless that is `message`. An API may echo the others' envelopes, so its own come
 * first; the gateway's fault comes alone.
 */
const ENVELOPES: readonly (readonly [Envelope, at: string, needs: string, words?: string])[] = [
  ["kpn", "", "name transactionId|info"],
  ["camara", "", "code status|message"],
  ["api", "", "error_code message|correlation_id"],
  ["problem", "", "type title|detail|error_title", "detail"],
  ["api", "errorResponse", "code"],
  ["api", "notifications", "type"],
  ["kpn", "error", "name transactionId|info"],
  ["api", "error", "code message"],
  ["oauth", "", "ErrorCode", "Error"],
  ["oauth", "", "error", "error_description"],
  ["fault", "fault", "detail.errorcode", "faultstring"],
];

/** Where a text stands otherwise. */
const MESSAGES = "message|error.message|fault.faultstring|error_title|title";

const IDS = "error.transactionId|errorResponse.transactionId|transactionId|correlation_id|instance";

/** What a body says, in any of KPN's envelopes. */
export function readEnvelope(body: string): Said {
  const root = parseJson(body) ?? parseXml(body);
  const common = { message: first(root, MESSAGES), transactionId: first(root, IDS) };
  for (const [envelope, at, needs, words = "message"] of ENVELOPES) {
    const fields = needs.split(" ");
    const parts = (at ? [valueAt(root, at)].flat() : [root]) // one notification, or several
      .filter((part) => fields.every((field) => first(part, field)));
    if (!parts.length) continue;
    const codes = parts.map((part) => first(part, fields[0]!));
    const message = first(parts[0], words) || common.message;
    // A name is a status in words, a problem's type a URI: neither is a code.
    const deciding = { kpn: leadingCode(message), problem: [] }[envelope as string] ?? codes;
    const ofTokenEndpoint = needs === "ErrorCode";
    return { ...common, envelope, codes: deciding, name: codes[0]!, message, ofTokenEndpoint };
  }
  return { ...common, envelope: "unknown", codes: [], name: "" };
}

/** Comments, and sections of plain text. What is not closed goes on to the end. */
const XML_ASIDES = /<!--[^]*?(?:-->|$)|<!\[CDATA\[([^]*?)(?:\]\]>|$)/g;

/** Apigee's fault as XML. Anchored, so that each text stands in its place. */
const XML_FAULT =
  /^\s*(?:<\?[^>]*>\s*)?<fault[^<>]*>\s*(?:<faultstring>([^<]*)<\/faultstring>\s*)?<detail>\s*<errorcode>([^<]*)</;

/** The same as its JSON. */
function parseXml(body: string): unknown {
  const plain = body.replace(XML_ASIDES, (_, text = "") => text.replace(/</g, "&lt;"));
  const [, faultstring, errorcode] = XML_FAULT.exec(plain) ?? [];
  return { fault: { faultstring, detail: { errorcode } } };
}

/** The first text at any of some places, such as `error.message|message`. */
function first(root: unknown, places: string): string {
  for (const place of places.split("|")) {
    const value = valueAt(root, place);
    // A code may be a number (Match), and so may a status; a text that is none says nothing.
    const found = typeof value === "number" && /(code|status)$/.test(place) ? `${value}` : value;
    if (text(found)) return text(found);
  }
  return "";
}

function valueAt(root: unknown, place: string): unknown {
  let value = root;
  for (const field of place.split(".")) value = (value as Record<string, unknown>)?.[field];
  return value;
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
  const codes = [...leadingCode(message), text(fields.error)].filter(Boolean);
  return { envelope: "www-authenticate", codes, name: codes[0] ?? "", message };
}

/** The code that a text begins with or is, such as `oauth.v2.X: words`; plain words are none. */
function leadingCode(message: string): string[] {
  const [, code] = /^([a-z]+[_.][\w.-]*\w)(?::|$)/i.exec(message) ?? [];
  return code ? [code] : [];
}

/** A text without white space around it; of anything else nothing. */
function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
