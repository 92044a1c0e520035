/** Reading the body of a delivery: once, and no more than a limit. */

import { refuse } from "./webhook_error.ts";

/** The headers of a delivery: `Headers`, Node's `request.headers`, or pairs of name and value. */
export type WebhookHeaders =
  | { forEach(callback: (value: string, name: string) => void): void }
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A delivery where there is no `Request`: Node's and Express's. */
export interface RawWebhook {
  /** The headers, names in any case. */
  readonly headers: WebhookHeaders;
  /** The body's bytes as they were received, before any parser. */
  readonly body: Uint8Array;
}

/**
 * The body's bytes, in a copy that nobody else can change. What broke it off is quoted without
 * the secrets.
 */
export async function readBody(
  request: Request | RawWebhook,
  limit: number,
  secrets: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { body, bodyUsed } = request as Request;
  const { add, all } = collector(limit);
  // By its tag: another realm's bytes, and Node's Buffer, are bytes too.
  if (Object(body)[Symbol.toStringTag] === "Uint8Array") add(body as unknown as Uint8Array);
  else if (bodyUsed || body !== null && !Object(body).getReader) {
    const what = "its raw body is needed, before anything reads or parses it";
    throw new TypeError(`Cannot verify a webhook: ${what}`);
  } else if (body) {
    await readStream(body, (request as Request).signal, add, (thrown) => {
      const why = secrets.reduce((text, secret) => text.split(secret).join("***"), String(thrown));
      return refuse("aborted", `its body broke off: ${why}`);
    });
  }
  return all();
}

/** Reads to the end; an abort of the signal, too, is a body that broke off. */
async function readStream(
  body: ReadableStream<Uint8Array>,
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
      add(value);
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
      if (end > limit || reads++ > limit) {
        refuse("too_large", `its body is longer than ${limit} bytes`);
      }
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
