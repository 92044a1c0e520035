/** Reads a response's body, up to a limit. */

import { onAbort } from "./deadline.ts";
import { KpnAuthError, wordsOf } from "./errors.ts";

/**
 * The part of a `Response` that the library reads. Every runtime's `Response` fits, and so do those
 * of undici and node-fetch. A stub needs one of `body`, `text` and `json`; without `status` and `ok`
 * it counts as a success.
 */
export interface ResponseLike {
  /** Whether the status is 2xx. Default: derived from `status`. */
  readonly ok?: boolean | undefined;
  /** HTTP status; 0 for a redirect that a browser hides. Default: none; an error answer needs one. */
  readonly status?: number | undefined;
  /** `Headers`, or a record whose names are in lower case. Default: no headers. */
  readonly headers?: HeadersLike | Readonly<Record<string, string>> | undefined;
  /** The body, if there is one. */
  readonly body?: BodyLike | AsyncIterable<unknown> | string | Uint8Array | null | undefined;
  /** Whether somebody has started to read the body. Default: `false`. */
  readonly bodyUsed?: boolean | undefined;
  /** Read if there is no `body`, as in React Native and in stubs. */
  text?(): string | Promise<string>;
  /** Read if there is no `text` either. */
  json?(): unknown;
}

/** The part of `Headers` that the library uses. */
export interface HeadersLike {
  /** The value of a header; its name in any case. */
  get(name: string): string | null | undefined;
}

/** The part of a body's `ReadableStream` that the library uses. */
export interface BodyLike {
  /** Whether the stream has a reader. Default: `false`. */
  readonly locked?: boolean | undefined;
  /** Locks the stream to a new reader. */
  getReader(): {
    read(): Promise<{ done?: boolean; value?: unknown }>;
    cancel?(): unknown;
  };
  /** Cancels the stream. */
  cancel(): unknown;
}

/** How much of an answer is read at most, in bytes. KPN's documented answer has 500. */
export const BODY_LIMIT = 65_536;

/**
 * Reads the body as text. A body longer than 64 KiB is cut, marked with dots, and cancelled. An
 * abort of `signal` cancels it too. `onText` gets the text so far after every chunk.
 *
 * @throws {KpnAuthError} If the answer has no body to read, or somebody has read it before.
 */
export async function readText(
  response: ResponseLike,
  signal?: AbortSignal,
  onText?: (come: string) => void,
): Promise<string> {
  const { body, bodyUsed } = response;
  if (bodyUsed || (body as BodyLike | null)?.locked) {
    throw unreadable("was read before; a wrapper of fetch must read a clone()");
  }
  const reader = readerOf(response);
  // Never waited for: cancelling one side of a clone does not resolve in Node, Deno and Bun.
  const cancel = () => giveUp(() => reader.cancel?.());
  const stay = signal && onAbort(signal, cancel);
  let decoder: TextDecoder | undefined; // made when needed: Jest's jsdom has none
  let text = "";
  try {
    // The number of chunks is limited too: a stream may give empty ones without end.
    for (let room = BODY_LIMIT, chunks = 1; room >= 0 && chunks < 2 * BODY_LIMIT; chunks++) {
      signal?.throwIfAborted();
      // Lets timers run, even if all chunks are there already.
      if (chunks % 512 === 0) await new Promise((resolve) => setTimeout(resolve));
      const { done, value } = Object(await reader.read());
      if (done) return text + (decoder?.decode() ?? "");
      const chunk = chunkOf(value);
      text += typeof chunk === "string"
        ? chunk.slice(0, room)
        : (decoder ??= new TextDecoder()).decode(chunk.subarray(0, room), { stream: true });
      onText?.(text);
      room -= chunk.length;
    }
    return text + "..."; // so that it does not parse as JSON
  } finally {
    stay?.();
    cancel();
  }
}

/** A reader of a web stream, of an async iterable such as node-fetch's body, or of a whole text. */
function readerOf(response: ResponseLike): ReturnType<BodyLike["getReader"]> {
  const body = Object(response.body);
  if (body.getReader) return body.getReader();
  const chunks = body[Symbol.asyncIterator]?.() ?? wholeOf(response);
  return { read: () => chunks.next(), cancel: () => chunks.return?.() };
}

/** Reads an answer without a stream, as in React Native and in stubs. */
async function* wholeOf(response: ResponseLike): AsyncGenerator<unknown> {
  const { body } = response;
  if (typeof body === "string" || ArrayBuffer.isView(body)) yield body;
  else if (response.text) yield response.text();
  else if (response.json) yield JSON.stringify(await jsonOf(response)) ?? "";
  else if (body !== null) throw unreadable("has no `body`, `text` or `json`");
}

/** What `json()` gives; `undefined` if the body is not JSON, which is not a network error. */
async function jsonOf(response: ResponseLike): Promise<unknown> {
  try {
    return await response.json!();
  } catch (error) {
    if (wordsOf(error).name !== "SyntaxError") throw error;
  }
}

/** A chunk as text or bytes: streams other than the web's give strings and other buffers, too. */
function chunkOf(chunk: unknown): string | Uint8Array {
  const whole = typeof chunk === "string" ? chunk : bytesOf(chunk);
  if (whole === undefined) throw unreadable("has a body that holds neither bytes nor text");
  return whole;
}

/** A `Uint8Array<ArrayBuffer>`, in a form that TypeScript before 5.7 can read, too. */
type Bytes = ReturnType<typeof Uint8Array.of>;

/** The bytes of a buffer or a view, from any realm; not a copy. */
export function bytesOf(value: unknown): Bytes | undefined {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
  }
  const isBuffer = /^\[object (Shared)?ArrayBuffer]$/.test(Object.prototype.toString.call(value));
  return isBuffer ? new Uint8Array(value as ArrayBuffer) : undefined;
}

/** The value of a header, or `""`; a stub may have no headers. */
export function headerOf({ headers }: Pick<ResponseLike, "headers">, name: string): string {
  const all = Object(headers);
  return `${(typeof all.get === "function" ? all.get(name) : all[name]) ?? ""}`;
}

/** Whether an answer is a success; a stub without `ok` and `status` is one. */
export function isOk({ ok, status = 200 }: Pick<ResponseLike, "ok" | "status">): boolean {
  return ok ?? (status >= 200 && status < 300);
}

/** The error for an answer that the program made unreadable. It is not a network error, and not retried. */
export function unreadable(why: string): KpnAuthError {
  return new KpnAuthError("invalid_response", `Cannot read the answer: what fetch gave ${why}.`);
}

/** Cancels a body that nobody will read, which frees its connection. Node's streams are destroyed. */
export function discard(response: ResponseLike): void {
  giveUp(() => {
    const { body } = Object(response);
    return body?.cancel ? body.cancel() : body?.destroy?.();
  });
}

/** Calls `cancel` without waiting for it; a stub's may throw, or return no promise. */
function giveUp(cancel: () => unknown): void {
  new Promise((resolve) => resolve(cancel())).catch(() => {});
}

/**
 * Parses JSON; `undefined` if it is invalid, since the parser's own error would quote the body.
 * Nesting deeper than 200 is refused: it takes some engines more than linear time.
 */
export function parseJson(text: string): unknown {
  let depth = 0;
  // Strings are skipped as a whole: brackets inside them do not count.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.?)*"?|[[\]{}]/gs)) {
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    if (depth > 200) return;
  }
  try {
    return JSON.parse(text);
  } catch {
    // not JSON
  }
}
