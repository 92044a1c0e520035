/**
 * Number Insight, after KPN's published definition. KPN shows an answer of `basic`;
 * the fields of the other levels are those of Nexmo, whose API it is.
 */

import { badRequest, ownRefusal } from "./answers.ts";
import { formOf, type RecordedRequest, repeatedName } from "./record.ts";

const BASE = "/communication/nexmo/number-insight/";
const LEVELS = ["basic", "standard", "advanced", "advanced/async"];

/** What `advanced/async` sends later, and where to. */
export interface CallbackOrder {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

/**
 * The answer to a call with a valid token. `order` gets the callback that
 * `advanced/async` promises; `serial` makes the answer's `request_id`.
 */
export function answerNumberInsight(
  request: RecordedRequest,
  level: string,
  serial: number,
  order: (callback: CallbackOrder) => void,
): Response {
  if (request.method !== "POST") {
    return ownRefusal(405, "Only POST is accepted.", { allow: "POST" });
  }
  const form = formOf(request);
  if (!form) {
    return ownRefusal(415, "The content type must be application/x-www-form-urlencoded.");
  }
  const wrong = wrongParameter(form, level);
  if (wrong) return badRequest(wrong);

  const number = form.get("number") ?? "";
  const insight = insightOf(number, form, level, `mock-request-${serial}`);
  const url = form.get("callback");
  if (level !== "advanced/async" || url === null) return Response.json(insight);
  if (!isLoopback(url)) return ownRefusal(400, "The mock calls back to loopback only.");
  order({ url, body: insight });
  const { request_id, request_price, remaining_balance } = insight;
  return Response.json({ request_id, number, request_price, remaining_balance, status: 0 });
}

/** Which level of insight is to be had at a path, if any. */
export function insightLevel(pathname: string): string | undefined {
  return LEVELS.find((level) => pathname === BASE + level);
}

/** What KPN's definition forbids, in words. */
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
  return URL.canParse(callback) ? undefined : "callback must be a URL";
}

/** The mock makes no request to any other machine. */
function isLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return /^https?:$/.test(protocol) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1])$/.test(hostname);
}

interface Country {
  readonly prefix: string;
  readonly code: string;
  readonly iso3: string;
  readonly name: string;
  /** The national form of the digits after the prefix. */
  readonly national: readonly [RegExp, string];
}

/** The countries that the mock knows. */
const COUNTRIES: readonly Country[] = [
  {
    prefix: "44",
    code: "GB",
    iso3: "GBR",
    name: "United Kingdom",
    national: [/^(\d{4})(\d{6})$/, "0$1 $2"],
  },
  {
    prefix: "31",
    code: "NL",
    iso3: "NLD",
    name: "Netherlands",
    national: [/^6(\d{8})$/, "06 $1"],
  },
];

const NOWHERE: Country = {
  prefix: "",
  code: "ZZ",
  iso3: "ZZZ",
  name: "Unknown",
  national: [/^/, ""],
};

/** KPN's own example for 447700900000, and the like for other numbers. */
function insightOf(
  number: string,
  form: URLSearchParams,
  level: string,
  request_id: string,
): Record<string, unknown> {
  const digits = number.replace(/\D/g, "");
  const home = COUNTRIES.find(({ code }) => code === form.get("country"));
  const international = home ? digits.replace(/^0/, home.prefix) : digits;
  const country = COUNTRIES.find(({ prefix }) => international.startsWith(prefix)) ?? NOWHERE;
  const basic = {
    status: 0,
    status_message: "Success",
    request_id,
    international_format_number: international,
    national_format_number: international.slice(country.prefix.length).replace(...country.national),
    country_code: country.code,
    country_code_iso3: country.iso3,
    country_name: country.name,
    country_prefix: country.prefix,
  };
  if (level === "basic") return basic;
  const carrier = {
    network_code: `${country.code}-MOCK`,
    name: "Mock Mobile",
    country: country.code,
    network_type: "mobile",
  };
  const standard = {
    ...basic,
    request_price: "0.00000000",
    remaining_balance: "10.00000000",
    current_carrier: carrier,
    original_carrier: carrier,
    ported: "not_ported",
    roaming: { status: "not_roaming" },
    ...form.get("cnam") === "true" && { caller_name: "Mock Caller", caller_type: "consumer" },
  };
  if (level === "standard") return standard;
  return {
    ...standard,
    lookup_outcome: 0,
    lookup_outcome_message: "Success",
    valid_number: "valid",
    reachable: "reachable",
  };
}
