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

/**
 * The body as text, or `undefined` if it is longer than 64 KiB (the rest is
 * cancelled). An abort of `signal` cancels the body too; what has come until then is returned.
 */
export async function readText(
  response: ResponseLike,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  // Never awaited: cancelling one side of a clone does not resolve in Node, Deno and Bun.
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel);
  if (signal?.aborted) cancel();
  const chunks: BlobPart[] = [];
  try {
    for (let size = 0; size <= BODY_LIMIT;) {
      const { done, value } = await reader.read();
      if (done) return await new Blob(chunks).text();
      const chunk = value as Uint8Array<ArrayBuffer>;
      chunks.push(chunk);
      size += chunk.length;
    }
    return undefined;
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Gives up a body that nobody will read, so that its connection is freed. */
export function discard(response: ResponseLike): void {
  response.body?.cancel().catch(() => {});
}
