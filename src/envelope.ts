/**
 * Reads what an error answer of KPN's gateway says (`.github/KPN.md`). The shape of an answer shows
 * its envelope. Only the envelope's own field holds the code: other fields may echo the request.
 */

import { parseJson } from "./body.ts";
import type { Envelope } from "./errors.ts";

/** What an answer says, verbatim: of any length, and not yet safe to quote. */
export interface Said {
  readonly envelope: Envelope;
  /** The codes that decide what it means, in order. */
  readonly codes: readonly string[];
  /** The answer's name for its error, quoted if no code is known. It never decides. */
  readonly name: string;
  readonly message: string;
  readonly transactionId?: string;
  /** Whether only the token endpoint uses this envelope. */
  readonly ofTokenEndpoint?: boolean;
}

/**
 * Each envelope: the field it is in, the fields that it needs (its code first), and the field for its
 * text unless that is `message`. The APIs' own envelopes come first, since an API may echo others;
 * the gateway's fault comes alone, so it is last.
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

/** The fields for the text, if the envelope's own has none. */
const MESSAGES = "message|error.message|fault.faultstring|error_title|title";

const IDS = "error.transactionId|errorResponse.transactionId|transactionId|correlation_id|instance";

/** Reads a body in any of KPN's envelopes. */
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

/** XML comments and CDATA sections; an unclosed one extends to the end. */
const XML_ASIDES = /<!--[^]*?(?:-->|$)|<!\[CDATA\[([^]*?)(?:\]\]>|$)/g;

/** Apigee's fault as XML. Anchored, so that only the fault's own elements match. */
const XML_FAULT =
  /^\s*(?:<\?[^>]*>\s*)?<fault[^<>]*>\s*(?:<faultstring>([^<]*)<\/faultstring>\s*)?<detail>\s*<errorcode>([^<]*)</;

/** Reads a fault in XML as the object that its JSON form gives. */
function parseXml(body: string): unknown {
  const plain = body.replace(XML_ASIDES, (_, text = "") => text.replace(/</g, "&lt;"));
  const [, faultstring, errorcode] = XML_FAULT.exec(plain) ?? [];
  return { fault: { faultstring, detail: { errorcode } } };
}

/** The first text at one of some places, such as `error.message|message`. */
function first(root: unknown, places: string): string {
  for (const place of places.split("|")) {
    const value = valueAt(root, place);
    // A code may be a number (Match), and so may a status; any other text must be a string.
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

/** A parameter of a challenge. A quoted string is matched as a whole, so nothing inside it counts. */
const PARAMETER = /(?:^|[\s,])([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** Reads `www-authenticate`: `Bearer realm="…",error="…",error_description="…"` (RFC 6750 section 3). */
export function readChallenge(header: string): Said {
  const fields: Record<string, string | undefined> = {};
  for (const [, name, quoted, token] of header.matchAll(PARAMETER)) {
    fields[name!.toLowerCase()] ??= quoted ?? token;
  }
  const message = text(fields.error_description);
  const codes = [...leadingCode(message), text(fields.error)].filter(Boolean);
  return { envelope: "www-authenticate", codes, name: codes[0] ?? "", message };
}

/** The code at the beginning of a text such as `oauth.v2.X: words`; nothing for plain words. */
function leadingCode(message: string): string[] {
  const [, code] = /^([a-z]+[_.][\w.-]*\w)(?::|$)/i.exec(message) ?? [];
  return code ? [code] : [];
}

/** A string, trimmed; `""` for any other value. */
function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
