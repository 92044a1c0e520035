/** A request as a mock sees it: its head and up to 1 MiB of its body, judged, and recorded for a while. */

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
  /** How it differs from KPN's documented request, though programs in use send it so. */
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

/** What is known of a request while it is answered. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's first MiB. */
  readonly bytes: Uint8Array;
  /** The whole body of a longer one. */
  readonly stream?: ReadableStream<Uint8Array>;
}

/** The longest body that is read as a whole, in bytes. */
const BODY_LIMIT = 1_048_576;

/** How much of a body is recorded, in bytes. */
const RECORDED_BYTES = 16_384;

/** Reads a request; of a body over 1 MiB, only that much. */
export async function receive(request: Request): Promise<Received> {
  const { method, url, headers, body } = request;
  const head = { method, url: new URL(url), headers: Object.fromEntries(headers) };
  if (!body) return { ...head, bytes: new Uint8Array() };
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  while (size <= BODY_LIMIT) {
    const { done, value } = await reader.read();
    if (done) return { ...head, bytes: joined(chunks, size) };
    chunks.push(value);
    size += value.length;
  }
  const bytes = joined(chunks, size);
  return { ...head, bytes: bytes.subarray(0, BODY_LIMIT), stream: resumed(bytes, reader) };
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** What was read, and then the rest. */
function resumed(
  bytes: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let begun = false;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = begun ? await reader.read() : { done: false, value: bytes };
      begun = true;
      if (done) controller.close();
      else controller.enqueue(value!);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

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
