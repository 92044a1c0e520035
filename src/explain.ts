/** Explains a pasted answer to people: what it means, whose fault it is, what to do, and what will not help. */

import { parseJson } from "./body.ts";
import { readEnvelope } from "./envelope.ts";
import type { FaultCode } from "./errors.ts";
import { type Fault, parseFault } from "./fault.ts";
import { hintFor, type Meaning, wordsFor } from "./meanings.ts";

/** A pasted answer, explained. The fields of a fault are absent if it is not an error. */
export interface Explanation extends Partial<Fault> {
  /** Whether it was understood: as an error of KPN's or of a proxy's, or as a success. */
  readonly understood: boolean;
  /** The HTTP status, if it is known. */
  readonly status?: number;
  /** What it means. */
  readonly means: string;
  /** Whose fault it is. */
  readonly whose?: string;
  /** What to do. */
  readonly remedy?: string;
  /** What will not help. */
  readonly avoid?: string;
}

/** Whose fault it is, by code. */
const WHOSE: Readonly<Record<FaultCode, string>> = {
  invalid_client: "The credentials'.",
  not_approved: "The project's, or its account's.",
  key_expired: "The project's.",
  invalid_request: "The request's.",
  invalid_token: "Nobody's: every token ends.",
  not_entitled: "The project's.",
  rate_limited: "The program's: it asks too often.",
  not_found: "The request's.",
  access_denied: "The request's, or the project's.",
  proxy_refused: "A proxy's, between here and KPN.",
  server_error: "KPN's, or a server's between here and KPN.",
  redirected: "The URL's, or a login page's between here and KPN.",
  invalid_response: "Something's between here and KPN.",
};

/** How much of a body is read at most, in characters: as much as of an answer from the network. */
const BODY_LIMIT = 65_536;

/**
 * Explains an answer.
 *
 * @param text The output of `curl -i`, with any number of heads (proxies, redirects); or only a body.
 * A prompt, curl's progress or a log's prefix may surround it, and the terminal may have wrapped it.
 * @param status The status, if `text` is only a body.
 * @returns The explanation.
 */
export function explain(text: string, status?: number): Explanation {
  const answer = parseAnswer(text);
  const body = bodyIn(answer.rest.slice(0, BODY_LIMIT));
  const known = status ?? answer.status ?? statusIn(body ?? "");
  const seen = known === undefined ? {} : { status: known };
  if (body === undefined) {
    return {
      understood: false,
      ...seen,
      means: "The body cannot be read: it is incomplete, or there is more than one answer.",
      remedy: "Paste the whole output of curl -i, for one answer.",
    };
  }
  // 400 stands in for an unknown status: it leaves the meaning to the body.
  const fault = parseFault({ status: known ?? 400, headers: answer.headers }, body);
  const understood = fault.code !== "invalid_response";
  if (!understood && isSuccess(known, body)) {
    return { understood: true, ...seen, means: `HTTP ${known} with this body is not an error.` };
  }
  if (!understood && known === undefined) {
    return {
      understood,
      means: "The answer cannot be read: it has no status line, and it is not an error of KPN's.",
      remedy: "Paste the whole output of curl -i, or give the body and its status.",
    };
  }
  const row = rowOf(fault);
  const [, , means, remedy, futile] = wordsFor(row);
  const more = fault.hint.slice(hintFor(row).length);
  return {
    understood,
    ...seen,
    ...fault,
    means,
    whose: WHOSE[fault.code],
    remedy: `${remedy}.${more}`,
    avoid: `${futile[0]!.toUpperCase()}${futile.slice(1)} will not help.`,
  };
}

/** The words for a fault. `not_found` has two meanings; its hint says which one applies. */
function rowOf({ code, hint }: Fault): Meaning[0] {
  return hint.startsWith(hintFor("unknown_value")) ? "unknown_value" : code;
}

/** A success has a body in JSON, or none. */
function isSuccess(status: number | undefined, body: string): boolean {
  return status !== undefined && status >= 200 && status < 300 &&
    (body.trim() === "" || parseJson(body) !== undefined);
}

