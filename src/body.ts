/** Reading a response's body with a cap. */

import { onAbort } from "./deadline.ts";
import { KpnAuthError } from "./errors.ts";

/** The part of a `Response` that is read here; undici's, node-fetch's and every runtime's own fit. */
export interface ResponseLike {
  /** Whether the status is 2xx. */
  readonly ok: boolean;
  /** HTTP status; 0 for a redirect that a browser hides. */
  readonly status: number;
  /** Header look-up, case-insensitive. */
  readonly headers: { get(name: string): string | null };
  /** The body, if there is one. */
  readonly body?: BodyLike | AsyncIterable<unknown> | null | undefined;
  /** Whether somebody has begun to read it. */
  readonly bodyUsed?: boolean | undefined;
  /** Read where there is no `body`, as in React Native and in stubs. */
  text?(): Promise<string>;
  /** Read where there is no `text` either. */
  json?(): Promise<unknown>;
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
  const decoder = new TextDecoder();
  let text = "";
  try {
    // Without an end, empty chunks too.
    for (let room = BODY_LIMIT, chunks = 1; room >= 0 && chunks < 2 * BODY_LIMIT; chunks++) {
      signal?.throwIfAborted();
      // Chunks that are all there already would let no timer run.
      if (chunks % 512 === 0) await new Promise((resolve) => setTimeout(resolve));
      const { done, value } = Object(await reader.read());
      if (done) return text + decoder.decode();
      const bytes = bytesOf(value);
      text += decoder.decode(bytes.subarray(0, room), { stream: true });
      onText?.(text);
      room -= bytes.length;
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
async function* wholeOf(response: ResponseLike): AsyncGenerator<string> {
  if (response.text) yield response.text();
  else if (response.json) yield JSON.stringify(await response.json());
  else if (response.body !== null) throw unreadable("has no `body`, `text` or `json`");
}

/** Streams that are not the web's give strings and buffers of other kinds, too. */
function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  if (isA(chunk, "ArrayBuffer")) return new Uint8Array(chunk as ArrayBuffer);
  if (!ArrayBuffer.isView(chunk)) throw unreadable("has a body that holds neither bytes nor text");
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Whether a value is of one of these classes of the web, a library's own or another realm's included. */
export function isA(value: unknown, ...names: readonly string[]): boolean {
  if (names.includes(Object.prototype.toString.call(value).slice(8, -1))) return true;
  const classes = globalThis as unknown as Readonly<Record<string, new () => unknown>>;
  return names.some((name) => classes[name] && value instanceof classes[name]);
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
