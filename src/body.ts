/** Reading a response's body with a cap. */

import { onAbort } from "./deadline.ts";
import { KpnAuthError, wordsOf } from "./errors.ts";

/**
 * The part of a `Response` that is read here; undici's, node-fetch's and every runtime's own fit. A
 * stub needs one of `body`, `text` and `json`; without `status` and `ok` it counts as a success.
 */
export interface ResponseLike {
  /** Whether the status is 2xx. Default: what `status` says. */
  readonly ok?: boolean | undefined;
  /** HTTP status; 0 for a redirect that a browser hides. Default: none, which an error needs. */
  readonly status?: number | undefined;
  /** Header look-up, case-insensitive; or a record whose names are in lower case. Default: no headers. */
  readonly headers?: HeadersLike | Readonly<Record<string, string>> | undefined;
  /** The body, if there is one. */
  readonly body?: BodyLike | AsyncIterable<unknown> | string | Uint8Array | null | undefined;
  /** Whether somebody has begun to read it. */
  readonly bodyUsed?: boolean | undefined;
  /** Read where there is no `body`, as in React Native and in stubs. */
  text?(): string | Promise<string>;
  /** Read where there is no `text` either. */
  json?(): unknown;
}

/** The part of `Headers` that is used here. */
export interface HeadersLike {
  /** The value of a header, whatever the case of its name. */
  get(name: string): string | null | undefined;
}

/** The part of a body's `ReadableStream` that is used here. */
export interface BodyLike {
  /** Whether somebody has taken hold of it. */
  readonly locked?: boolean | undefined;
  /** Takes hold of the stream. */
  getReader(): {
    read(): Promise<{ done?: boolean; value?: unknown }>;
    cancel?(): unknown;
  };
  /** Gives the stream up. */
  cancel(): unknown;
}

/** The most that is read of an answer, in bytes. KPN's documented answer has 500. */
export const BODY_LIMIT = 65_536;

/**
 * The body as text. Beyond 64 KiB it is cut, with a mark at the end, and cancelled. An abort of
 * `signal` cancels it too. `onText` is given what has come so far, each time.
 *
 * @throws {KpnAuthError} If there is nothing to read it by, or somebody has read it before.
 */
export async function readText(
  response: ResponseLike,
  signal?: AbortSignal,
  onText?: (come: string) => void,
): Promise<string> {
  const { body, bodyUsed } = response;
  if (bodyUsed || (body as BodyLike | null)?.locked) {
    throw unreadable("was read before; a wrapper of fetch is to read a clone()");
  }
  const reader = readerOf(response);
  // Never waited for: cancelling one side of a clone does not resolve in Node, Deno and Bun.
  const cancel = () => giveUp(() => reader.cancel?.());
  const stay = signal && onAbort(signal, cancel);
  let decoder: TextDecoder | undefined; // a whole text needs none, and Jest's jsdom has none
  let text = "";
  try {
    // Without an end, empty chunks too.
    for (let room = BODY_LIMIT, chunks = 1; room >= 0 && chunks < 2 * BODY_LIMIT; chunks++) {
      signal?.throwIfAborted();
      // Chunks that are all there already would let no timer run.
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
    return text + "..."; // which makes it no JSON
  } finally {
    stay?.();
    cancel();
  }
}

/** Reads a web stream, or what can be iterated, as node-fetch's body and a whole text can. */
function readerOf(response: ResponseLike): ReturnType<BodyLike["getReader"]> {
  const body = Object(response.body);
  if (body.getReader) return body.getReader();
  const chunks = body[Symbol.asyncIterator]?.() ?? wholeOf(response);
  return { read: () => chunks.next(), cancel: () => chunks.return?.() };
}

/** What is in an answer that shows no stream, as React Native's and a test's may. */
async function* wholeOf(response: ResponseLike): AsyncGenerator<unknown> {
  const { body } = response;
  if (typeof body === "string" || ArrayBuffer.isView(body)) yield body;
  else if (response.text) yield response.text();
  else if (response.json) yield JSON.stringify(await jsonOf(response)) ?? "";
  else if (body !== null) throw unreadable("has no `body`, `text` or `json`");
}

/** What `json()` gives; nothing for a body that is no JSON, which is no fault of the network. */
async function jsonOf(response: ResponseLike): Promise<unknown> {
  try {
    return await response.json!();
  } catch (error) {
    if (wordsOf(error).name !== "SyntaxError") throw error;
  }
}

/** Streams that are not the web's give strings and buffers of other kinds, too. */
function chunkOf(chunk: unknown): string | Uint8Array {
  const whole = typeof chunk === "string" ? chunk : bytesOf(chunk);
  if (whole === undefined) throw unreadable("has a body that holds neither bytes nor text");
  return whole;
}

/** A `Uint8Array<ArrayBuffer>`, as TypeScript before 5.7 can read it, too. */
type Bytes = ReturnType<typeof Uint8Array.of>;

/** The bytes of a buffer or a view, of whatever realm: not copied. */
export function bytesOf(value: unknown): Bytes | undefined {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
  }
  const isBuffer = /^\[object (Shared)?ArrayBuffer]$/.test(Object.prototype.toString.call(value));
  return isBuffer ? new Uint8Array(value as ArrayBuffer) : undefined;
}

/** A header of an answer; a stub may have none. */
export function headerOf({ headers }: Pick<ResponseLike, "headers">, name: string): string {
  const all = Object(headers);
  return `${(typeof all.get === "function" ? all.get(name) : all[name]) ?? ""}`;
}

/** Whether an answer is a success, also one of a stub that does not say so. */
export function isOk({ ok, status = 200 }: Pick<ResponseLike, "ok" | "status">): boolean {
  return ok ?? (status >= 200 && status < 300);
}

/** What a program does wrong with an answer: not the network's fault, and never tried again. */
export function unreadable(why: string): KpnAuthError {
  return new KpnAuthError("invalid_response", `Cannot read the answer: what fetch gave ${why}.`);
}

/** Gives up a body that nobody will read, so that its connection is freed. Node's streams are destroyed. */
export function discard(response: ResponseLike): void {
  giveUp(() => {
    const { body } = Object(response);
    return body?.cancel ? body.cancel() : body?.destroy?.();
  });
}

/** Calls what ends a stream and waits for nothing; a stub's may throw, or give no promise. */
function giveUp(cancel: () => unknown): void {
  new Promise((resolve) => resolve(cancel())).catch(() => {});
}

/**
 * The value that a JSON text stands for, or `undefined`: a parser's own message would quote the
 * body. Deep nesting, which costs some engines more than linear time, is no JSON here.
 */
export function parseJson(text: string): unknown {
  let depth = 0;
  // A string is taken whole, since no bracket inside it nests; one without an end goes on to the last.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.?)*"?|[[\]{}]/gs)) {
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    if (depth > 200) return;
  }
  try {
    return JSON.parse(text);
  } catch {
    // no JSON
  }
}
