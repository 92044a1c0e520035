/** Records the last requests that a mock has received. */

import type { Received } from "./received.ts";

/** A request that the mock has received, secrets included. */
export interface RecordedRequest {
  /** When it arrived: epoch ms on the mock's clock. */
  readonly time: number;
  /** Its method. */
  readonly method: string;
  /** Its URL. */
  readonly url: string;
  /** Its headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first 16 KiB of its body, as text. */
  readonly body: string;
  /** How many bytes of its body are not in `body`. A body over 1 MiB counts as 1 MiB. */
  readonly bytesDropped: number;
  /** The id of its client, if the mock knows it. */
  readonly clientId?: string;
  /** How it differs from the request that KPN documents, in words. They contain no secret. */
  readonly differences: readonly string[];
  /** The mock's answer; absent until there is one. */
  readonly answer?: RecordedAnswer;
}

/** The mock's answer to a request. */
export interface RecordedAnswer {
  /** The status; absent if the connection was closed without an answer. */
  readonly status?: number;
  /** The reason for this answer, in words. It contains no secret and no token. */
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

/** The record of a request; {@linkcode RecordedRequest.answer} is added later. */
export function recordOf(
  { method, url, headers, bytes }: Received,
  time: number,
): RecordedRequest {
  // `stream` drops a character that is cut in two.
  const body = new TextDecoder().decode(bytes.subarray(0, RECORDED_BYTES), {
    stream: bytes.length > RECORDED_BYTES,
  });
  const bytesDropped = Math.max(0, bytes.length - RECORDED_BYTES);
  return { time, method, url: url.href, headers, body, bytesDropped, differences: [] };
}

/** The last items of a list, and how many were dropped before them. */
export interface Last<T> {
  readonly items: T[];
  readonly dropped: () => number;
  add(item: T): void;
  clear(): void;
}

/** Keeps the last `limit` items. */
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
