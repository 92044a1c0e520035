/** URLs that a secret or a token may travel to. */

import { checkText, quoted, refuse } from "./options.ts";

/** A host of this machine, as `URL` spells it. */
const LOOPBACK = /^((.+\.)?localhost|127(\.\d+){3}|\[::1])$/;

/**
 * Reads a URL that a secret or a token may travel to: https, http on loopback, or any
 * http on the caller's word.
 *
 * @throws {TypeError} If it is another. The message quotes it, but neither its query
 * nor anything where it may hold a password.
 */
export function secureUrl(
  option: string,
  given: string | URL,
  allowInsecureHttp: boolean | undefined,
): URL {
  const text: unknown = Object(given).href ?? given; // a URL of another realm is no `instanceof URL`
  // Neither a password nor a query is quoted: both may be secret.
  const shown = typeof text === "string" ? text.replace(/^.*@.*|[?#].*/s, "…") : text;
  const label = `${option} ${quoted(shown)}`;
  checkText(label, text);
  const url = webUrl(text);
  if (!url) refuse(label, "must be a URL that begins with https://");
  if (url.username || url.password) refuse(label, "must hold no user and no password");
  if (url.protocol === "http:" && allowInsecureHttp !== true && !LOOPBACK.test(url.hostname)) {
    refuse(label, "must be https, unless allowInsecureHttp is true");
  }
  return url;
}

/** The URL that a text stands for, if it is one of the web's. `URL.canParse` is missing on Fastly Compute. */
export function webUrl(text: string): URL | undefined {
  try {
    return /^https?:/i.test(text) ? new URL(text) : undefined;
  } catch {
    return undefined;
  }
}
