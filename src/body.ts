/** Reading a response's body with a cap. */

/** The part of a `Response` that is read here; undici's and every runtime's own fit. */
export interface ResponseLike {
  /** Whether the status is 2xx. */
  readonly ok: boolean;
  /** HTTP status; 0 for a redirect that a browser hides. */
  readonly status: number;
  /** Header look-up, case-insensitive. */
  readonly headers: { get(name: string): string | null };
  /** The body, if there is one. */
  readonly body: BodyLike | null;
}

/** The part of a body's `ReadableStream` that is used here. */
export interface BodyLike {
  /** Takes hold of the stream. */
  getReader(): {
    read(): Promise<{ done: boolean; value?: unknown }>;
    cancel(): Promise<unknown>;
  };
  /** Gives the stream up. */
  cancel(): Promise<unknown>;
}

/** The most that is read of an answer, in bytes. KPN's documented answer has 500. */
export const BODY_LIMIT = 65_536;

type Chunk = { done: boolean; value: Uint8Array<ArrayBuffer> };

/**
 * The body as text. Beyond 64 KiB it is cancelled and cut, with a mark at the end
 * that makes it no JSON. An abort of `signal`, which is to be this reading's own, cancels it too.
 */
export async function readText(response: ResponseLike, signal?: AbortSignal): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  // Never awaited: cancelling one side of a clone does not resolve in Node, Deno and Bun.
  const cancel = () => void reader.cancel().catch(() => {});
  const chunks: BlobPart[] = [];
  try {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", cancel);
    for (let size = 0; size <= BODY_LIMIT;) {
      const { done, value } = await reader.read() as Chunk;
      if (done) return await new Blob(chunks).text();
      chunks.push(value);
      size += Math.max(1, value.length); // empty chunks without end must end too
      // Chunks that are always there already would starve the timer of every deadline.
      if (chunks.length % 256 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    return await new Blob([...chunks, "..."]).text();
  } finally {
    cancel();
  }
}

/** Gives up a body that nobody will read, so that its connection is freed. */
export function discard(response: ResponseLike): void {
  response.body?.cancel().catch(() => {});
}

/**
 * The value that a JSON text stands for, or `undefined`: a parser's own message would quote the
 * body. Deep nesting, which costs some engines more than linear time, is no JSON here.
 */
export function parseJson(text: string): unknown {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth += "[{".includes(bracket) ? 1 : -1;
    if (depth > 200) return;
  }
  try {
    return JSON.parse(text);
  } catch {
    // no JSON
  }
}
