/** Reads forms: their content type, their fields, and repeated names. */

import type { Received } from "./received.ts";

const FORM = "application/x-www-form-urlencoded";

/** The forms read so far: a form is needed more than once, and can be long. */
const forms = new WeakMap<Received, URLSearchParams>();

/** The form in a request's body; `undefined` if it has another content type. */
export function formOf(request: Received): URLSearchParams | undefined {
  const { headers, bytes } = request;
  const type = headers["content-type"] || undefined;
  const isForm = type === undefined ? bytes.length === 0 : typeOf(type) === FORM;
  if (!isForm) return undefined;
  const form = forms.get(request) ?? new URLSearchParams(new TextDecoder().decode(bytes));
  forms.set(request, form);
  return form;
}

function typeOf(contentType: string): string {
  return contentType.replace(/;.*/s, "").trim().toLowerCase();
}

/** How a form's content type differs from the documented one, if it does. */
export function contentTypeDifference(
  { headers }: Received,
): { readonly words: string; readonly unusual: boolean } | undefined {
  const type = headers["content-type"] || undefined;
  if (type === undefined) return { words: "there is no content-type and no body", unusual: true };
  const parameter = /;\s*(.*)$/s.exec(type)?.[1];
  if (parameter === undefined) return undefined;
  const quoted = /^[\w-]+=[\w-]{1,12}$/.test(parameter) ? parameter : quotedName(parameter);
  return {
    words: `content-type has a parameter: ${quoted}`,
    unusual: !/^charset=utf-8$/i.test(parameter),
  };
}

/**
 * A parameter's name, if it is safe to quote: anything but a word may be a secret. JSON sent as a form,
 * as `curl -d` does, is one long name.
 */
export function quotedName(name: string): string {
  return /^(?=.{1,32}$)[a-z]+(?:[A-Z_-][a-z]+)*$/.test(name) ? name : "(its name is not a word)";
}

/** The first name that is repeated, which RFC 6749 section 3.2 forbids. */
export function repeatedName(parameters: URLSearchParams): string | undefined {
  const seen = new Set<string>();
  for (const name of parameters.keys()) {
    if (seen.has(name)) return quotedName(name);
    seen.add(name);
  }
  return undefined;
}
