/** Reads a project's quota from an API's answer. */

/**
 * A project's quota, as KPN's headers report it. A value of digits is a number; any other value is the
 * header's text, since KPN does not document the formats (`.github/KPN.md`).
 */
export interface Quota {
  /** Calls allowed in the interval. */
  readonly limit?: number | string;
  /** The interval's length, in `timeUnit`s. */
  readonly interval?: number | string;
  /** The unit of `interval`, such as `minute`. */
  readonly timeUnit?: number | string;
  /** Calls made in this interval. */
  readonly used?: number | string;
  /** When the interval ends; the format is not documented. */
  readonly resetUTC?: number | string;
  /** When this API will end (RFC 8594). */
  readonly sunset?: number | string;
}

/**
 * Reads the quota headers of an API's answer.
 *
 * @param response An API's answer; its body is not read.
 * @returns The quota; the fields of missing headers are absent.
 *
 * @example
 * ```ts
 * import { readQuota } from "kpn-auth";
 *
 * const response = new Response(null, { headers: { "quota-limit": "100", "quota-used": "7" } });
 * console.log(readQuota(response)); // { limit: 100, used: 7 }
 * ```
 */
export function readQuota(response: Response): Quota {
  const names = {
    limit: "quota-limit",
    interval: "quota-interval",
    timeUnit: "quota-time-unit",
    used: "quota-used",
    resetUTC: "quota-reset-UTC",
    sunset: "sunset",
  };
  const quota: Record<string, number | string> = {};
  for (const [field, name] of Object.entries(names)) {
    const value = response.headers.get(name);
    if (value !== null) quota[field] = /^\d{1,15}$/.test(value) ? Number(value) : value;
  }
  return quota;
}
