/** Copies a call's init when `fetch` would read it: its caller may change it afterwards. */

import { type Content, contentOf } from "./content.ts";
import { signalFor } from "./host.ts";

/** Headers in the caller's form: a plain record is fastest, and a list keeps duplicates. */
export type HeaderCopy = Record<string, string> | string[][];

/** An init that no caller can change. */
export type InitCopy = Omit<RequestInit, "headers" | "body"> & {
  headers?: HeaderCopy;
  body?: Content | null;
};

/**
 * Copies an init, including options that only a runtime knows, and copies its headers and body.
 * `fetch` reads members by name, so inherited ones and getters count too.
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
  // `Headers` refuses what is not an object, with the runtime's own message.
  const headers = Object(given) === given ? given : new Headers(given);
  return Symbol.iterator in headers
    ? Array.from(headers as Iterable<Iterable<string>>, (pair) => [...pair])
    : { ...headers as Record<string, string> };
}

export function hasHeader(headers: HeaderCopy, wanted: string): boolean {
  const names = Array.isArray(headers) ? headers.map(([name = ""]) => name) : Object.keys(headers);
  return names.some((name) => name.toLowerCase() === wanted);
}

/** The headers and one more; unchanged if it has no value. */
export function withHeader(
  headers: HeaderCopy,
  name: string,
  value: string | undefined,
): HeaderCopy {
  if (value === undefined) return headers;
  return Array.isArray(headers) ? [...headers, [name, value]] : { ...headers, [name]: value };
}
