/** An API call as curl's options describe it, for `call` and `curl`. */

import { EXIT, failure } from "./exit.ts";
import { readInput } from "./credentials.ts";
import { type Io, readAll } from "./io.ts";
import type { Options, Parsed } from "./options.ts";

/** What describes a call; each means what it means to curl. */
export const CALL_OPTIONS = {
  request: { short: "X", value: "METHOD", help: "default: GET, or POST with data" },
  header: { short: "H", value: "'NAME: VALUE'", multiple: true, help: "add a header" },
  data: {
    short: "d",
    value: "DATA|@FILE|-",
    multiple: true,
    help: "the body; more than one are joined by &.\nA form, unless -H sets a content-type",
  },
  "data-raw": { value: "DATA", multiple: true, help: "the same, an @ at its start not a file" },
  "data-binary": {
    value: "DATA|@FILE",
    multiple: true,
    help: "the same, line breaks of FILE kept",
  },
  "data-urlencode": {
    value: "NAME=VALUE",
    multiple: true,
    help: "the same, VALUE encoded (also NAME@FILE)",
  },
  json: { value: "JSON|@FILE", multiple: true, help: "the same, sent and asked for as JSON" },
  get: { short: "G", help: "put the data into the URL" },
  head: { short: "I", help: "ask by HEAD, for status and headers" },
} as const satisfies Options;

/** A call to be sent or rendered. */
export interface ApiCall {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: Uint8Array<ArrayBuffer>;
}

const FORM = "application/x-www-form-urlencoded";

/** The call that the options describe. The token goes to `origin` only. */
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
    throw failure(EXIT.usage, `A ${method} has no body: -G puts the data into the URL.`);
  }
  return { url, method, headers, body: data };
}

/** Where the call goes: a path on the token endpoint's host, or a URL there. */
export function apiUrl(path: string | undefined, origin: string): URL {
  if (!path) throw failure(EXIT.usage, "Which PATH or URL?");
  if (/^[A-Za-z]:[\\/]/.test(path)) throw rewrittenPath(path);
  const url = URL.canParse(path, origin) ? new URL(path, origin) : undefined;
  if (!url || url.origin !== origin || url.username || url.password) {
    throw failure(EXIT.usage, `The token goes to ${origin} only: give a PATH, or a URL there.`);
  }
  return url;
}

/** Git Bash makes a Windows path of every argument that begins with a slash. */
function rewrittenPath(path: string): Error {
  const root =
    /^[A-Za-z]:[\\/](?:.*?[\\/])?(?:[^\\/]*git[^\\/]*|msys\d*|cygwin\d*)[\\/](?:usr[\\/])?/i;
  const meant = root.test(path) ? path.replace(root, "").replace(/\\/g, "/") : "communication/…";
  return failure(
    EXIT.usage,
    "This is a path of Windows. Git Bash makes one of an argument that begins with a slash: write " +
      `it without (${meant}), or set MSYS_NO_PATHCONV=1.`,
  );
}

function headersOf(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value = ""] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (!name) throw failure(EXIT.usage, "-H takes 'NAME: VALUE'.");
    if (/^(proxy-)?authorization$/i.test(name)) {
      throw failure(
        EXIT.usage,
        "-H authorization: kpn-auth adds the token (KPN_TOKEN, where it is set), and arguments " +
          "show in the process list.",
      );
    }
    try {
      headers.append(name, value);
    } catch {
      throw failure(EXIT.usage, "-H holds characters that no header can have.");
    }
  }
  return headers;
}

function setDefault(headers: Headers, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value);
}

/** All data in its order: joined by `&`, JSON as it is. */
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
        // curl leaves the line breaks of a file out; only a form needs that.
        name === "data" && isForm,
      ),
    );
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The text itself, or what it names: a file, or standard input. */
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

/** As curl writes it: the space as a plus, all but letters, digits and `-._~` as `%XX`. */
function percentEncoded(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    if (/[\w.~-]/.test(char)) return char;
    return char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** A phone number's plus is the classic. */
async function warnOfPlus(text: string, io: Io): Promise<void> {
  const [, field] = /(?:^|&)([^=&]*)=\+\d/.exec(text) ?? [];
  if (field === undefined) return;
  await io.stderr(
    `kpn-auth: In a form a plus is a space: write --data-urlencode '${field}=+…', or %2B for the plus.\n`,
  );
}

/** Whether the data comes from standard input. */
export function readsStdin({ given }: Parsed<Options>): boolean {
  return given.some(([name, text]) =>
    name === "data-urlencode"
      ? /^[^=]*@-$/.test(text)
      : /^(data|data-binary|json)$/.test(name) && /^@?-$/.test(text)
  );
}
