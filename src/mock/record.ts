/** The requests that a mock has seen, recorded for a while. */

import type { Received } from "./received.ts";

/** A request as the mock has seen it, secrets included. */
export interface RecordedRequest {
  /** When it came: epoch ms on the mock's clock. */
  readonly time: number;
  /** Its method. */
  readonly method: string;
  /** Its URL. */
  readonly url: string;
  /** Its headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its body as text; of one over 16 KiB, the first 16 KiB. */
  readonly body: string;
  /** How many bytes of its body are not in `body`. A body over 1 MiB counts as 1 MiB. */
  readonly bytesDropped: number;
  /** The client that asks, if the mock knows it. */
  readonly clientId?: string;
  /** How it differs from KPN's documented request, though programs in use send it so, in words. No secret stands in them. */
  readonly differences: readonly string[];
  /** What it was answered; absent while it waits. */
  readonly answer?: RecordedAnswer;
}

/** What a request was answered. */
export interface RecordedAnswer {
  /** The status; absent if the connection was closed without an answer. */
  readonly status?: number;
  /** Why it was answered so, in words. No secret and no token stands in them. */
  readonly why: string;
}

/** What a log may show of a request: no secret and no token. */
export interface LoggedRequest extends Partial<RecordedAnswer> {
  readonly time: number;
  readonly method: string;
  readonly path: string;
  readonly clientId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly differences: readonly string[];
}

/** A request for a log: neither its headers nor its query nor its body. */
export function loggedRequest(
  { time, method, url, headers, clientId, differences, answer }: RecordedRequest,
): LoggedRequest {
  const { pathname: path } = new URL(url);
  const requestId = headers["x-request-id"];
  return { time, method, path, ...answer, clientId, requestId, differences };
}

/** How much of a body is recorded, in bytes. */
const RECORDED_BYTES = 16_384;

/** What is recorded of a request; {@linkcode RecordedRequest.answer} comes later. */
export function recordOf(
  { method, url, headers, bytes }: Received,
  time: number,
): RecordedRequest {
  // Of a character that is cut in two, nothing is kept.
  const body = new TextDecoder().decode(bytes.subarray(0, RECORDED_BYTES), {
    stream: bytes.length > RECORDED_BYTES,
  });
  const bytesDropped = Math.max(0, bytes.length - RECORDED_BYTES);
  return { time, method, url: url.href, headers, body, bytesDropped, differences: [] };
}

/** The last of many things, and how many were dropped. */
export interface Last<T> {
  readonly items: T[];
  readonly dropped: () => number;
  add(item: T): void;
  clear(): void;
}

/** Keeps the last `limit` things. */
export function keepLast<T>(limit: number): Last<T> {
  const items: T[] = [];
  let dropped = 0;
  return {
    items,
    dropped: () => dropped,
    add(item) {
      if (items.push(item) <= limit) return;
      items.shift();
      dropped++;
    },
    clear() {
      items.length = dropped = 0;
    },
  };
}
