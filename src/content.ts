/** The body of a call as text or bytes: every `fetch` accepts these, whatever class the body had. */

import { bytesOf } from "./body.ts";

/** A body that its caller can no longer change. */
export interface Content {
  /** The content type to send if the headers have none. */
  readonly type?: string | undefined;
  /** Whether it is a stream, which can be sent only once. */
  readonly oneShot?: boolean;
  /** The text, the bytes, or the stream. */
  read(): BodyInit | Promise<BodyInit>;
}

/** A `Blob` of any library; a file, if it has a name. */
type BlobLike = Pick<Blob, "arrayBuffer" | "type"> & { readonly name?: string };

const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

/**
 * A copy of a body as it is now. Classes are recognised by their members, since test environments and
 * libraries bring their own: `fetch` would silently send `[object FormData]` for a foreign one.
 */
export function contentOf(body: unknown): Content {
  if (typeof body !== "object" || body === null) return { read: () => body as BodyInit };
  const bytes = bytesOf(body)?.slice();
  if (bytes) return { read: () => bytes };
  if ("pipe" in body) return stream(body); // form-data's, too
  if ("append" in body && "sort" in body) return text(`${body}`, FORM); // URLSearchParams
  if ("append" in body && Symbol.iterator in body) return form([...body as FormData]);
  if ("append" in body) return { read: () => body as BodyInit }; // React Native's FormData
  if ("slice" in body && "type" in body) return blob(body as unknown as BlobLike);
  return stream(body);
}

/** Any other object may be a stream, and is passed on. */
const stream = (body: object): Content => ({ oneShot: true, read: () => body as BodyInit });

const text = (body: string, type: string): Content => ({ type, read: () => body });

const blob = (body: BlobLike): Content => ({
  type: body.type || undefined,
  read: () => read(body),
});

/** A form, encoded as a browser does (the HTML standard's multipart/form-data). */
function form(entries: [string, string | BlobLike][]): Content {
  const boundary = `form-${Math.random()}-${Math.random()}`;
  const lines = (text: string) => text.replace(/\r\n?|\n/g, "\r\n");
  const quoted = (text: string) =>
    text.replace(/[\r\n"]/g, (char) => `%${char === '"' ? 22 : char === "\r" ? "0D" : "0A"}`);
  const part = (name: string, more: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(lines(name))}"${more}\r\n\r\n`;
  const file = ({ name = "blob", type }: BlobLike) =>
    `; filename="${quoted(name)}"\r\nContent-Type: ${type || "application/octet-stream"}`;
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    read: async () => {
      const parts: (string | Uint8Array)[] = [];
      for (const [name, value] of entries) {
        if (typeof value === "string") parts.push(part(name, ""), lines(value));
        else parts.push(part(name, file(value)), await read(value));
        parts.push("\r\n");
      }
      return joined([...parts, `--${boundary}--\r\n`]);
    },
  };
}

async function read(body: BlobLike): Promise<Uint8Array<ArrayBuffer>> {
  if (body.arrayBuffer) return new Uint8Array(await body.arrayBuffer());
  throw new TypeError("Cannot send the body: its Blob has no `arrayBuffer`; send bytes or text");
}

function joined(parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const all = parts.map((part) => typeof part === "string" ? new TextEncoder().encode(part) : part);
  const whole = new Uint8Array(all.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