/** The status that some envelopes repeat: `"status": 404`, `"status": "500 - Internal Server Error"`. */
function statusIn(body: string): number | undefined {
  const root = Object(parseJson(body));
  const { status } = Object(root.error ?? root);
  const [digits] = /^[45]\d\d(?!\d)/.exec(`${status ?? root.error_code}`) ?? [];
  return digits ? Number(digits) : undefined;
}

/** A head: a status line of any HTTP version, and the header lines up to an empty one. */
const HEAD = /^HTTP(?:\/[\d.]+)? (\d{3})\b[^\n]*\n?((?:[^\n]+\n)*(?:[^\n]+$)?)\n?/;
const STATUS_LINE = /^HTTP(?:\/[\d.]+)? \d{3}\b/m;
const HEADER = /^([^\s:]+):[ \t]*(.*)$/;

/** The last of the heads at the beginning of a text, and what follows it. From `curl -v` only the received lines count. */
function parseAnswer(text: string) {
  let rest = text.replace(/\r\n?/g, "\n").trimStart();
  if (/^< HTTP/m.test(rest)) {
    rest = rest.replace(/^(?:[*>].*|[{}] \[\d+ bytes data\])\n?/gm, "").replace(/^< ?/gm, "");
  }
  // A prompt or curl's progress may come before it.
  rest = rest.slice(Math.max(0, rest.search(STATUS_LINE)));
  let fields = new Map<string, string>();
  let status: number | undefined;
  for (let head = HEAD.exec(rest); head; head = HEAD.exec(rest)) {
    const [whole, digits, lines = ""] = head;
    status = Number(digits);
    fields = fieldsOf(lines);
    rest = rest.slice(whole.length);
  }
  const headers = { get: (name: string) => fields.get(name) ?? null };
  return { status, headers, rest };
}

/** The one body in a text; `undefined` if none is complete, or there is more than one. Plain words are a body, too. */
function bodyIn(text: string): string | undefined {
  const whole = text.trim();
  const isMarked = /\{|<[a-z!?]/i.test(whole);
  if (!isMarked || whole.startsWith("<") || parseJson(whole) !== undefined) return whole;
  if (STATUS_LINE.test(whole)) return undefined;
  const objects = objectsIn(whole);
  const markup = whole.search(/<(?:\?xml|fault|!doctype html|html)\b/i);
  if (markup !== -1) return objects.length ? undefined : whole.slice(markup);
  // A command pasted along with it may contain the request's body.
  const errors = objects.filter((object) => readEnvelope(object).envelope !== "unknown");
  const [body, ...others] = errors.length ? errors : objects;
  return others.length ? undefined : body;
}

/** The JSON objects in a text. A terminal may have wrapped their lines, even inside a string. */
function objectsIn(text: string): string[] {
  const objects: string[] = [];
  let around = "";
  let to = 0;
  for (let from = text.indexOf("{"); from >= 0; from = text.indexOf("{", to)) {
    around += text.slice(to, from);
    to = endOf(text, from);
    const object = text.slice(from, to);
    const json = [object, object.replace(/\n/g, "")].find((one) => parseJson(one) !== undefined);
    if (json) objects.push(json);
  }
  // Parts of JSON around them show that a larger object lost its beginning: these are only its fields.
  return /":|\}/.test(around + text.slice(to)) ? [] : objects;
}

/** The end of the object that begins at `from`, or else the end of the text. */
function endOf(text: string, from: number): number {
  const token = /"(?:[^"\\]|\\.?)*"?|[{}]/gs;
  token.lastIndex = from;
  let depth = 0;
  for (let found = token.exec(text); found; found = token.exec(text)) {
    if (found[0] === "{") depth++;
    if (found[0] === "}" && --depth === 0) return token.lastIndex;
  }
  return text.length;
}

/** The header fields by name, in lower case; values of the same name are joined. */
function fieldsOf(lines: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines.split("\n")) {
    const [, name, value = ""] = HEADER.exec(line) ?? [];
    const known = fields.get(name?.toLowerCase() ?? "");
    if (name) fields.set(name.toLowerCase(), known ? `${known}, ${value}` : value);
  }
  return fields;
}
