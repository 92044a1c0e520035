/** Forms as they arrive: their content type, and names that are given more than once. */

import type { Received } from "./record.ts";

const FORM = "application/x-www-form-urlencoded";

/** The form in a request's body, or `undefined` if its content type is another. */
export function formOf({ headers, bytes }: Received): URLSearchParams | undefined {
  const type = headers["content-type"] || undefined;
  const isForm = type === undefined ? bytes.length === 0 : typeOf(type) === FORM;
  return isForm ? new URLSearchParams(new TextDecoder().decode(bytes)) : undefined;
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
  return {
    words: `content-type has a parameter: ${parameter}`,
    unusual: !/^charset=utf-8$/i.test(parameter),
  };
}

/** The first name that is given more than once, which RFC 6749 section 3.2 forbids. */
export function repeatedName(parameters: URLSearchParams): string | undefined {
  const seen = new Set<string>();
  for (const name of parameters.keys()) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
