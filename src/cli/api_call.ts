/** The API call that curl's options describe, for `call` and `curl`. */

import { EXIT, failure } from "./exit.ts";
import { readInput } from "./credentials.ts";
import { type Io, readAll } from "./io.ts";
import type { Options, Parsed } from "./options.ts";

/** The options that describe a call; each means the same as in curl. */
export const CALL_OPTIONS = {
  request: { short: "X", value: "METHOD", help: "default: GET, or POST with data" },
  header: { short: "H", value: "'NAME: VALUE'", multiple: true, help: "add a header" },
  data: {
    short: "d",
    value: "DATA|@FILE|-",
    multiple: true,
    help: "the body; several are joined with &. It is\na form, unless -H sets a content-type",
  },
  "data-raw": { value: "DATA", multiple: true, help: "like -d, but @ does not read a file" },
  "data-binary": {
    value: "DATA|@FILE",
    multiple: true,
    help: "like -d, but keep the line breaks of FILE",
  },
  "data-urlencode": {
    value: "NAME=VALUE",
    multiple: true,
    help: "like -d, but encode VALUE (also NAME@FILE)",
  },
  json: { value: "JSON|@FILE", multiple: true, help: "like -d, but send and accept JSON" },
  get: { short: "G", help: "put the data into the URL" },
  head: { short: "I", help: "send HEAD: only status and headers" },
} as const satisfies Options;

/** A call to send or render. */
export interface ApiCall {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: Uint8Array<ArrayBuffer>;
}

const FORM = "application/x-www-form-urlencoded";

/** The call that the options describe. The token may be sent only to `origin`. */
export async function apiCall(
  path: string | undefined,
  origin: string,
  { values, given }: Parsed<typeof CALL_OPTIONS>,
  io: Io,
): Promise<ApiCall> {
  const url = apiUrl(path, origin);
  const headers = headersOf(values.header ?? []);
  const pieces = given.filter(([name]) => name === "json" || name.startsWith("data"));
  const hasBody = pieces.length > 0 && !values.get;
  const method = values.request?.toUpperCase() ??
    (values.head ? "HEAD" : hasBody ? "POST" : "GET");
  if (pieces.length === 0) return { url, method, headers };

  if (values.json) setDefault(headers, "accept", "application/json");
  if (hasBody) setDefault(headers, "content-type", values.json ? "application/json" : FORM);
  const isForm = !hasBody || headers.get("content-type")!.startsWith(FORM);
  const data = await joined(pieces, isForm, io);
  if (values.get) {
    url.search += `${url.search ? "&" : "?"}${new TextDecoder().decode(data)}`;
    return { url, method, headers };
  }
  if (/^(GET|HEAD)$/.test(method)) {
    throw failure(EXIT.usage, `${method} has no body: use -G to put the data into the URL.`);
  }
  return { url, method, headers, body: data };
}

/** The URL to call: a path on the token endpoint's host, or a URL there. */
export function apiUrl(path: string | undefined, origin: string): URL {
  if (!path) throw failure(EXIT.usage, "A PATH or URL is missing.");
  if (/^[A-Za-z]:[\\/]/.test(path)) throw rewrittenPath(path);
  const url = URL.canParse(path, origin) ? new URL(path, origin) : undefined;
  if (!url || url.origin !== origin || url.username || url.password) {
    throw failure(
      EXIT.usage,
      `The token is sent only to ${origin}: give a PATH, or a URL that begins with that.`,
    );
  }
  return url;
}

/** The error for a path that Git Bash has rewritten: it does so with every argument that begins with a slash. */
function rewrittenPath(path: string): Error {
  const root =
    /^[A-Za-z]:[\\/](?:.*?[\\/])?(?:[^\\/]*git[^\\/]*|msys\d*|cygwin\d*)[\\/](?:usr[\\/])?/i;
  const meant = root.test(path) ? path.replace(root, "").replace(/\\/g, "/") : "communication/…";
  return failure(
    EXIT.usage,
    "The PATH is a Windows path. Git Bash rewrites arguments that begin with a slash: omit the slash " +
      `(${meant}), or set MSYS_NO_PATHCONV=1.`,
  );
}

function headersOf(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value = ""] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (!name) throw failure(EXIT.usage, "-H must be 'NAME: VALUE'.");
    if (/^(proxy-)?authorization$/i.test(name)) {
      throw failure(
        EXIT.usage,
        "-H cannot set authorization: kpn-auth adds the token (KPN_TOKEN, if it is set), and every " +
          "user of this machine can see arguments in the process list.",
      );
    }
    try {
      headers.append(name, value);
    } catch {
      throw failure(EXIT.usage, "-H has characters that a header cannot contain.");
    }
  }
  return headers;
}

function setDefault(headers: Headers, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value);
}

/** All data in order: joined with `&`, JSON without a separator. */
async function joined(
  pieces: Parsed<Options>["given"],
  isForm: boolean,
  io: Io,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: BlobPart[] = [];
  for (const [name, text] of pieces) {
    if (parts.length > 0 && name !== "json") parts.push("&");
    if (name === "data" && isForm) await warnOfPlus(text, io);
    parts.push(
      name === "data-raw" ? text : name === "data-urlencode" ? await encoded(text, io) : await read(
        text,
        io,
        // curl drops the line breaks of a file; only a form needs that.
        name === "data" && isForm,
      ),
    );
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The text itself, or the file or standard input that it names. */
async function read(text: string, io: Io, withoutLineBreaks: boolean): Promise<BlobPart> {
  if (text !== "-" && !text.startsWith("@")) return text;
  const bytes = await source(text.replace(/^@/, ""), io);
  return withoutLineBreaks ? bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d) : bytes;
}

async function source(path: string, io: Io): Promise<Uint8Array<ArrayBuffer>> {
  return path === "-" ? new Uint8Array(await readAll(io.stdin)) : await readInput(path);
}

/** curl's `content`, `=content`, `name=content`, `@file`, `name@file`. */
async function encoded(text: string, io: Io): Promise<string> {
  const at = text.includes("=") ? text.indexOf("=") : text.indexOf("@");
  const name = text.slice(0, Math.max(at, 0));
  const rest = text.slice(at + 1);
  const bytes = text[at] === "@" ? await source(rest, io) : new TextEncoder().encode(rest);
  return (name && `${name}=`) + percentEncoded(bytes);
}

/** Encodes like curl: a space as a plus, all but letters, digits and `-._~` as `%XX`. */
function percentEncoded(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    if (/[\w.~-]/.test(char)) return char;
    return char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** Warns of a plus before digits: the plus of a phone number becomes a space in a form. */
async function warnOfPlus(text: string, io: Io): Promise<void> {
  const [, field] = /(?:^|&)([^=&]*)=\+\d/.exec(text) ?? [];
  if (field === undefined) return;
  await io.stderr(
    `kpn-auth: in a form, a plus means a space: use --data-urlencode '${field}=+…', or write %2B.\n`,
  );
}

/** Whether the data come from standard input. */
export function readsStdin({ given }: Parsed<Options>): boolean {
  return given.some(([name, text]) =>
    name === "data-urlencode"
      ? /^[^=]*@-$/.test(text)
      : /^(data|data-binary|json)$/.test(name) && /^@?-$/.test(text)
  );
}
