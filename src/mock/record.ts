/** A request as a mock sees it: read once, kept, and judged. */

/** A request as the mock has seen it, secrets included. */
export interface RecordedRequest {
  /** Its method. */
  readonly method: string;
  /** Its URL. */
  readonly url: string;
  /** Its headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its body; of one over 1 MiB, which is refused, the first MiB. */
  readonly body: string;
}

/** The longest body that is read, in bytes. */
const BODY_LIMIT = 1_048_576;

/** Reads a request; `tooLong` if its body is over 1 MiB, the rest of which is given up. */
export async function recordOf(
  request: Request,
): Promise<{ record: RecordedRequest; tooLong: boolean }> {
  const { method, url } = request;
  const bytes = await readBody(request);
  const body = new TextDecoder().decode(bytes.subarray(0, BODY_LIMIT));
  const headers = Object.fromEntries(request.headers);
  return { record: { method, url, headers, body }, tooLong: bytes.length > BODY_LIMIT };
}

async function readBody({ body }: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  while (reader && size <= BODY_LIMIT) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  if (size > BODY_LIMIT) await reader?.cancel();
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The form in a request's body, or `undefined` if its content type is another. */
export function formOf({ headers, body }: RecordedRequest): URLSearchParams | undefined {
  const type = headers["content-type"] ?? "";
  return /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i.test(type)
    ? new URLSearchParams(body)
    : undefined;
}

/** The first name that is given more than once, which RFC 6749 section 3.2 forbids. */
export function repeatedName(parameters: URLSearchParams): string | undefined {
  return [...parameters.keys()].find((name, at, names) => names.indexOf(name) !== at);
}
