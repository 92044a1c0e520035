/** `kpn-auth call`: an API call with a token, with curl's habits. */

import { KpnAuthError } from "../errors.ts";
import { readFault } from "../fault.ts";
import { authorizedFetch } from "../fetch.ts";
import { networkError } from "../network.ts";
import { createTokenSource } from "../source.ts";
import { parse, readInput, TOKEN_OPTIONS, TOKEN_OPTIONS_HELP, tokenOptions } from "./args.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, painter, readAll, withProgress } from "./io.ts";

export const help = `\
kpn-auth call PATH|URL: calls an API of KPN's, the token added.

  kpn-auth call /communication/nexmo/number-insight/basic -d number=447700900000

The body goes to standard output as it comes, all else to standard error.
Redirects are not followed. A rejected token is replaced once.

  -X, --request METHOD       default: GET, or POST with -d
  -H, --header 'NAME: VALUE' add a header
  -d, --data DATA|@FILE|-    the body; more than one are joined by &. A form
                             unless -H sets a content-type. Line breaks of a
                             form's @FILE or - (standard input) are left out
  -i, --include              status and headers before the body
${TOKEN_OPTIONS_HELP}`;

/** What `call` takes, and `curl` renders. */
export const CALL_OPTIONS = {
  request: { type: "string", short: "X" },
  header: { type: "string", short: "H", multiple: true },
  data: { type: "string", short: "d", multiple: true },
} as const;

const FORM = "application/x-www-form-urlencoded";

export async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals: [path] } = parse(args, {
    ...TOKEN_OPTIONS,
    ...CALL_OPTIONS,
    include: { type: "boolean", short: "i" },
  }, 1);
  if (values["secret-stdin"] && values.data?.some(isStdin)) {
    throw failure(EXIT.usage, "Standard input is either the secret or the body.");
  }
  const options = await tokenOptions(values, io);
  const url = apiUrl(path, options.tokenEndpoint);
  const init = await apiCall(values, io);
  const source = createTokenSource(options);
  const { fetch } = io;
  const kpn = authorizedFetch(source, { fetch, origins: [url.origin] });
  await withProgress(io, `waiting for a token of ${url.host}`, source.token());

  const stall = stallTimer(options.timeout, url.host);
  try {
    const answer = kpn(url, { ...init, signal: stall.signal });
    const response = await withProgress(io, `waiting for ${url.host}`, answer);
    const fault = readFault(response).catch(() => undefined); // of a clone: not to wait with the body
    if (values.include) await io.stdout(headOf(response));
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
      stall.restart();
      await io.stdout(part.value);
      stall.restart();
    }
    return await verdict(response, await fault, io);
  } catch (error) {
    if (stall.signal.aborted) throw stall.signal.reason;
    const { code } = error as { code?: string };
    if (error instanceof KpnAuthError || code === "EPIPE") throw error;
    const { message } = networkError(error, url.href, "");
    throw failure(EXIT.network, message.replace("get a token", `call ${url.pathname}`));
  } finally {
    stall.stop();
  }
}

/** Where the call goes: a path on the token endpoint's host, or a URL there. The token goes nowhere else. */
export function apiUrl(path: string | undefined, tokenEndpoint: string): URL {
  if (!path) throw failure(EXIT.usage, "Which PATH or URL?");
  const { origin } = new URL(tokenEndpoint);
  const url = URL.canParse(path, origin) ? new URL(path, origin) : undefined;
  if (!url || url.origin !== origin || url.username || url.password) {
    throw failure(EXIT.usage, `The token goes to ${origin} only: give a PATH, or a URL there.`);
  }
  return url;
}

/** The call that the options describe. */
export async function apiCall(
  { request, header = [], data }: {
    readonly request?: string | undefined;
    readonly header?: readonly string[] | undefined;
    readonly data?: readonly string[] | undefined;
  },
  io: Io,
): Promise<{ method: string; headers: Headers; body?: Uint8Array<ArrayBuffer> }> {
  const headers = new Headers();
  for (const line of header) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (!name) throw failure(EXIT.usage, "-H takes 'NAME: VALUE'.");
    if (/^(proxy-)?authorization$/i.test(name)) {
      throw failure(
        EXIT.usage,
        "-H authorization: kpn-auth adds the token, and arguments show in the process list.",
      );
    }
    headers.append(name, value ?? "");
  }
  const method = request?.toUpperCase() ?? (data ? "POST" : "GET");
  if (!data) return { method, headers };
  if (/^(GET|HEAD)$/.test(method)) throw failure(EXIT.usage, `A ${method} has no body.`);
  if (!headers.has("content-type")) headers.set("content-type", FORM);
  const isForm = headers.get("content-type")!.startsWith(FORM);
  const parts: BlobPart[] = [];
  for (const each of data) {
    if (parts.length > 0) parts.push("&");
    parts.push(await readData(each, isForm, io));
  }
  return { method, headers, body: new Uint8Array(await new Blob(parts).arrayBuffer()) };
}

/** One `-d`. curl leaves line breaks of a file out; only a form needs that. */
async function readData(data: string, isForm: boolean, io: Io): Promise<BlobPart> {
  if (!isStdin(data) && !data.startsWith("@")) return data;
  const bytes = isStdin(data)
    ? new Uint8Array(await readAll(io.stdin))
    : await readInput(data.slice(1));
  return isForm ? bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d) : bytes;
}

function isStdin(data: string): boolean {
  return data === "-" || data === "@-";
}

/** `fetch` does not tell the version of HTTP. */
function headOf({ status, statusText, headers }: Response): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP ${status} ${statusText}`.trim(), ...lines, "", ""].join("\r\n");
}

/** Says what an answer means that is no success. */
async function verdict(
  { status, headers }: Response,
  fault: Awaited<ReturnType<typeof readFault>>,
  io: Io,
): Promise<number> {
  if (status < 300) return EXIT.done;
  const what = fault
    ? `${[fault.code, fault.originalCode, fault.message].filter(Boolean).join(", ")}. ${fault.hint}`
    : `a redirect to ${headers.get("location")}, not followed`;
  const line = `HTTP ${status}: ${what}`.replace(/\p{Cc}+/gu, " ");
  await io.stderr(`${painter(io, "stderr")("red", "kpn-auth:")} ${line}\n`);
  return fault?.code === "rate_limited" ? EXIT.limited : EXIT.answer;
}

/** Aborts when nothing has come for `ms`; an answer that goes on coming may take as long as it takes. */
function stallTimer(ms: number, host: string) {
  const controller = new AbortController();
  const start = () =>
    setTimeout(() => {
      controller.abort(
        failure(EXIT.network, `Nothing came from ${host} for ${ms} ms (--timeout).`),
      );
    }, ms);
  let timer = start();
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer);
      timer = start();
    },
    stop: () => clearTimeout(timer),
  };
}
