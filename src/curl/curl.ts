/**
 * The curl command of a request, for every shell; secrets are left out unless asked for.
 *
 * @module
 */

import { type Quoting, refuse, type Shell, SHELLS } from "./quoting.ts";
import { type Carrier, carrierFor, type Expand, type Fields } from "./carriers.ts";

export type { Expand, Shell };

/** A request to render: a `TokenRequest`, or any call of an API that has a text body or none. */
export interface CurlRequest {
  /** Default: `"GET"`. */
  readonly method?: string;
  /** An absolute `http:` or `https:` URL. */
  readonly url: string | URL;
  /** As `fetch` takes them. Nothing is added to them: no content type either. */
  readonly headers?: NonNullable<RequestInit["headers"]>;
  /** Sent as it is, in UTF-8. */
  readonly body?: string;
}

/** How to render. */
export interface CurlOptions {
  /** The shell that will read the command. */
  readonly shell: Shell;
  /** Write id, secret and token into the command, as KPN's examples do. Default: `false`. */
  readonly revealSecrets?: boolean;
  /**
   * Who takes the secrets from the environment. `"shell"` works with every curl that has `-H @-` (7.55);
   * `"curl"` needs curl 8.3 and is the one form for `cmd` and `batch`, whose own
   * `%NAME%` breaks on quotes and ampersands. Default: `"curl"` there, else `"shell"`.
   */
  readonly expand?: Expand;
}

/**
 * Renders the curl command that sends a request: the same method, URL, headers and body.
 *
 * What is secret does not stand in it: the command takes `client_id` and `client_secret` of a
 * form from `KPN_CLIENT_ID` and `KPN_CLIENT_SECRET`, and a bearer token from `KPN_TOKEN`, and
 * hands them to curl so that no list of processes shows secret or token. curl encodes them itself, which differs
 * from the WHATWG form in `~`, `*` and the space and decodes to the same. With
 * `revealSecrets` the command sends the request byte for byte.
 *
 * For `posix` and `cmd` the layout is that of KPN's examples.
 *
 * @param request What `createTokenRequest` builds, or an API's call.
 * @param options The shell, and what to do with secrets.
 * @throws {TypeError} If the request is none that curl can send, holds a control character,
 * has a secret that cannot be left out, or a value that this shell cannot carry; the
 * message gives the reason, never the value.
 *
 * @example
 * ```ts
 * import { createTokenRequest } from "@kpn-auth/kpn-auth";
 * import { curlCommand } from "@kpn-auth/kpn-auth/curl";
 *
 * const request = createTokenRequest({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * console.log(curlCommand(request, { shell: "posix" })); // takes both from the environment
 * console.log(curlCommand(request, { shell: "cmd", revealSecrets: true })); // KPN's own example
 * ```
 */
export function curlCommand(request: CurlRequest, options: CurlOptions): string {
  const quoting = SHELLS[options.shell];
  if (!quoting) refuse(`shell is one of ${Object.keys(SHELLS).join(", ")}`);
  const parts = checked(request);
  const command = options.revealSecrets
    ? literal(parts, quoting)
    : hidden(parts, quoting, () => carrierFor(options.shell, options.expand));
  if (command.length > quoting.limit) {
    refuse(`a line of cmd holds ${quoting.limit} characters, and this one has ${command.length}`);
  }
  return command;
}

/** A request, known to be one that curl can send. */
interface Parts {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  /** The other headers, as curl takes them. */
  readonly headers: readonly string[];
  readonly body: string;
}

function checked(request: CurlRequest): Parts {
  const { body = "" } = request;
  const method = (request.method ?? "GET").toUpperCase();
  if (!/^[A-Z]+$/.test(method)) refuse("the method is no word");
  if (body && /^(GET|HEAD)$/.test(method)) refuse("GET and HEAD have no body");
  if (/[\p{Cc}\p{Cs}]/u.test(body)) {
    refuse("the body has a line break, another control character or a lone surrogate");
  }
  return { method, url: checkedUrl(String(request.url)), body, ...headersOf(request, method) };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) && !/[\p{Cc}\p{Cs}]/u.test(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    refuse("the URL must be absolute, http or https, without user, password or control characters");
  }
  url.hash = "";
  return url.href;
}

