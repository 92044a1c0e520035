/** URLs to which a secret or a token may be sent. */

import { checkText, quoted, refuse } from "./options.ts";

/** A loopback host, as `URL` spells it. */
const LOOPBACK = /^((.+\.)?localhost|127(\.\d+){3}|\[::1])$/;

/**
 * Reads a URL to which a secret or a token may be sent: https, http on loopback, or any http if
 * `allowInsecureHttp` is `true`.
 *
 * @throws {TypeError} If it is another. The message quotes it without its query, and does
 * not quote it if it may hold a password.
 */
export function secureUrl(
  option: string,
  given: string | URL,
  allowInsecureHttp: boolean | undefined,
): URL {
  const text: unknown = Object(given).href ?? given; // `instanceof` fails for another realm's URL
  // A password or a query may be secret.
  const shown = typeof text === "string" ? text.replace(/^.*@.*|[?#].*/s, "…") : text;
  const label = `${option} ${quoted(shown)}`;
  checkText(label, text);
  const url = webUrl(text);
  if (!url) refuse(label, "must be a URL that begins with https://");
  if (url.username || url.password) refuse(label, "must not contain a user or a password");
  if (url.protocol === "http:" && allowInsecureHttp !== true && !LOOPBACK.test(url.hostname)) {
    refuse(label, "must be https, unless allowInsecureHttp is true");
  }
  return url;
}

/** Reads an http or https URL; `undefined` for anything else. Fastly Compute has no `URL.canParse`. */
export function webUrl(text: string): URL | undefined {
  try {
    return /^https?:/i.test(text) ? new URL(text) : undefined;
  } catch {
    return undefined;
  }
}
