/** The init of a call, as `fetch` reads it: within the call, so that its caller may change it afterwards. */

import { type Content, contentOf } from "./content.ts";
import { signalFor } from "./host.ts";

/** Headers in the form that they came in: a plain record costs least, and a list keeps its duplicates. */
export type HeaderCopy = Record<string, string> | string[][];

/** An init that nobody else holds. */
export type InitCopy = Omit<RequestInit, "headers" | "body"> & {
  headers?: HeaderCopy;
  body?: Content | null;
};

/**
 * Copies an init, the options of a runtime with it, and what of its members can be changed. `fetch`
 * reads members by name: a prototype or a getter of a class may have them.
 */
export function copyInit(given: RequestInit): InitCopy {
  const init: Record<string, unknown> = {};
  for (let at = given; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (!(name in init)) init[name] = given[name as keyof RequestInit];
    }
  }
  if (init.headers !== undefined) init.headers = copyHeaders(init.headers as HeadersInit);
  if (init.body != null) init.body = contentOf(init.body);
  if (init.signal) init.signal = signalFor(init.signal as AbortSignal);
  return init;
}

export function copyHeaders(given: HeadersInit): HeaderCopy {
  // What is no object is refused, in the runtime's own words.
  const headers = Object(given) === given ? given : new Headers(given);
  return Symbol.iterator in headers
    ? Array.from(headers as Iterable<Iterable<string>>, (pair) => [...pair])
    : { ...headers as Record<string, string> };
}

export function hasHeader(headers: HeaderCopy, wanted: string): boolean {
  const names = Array.isArray(headers) ? headers.map(([name = ""]) => name) : Object.keys(headers);
  return names.some((name) => name.toLowerCase() === wanted);
}

/** The headers with one more; without a value as they are. */
export function withHeader(
  headers: HeaderCopy,
  name: string,
  value: string | undefined,
): HeaderCopy {
  if (value === undefined) return headers;
  return Array.isArray(headers) ? [...headers, [name, value]] : { ...headers, [name]: value };
}
