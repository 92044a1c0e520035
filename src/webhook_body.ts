/** Reading the body of a delivery: once, and no more than a limit. */

import { refuse } from "./webhook_error.ts";

/** The headers of a delivery: `Headers`, Node's `request.headers`, or pairs of name and value. */
export type WebhookHeaders =
  | { forEach(callback: (value: string, name: string) => void): void }
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The part of a `ReadableStream` that is used here. */
export interface ByteStream {
  /** Takes hold of the stream. */
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(): Promise<unknown>;
  };
}

/** A delivery where there is no `Request`: Node's and Express's. */
export interface RawWebhook {
  /** The headers, names in any case. */
  readonly headers: WebhookHeaders;
  /** The bytes as they were received, before any parser, or a stream of them (`Readable.toWeb(request)`). */
  readonly body: Uint8Array | ByteStream | null;
}

/**
 * The body's bytes, in a copy that nobody else can change. What broke it off is quoted without
 * the secrets.
 */
export async function readBody(
  request: Request | RawWebhook,
  limit: number,
  secrets: readonly string[],
): Promise<Uint8Array> {
  const { body, bodyUsed } = request as Request;
  // By its tag: another realm's bytes, and Node's Buffer, are bytes too.
  if (Object(body)[Symbol.toStringTag] === "Uint8Array") {
    const bytes = body as unknown as Uint8Array;
    return bytes.length > limit ? tooLarge(limit) : new Uint8Array(bytes);
  }
  if (bodyUsed || body !== null && !Object(body).getReader) {
    const what = "its raw body is needed, before anything reads or parses it";
    throw new TypeError(`Cannot verify a webhook: ${what}`);
  }
  const { add, all } = collector(limit);
  if (body) {
    await readStream(body, (request as Request).signal, add, (thrown) => {
      const why = secrets.reduce((text, secret) => text.split(secret).join("***"), String(thrown));
      return refuse("aborted", `its body broke off: ${why}`);
    });
  }
  return all();
}

/** Reads to the end; an abort of the signal, too, is a body that broke off. */
async function readStream(
  body: ByteStream,
  signal: AbortSignal | undefined,
  add: (chunk: Uint8Array) => void,
  broken: (thrown: unknown) => never,
): Promise<void> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel);
  if (signal?.aborted) cancel();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(broken);
      if (signal?.aborted) broken(signal.reason);
      if (done) return;
      add(value!);
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Collects bytes in an array that doubles: many small chunks take linear time. */
function collector(limit: number) {
  let bytes = new Uint8Array(1_024);
  let size = 0;
  let reads = 0;
  return {
    add(chunk: Uint8Array) {
      const end = size + chunk.length;
      // Empty chunks without end must end too.
      if (end > limit || reads++ > limit) tooLarge(limit);
      if (end > bytes.length) {
        const longer = new Uint8Array(2 * end);
        longer.set(bytes);
        bytes = longer;
      }
      bytes.set(chunk, size);
      size = end;
    },
    all: () => bytes.slice(0, size),
  };
}

function tooLarge(limit: number): never {
  refuse("too_large", `its body is longer than ${limit} bytes`);
}
