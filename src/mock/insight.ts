/**
 * The answers of Number Insight. KPN shows an example of `basic`; the fields of the other levels
 * come from KPN's definition, and from Nexmo, whose API it is.
 */

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

/** The answer for a number: KPN's own example for 447700900000, similar ones for other numbers. */
export function insightOf(
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
  const standard = { ...basic, ...carrierFields(country), ...callerFields(form) };
  return level === "standard" ? standard : { ...standard, ...reachFields(form) };
}

/** The fields that `standard` adds. Prices are numbers in KPN's definition, but strings in its examples. */
function carrierFields({ code }: Country): Record<string, unknown> {
  const carrier = {
    network_code: `${code}-MOCK`,
    name: "Mock Mobile",
    country: code,
    network_type: "mobile",
  };
  return {
    request_price: "0.00000000",
    refund_price: "0.00000000",
    remaining_balance: "10.00000000",
    current_carrier: carrier,
    original_carrier: carrier,
    ported: "not_ported",
    roaming: { status: "not_roaming" },
  };
}

/** The caller's name, if `cnam` asks for it. */
function callerFields(form: URLSearchParams): Record<string, unknown> {
  if (form.get("cnam") !== "true") return {};
  const caller = {
    caller_type: "consumer",
    caller_name: "Mock Caller",
    first_name: "Mock",
    last_name: "Caller",
  };
  return { caller_identity: caller, ...caller };
}

/** The fields that `advanced` adds; those about an IP address only if the form has `ip`. */
function reachFields(form: URLSearchParams): Record<string, unknown> {
  const address = form.get("ip");
  return {
    lookup_outcome: 0,
    lookup_outcome_message: "Success",
    valid_number: "valid",
    reachable: "reachable",
    ...address && {
      ip: { address, ip_match_level: "country", ip_country: "NL", ip_city: "Rotterdam" },
      ip_warnings: "no_warning",
    },
  };
}
