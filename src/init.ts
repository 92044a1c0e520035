/** The init of a call, as `fetch` reads it: within the call, so that its caller may change it afterwards. */

import { isA } from "./body.ts";

/** Headers in the form that they came in: a plain record costs least, and a list keeps its duplicates. */
export type HeaderCopy = Record<string, string> | string[][];

/** An init that nobody else holds. */
export type InitCopy = Omit<RequestInit, "headers"> & { headers?: HeaderCopy };

/**
 * Copies an init, the options of a runtime with it, and what of its members can be changed. `fetch`
 * reads members by name: a prototype or a getter of a class may have them.
 */
export function copyInit(given: RequestInit): InitCopy {
  const init: Record<string, unknown> = { ...given };
  for (let at = given; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (!(name in init)) init[name] = given[name as keyof RequestInit];
    }
  }
  if (init.headers !== undefined) init.headers = copyHeaders(init.headers as HeadersInit);
  if (init.body != null) init.body = copyBody(init.body as BodyInit);
  return init;
}

export function copyHeaders(given: HeadersInit): HeaderCopy {
  // What is no object is refused, in the runtime's own words.
  const headers = Object(given) === given ? given : new Headers(given);
  return Symbol.iterator in headers
    ? Array.from(headers as Iterable<Iterable<string>>, (pair) => [...pair])
    : { ...headers as Record<string, string> };
}

/** What can be sent again is known by name; anything else may be a stream, and so may form-data's own. */
export function isOneShot(body: unknown): boolean {
  if (typeof body !== "object" || body === null || ArrayBuffer.isView(body)) return false;
  return "pipe" in body ||
    !isA(body, "URLSearchParams", "FormData", "Blob", "File", "ArrayBuffer");
}

/** A body that its caller cannot change. A stream is handed on, and a `Blob` never changes. */
function copyBody(body: BodyInit): BodyInit {
  if (typeof body === "string" || isOneShot(body)) return body;
  if (isA(body, "URLSearchParams")) return new URLSearchParams(body as URLSearchParams);
  if (isA(body, "ArrayBuffer")) return (body as ArrayBuffer).slice(0);
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
  }
  return isA(body, "FormData") && Symbol.iterator in body ? copyForm(body as FormData) : body;
}

/** In the class that it came in: no other takes the files of jsdom's, or is taken by undici's `fetch`. */
function copyForm(form: FormData): FormData {
  const copy = new (form.constructor as typeof FormData)();
  for (const [name, value] of form) copy.append(name, value as string);
  return copy;
}
