/** A request as the mock reads it from any server: its head, and up to 1 MiB of its body. */

/** A `Uint8Array<ArrayBuffer>`, in a form that TypeScript before 5.7 can read, too. */
type Bytes = ReturnType<typeof Uint8Array.of>;

/** A request that the mock has received. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's first MiB. */
  readonly bytes: Bytes;
  /** The complete body, if it is longer. */
  readonly stream?: ReadableStream<Uint8Array>;
  /** Aborts when the client is gone. Made on demand, since few answers need it. */
  readonly signal: AbortSignal;
}

/** A body: its first MiB, and a stream of all of it if it is longer. */
export type Body = Pick<Received, "bytes" | "stream">;

/** The longest body that is read as a whole, in bytes. */
export const BODY_LIMIT = 1_048_576;

/** Reads a request, and at most 1 MiB of its body. */
export async function receive(request: Request): Promise<Received> {
  const { method, url, headers, body } = request;
  return {
    method,
    url: new URL(url),
    headers: Object.fromEntries(headers),
    ...body ? await bodyOf(body.getReader()) : { bytes: new Uint8Array() },
    get signal() {
      return request.signal;
    },
  };
}

async function bodyOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size <= BODY_LIMIT) {
    const { done, value } = await reader.read();
    if (done) return { bytes: joined(chunks) };
    chunks.push(value);
    size += value.length;
  }
  return begun(chunks, reader);
}

/** A long body of which `chunks` have been read. */
export function begun(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Body {
  const bytes = joined(chunks);
  let resumed = false;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = resumed ? await reader.read() : { done: false, value: bytes };
      resumed = true;
      if (done) controller.close();
      else controller.enqueue(value!);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { bytes: bytes.subarray(0, BODY_LIMIT), stream };
}

/** Joins chunks. */
export function joined(chunks: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(chunks.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The body as an init of `fetch` and `Request`. */
export function bodyInit({ method, bytes, stream }: Received): RequestInit {
  if (method === "GET" || method === "HEAD") return {};
  if (!stream) return bytes.length ? { body: bytes } : {};
  return { body: stream, duplex: "half" } as RequestInit;
}

/** The request as a `Request`. */
export function asRequest(received: Received, headers?: Headers): Request {
  const { method, url, headers: own } = received;
  return new Request(url, { method, headers: headers ?? { ...own }, ...bodyInit(received) });
}