/** The headers given, and what keeps curl from adding or omitting one about the body. */
function headersOf(
  { headers: given, body }: CurlRequest,
  method: string,
): Pick<Parts, "authorization" | "headers"> {
  let list: Headers;
  try {
    list = new Headers(given);
  } catch {
    refuse("a header is none that can be sent"); // the runtime's own words may quote its value
  }
  const lines = Array.from(list).filter(([name]) => name !== "authorization")
    .map(([name, value]) => value ? `${name}: ${value}` : `${name};`);
  const authorization = list.get("authorization") ?? undefined;
  if (/[^ -~]/.test(lines.join("") + authorization)) refuse("a header holds more than plain ASCII");
  if (!body && /^(POST|PUT|PATCH)$/.test(method)) lines.push("content-length: 0");
  if (body && !list.has("content-type")) lines.push("content-type:");
  return { authorization, headers: lines };
}

/** The words before the secrets' arguments. `-g`: brackets and braces in a URL are no pattern. */
function opening({ method, url, headers }: Parts, { curl, quote }: Quoting): string[] {
  const globoff = /[[\]{}]/.test(url) ? " -g" : "";
  const verb = method === "GET" ? "" : method === "HEAD" ? " --head" : ` -X ${method}`;
  return [`${curl}${globoff}${verb}`, quote(url), ...headers.map((line) => `-H ${quote(line)}`)];
}

/** The command with everything in it. */
function literal(parts: Parts, quoting: Quoting): string {
  const { authorization, body } = parts;
  const command = opening(parts, quoting);
  if (authorization) command.push(`-H ${quoting.quote(`authorization: ${authorization}`)}`);
  // A form with credentials is encoded, as KPN's is: no `@` at its start, which `-d` would read as a file.
  if (body) command.push(`${credentialsIn(parts) ? "-d" : "--data-raw"} ${quoting.quote(body)}`);
  return command.join(quoting.separator);
}

/** The command that takes the secrets from the environment. */
function hidden(parts: Parts, quoting: Quoting, carrier: () => Carrier): string {
  refuseWhatCannotBeHidden(parts);
  const fields = credentialsIn(parts);
  if (!fields && !parts.authorization) return literal(parts, quoting);
  const { form, bearer, pipe } = carrier();
  const secrets = [...parts.authorization ? [bearer] : [], ...fields ? [form(fields)] : []];
  const plain = parts.body && !fields ? [`--data-raw ${quoting.quote(parts.body)}`] : [];
  const command = [...opening(parts, quoting), ...secrets.flatMap(({ args }) => args), ...plain]
    .join(quoting.separator);
  const [input, another] = secrets.flatMap(({ input }) => input ?? []);
  if (another) refuse('one secret only can come from standard input: expand: "curl" takes two');
  return input ? pipe(input, command) : command;
}

/** The fields of a form that holds a client secret. */
function credentialsIn({ headers, body }: Parts): Fields | undefined {
  const isForm = headers.some((line) => line.startsWith(`content-type: ${FORM}`));
  const fields = new URLSearchParams(body);
  return isForm && fields.has("client_secret") ? [...fields] : undefined;
}

const FORM = "application/x-www-form-urlencoded";

function refuseWhatCannotBeHidden(parts: Parts): void {
  const query = new URL(parts.url).searchParams;
  const what = parts.authorization && !/^Bearer ./i.test(parts.authorization)
    ? "an authorization that is no bearer token"
    : parts.headers.some((line) => /^(cookie|proxy-authorization):/.test(line))
    ? "a cookie or a proxy's authorization"
    : query.has("client_secret") || query.has("access_token")
    ? "a secret in the URL"
    : !credentialsIn(parts) && parts.body.includes("client_secret")
    ? "a client secret in a body that is no form"
    : undefined;
  if (what) refuse(`${what} cannot be left out; revealSecrets: true writes it down`);
}
