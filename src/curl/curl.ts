/**
 * Renders requests as curl commands for every shell, without secrets by default.
 *
 * @module
 */

import { webUrl } from "../url.ts";
import type { Argument } from "./config.ts";
import { refuse } from "./quoting.ts";
import { type Shell, SHELLS } from "./shells.ts";

export type { Shell };

/** Who reads a secret from the environment: the shell, or curl itself (8.3 and later). */
export type Expand = "shell" | "curl";

/** A request to render: a `TokenRequest`, or an API call with a text body or none. */
export interface CurlRequest {
  /** The method. Default: `"GET"`. */
  readonly method?: string | undefined;
  /** An absolute `http:` or `https:` URL. */
  readonly url: string | URL;
  /** The headers, in any form that `fetch` accepts. No header is added, not even a content type. Default: none. */
  readonly headers?: NonNullable<RequestInit["headers"]> | undefined;
  /** The body, sent unchanged in UTF-8. Default: none. */
  readonly body?: string | undefined;
}

/** Options of {@linkcode curlCommand}. */
export interface CurlOptions {
  /** The shell that will read the command. */
  readonly shell: Shell;
  /** Whether to write id, secret and token into the command, as KPN's examples do. Default: `false`. */
  readonly revealSecrets?: boolean | undefined;
  /**
   * Who reads the secrets from the environment. `"shell"` works with every version of curl. `"curl"`
   * needs curl 8.3, and is the only form for `cmd` and `batch`, whose own `%NAME%` breaks on quotes
   * and ampersands. Default: `"curl"` for these two, else `"shell"`.
   */
  readonly expand?: Expand | undefined;
  /** The name of the curl program. Default: `curl.exe` for `powershell`, else `curl`. */
  readonly program?: string | undefined;
}

/**
 * Renders the curl command that sends a request: the same method, URL, headers and body.
 *
 * The command contains no secrets. It reads `client_id` and `client_secret` of a form from
 * `KPN_CLIENT_ID` and `KPN_CLIENT_SECRET`, and a bearer token from `KPN_TOKEN`, and passes them to
 * curl so that the process list does not show secret or token. They are encoded differently from a
 * WHATWG form in `~`, `*` and the space, which decodes to the same. With `revealSecrets` the command
 * sends the request byte for byte.
 *
 * For `posix` and `cmd` the layout is that of KPN's examples. Curl importers such as Postman's can
 * read it.
 *
 * @param request The result of `createTokenRequest`, or an API call.
 * @param options The shell, and what to do with secrets.
 * @returns The command, without a line break at the end.
 * @throws {TypeError} If curl cannot send the request, if it contains a control character (a body may
 * contain tabs and line breaks), a secret that cannot be left out, or a value that this shell cannot
 * carry. The message gives the reason, never the value.
 *
 * @example
 * ```ts
 * import { createTokenRequest } from "kpn-auth";
 * import { curlCommand } from "kpn-auth/curl";
 *
 * const request = createTokenRequest({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * console.log(curlCommand(request, { shell: "posix" })); // reads both from the environment
 * console.log(curlCommand(request, { shell: "cmd", revealSecrets: true })); // KPN's own example
 * ```
 */
export function curlCommand(request: CurlRequest, options: CurlOptions): string {
  const { shell, revealSecrets = false, program } = options;
  if (!Object.keys(SHELLS).includes(shell)) {
    refuse(`shell must be one of ${Object.keys(SHELLS).join(", ")}`);
  }
  const { curl, separator, quote, carries, feed, limit } = SHELLS[shell];
  const parts = checked(request);
  if (!revealSecrets) refuseWhatCannotBeHidden(parts);
  const secrets = revealSecrets ? [] : secretsOf(parts);
  if (!feed && options.expand === "shell") {
    refuse(`${shell} breaks values with quotes or ampersands; use expand: "curl"`);
  }
  const expandedByCurl = !feed || options.expand === "curl";

  const args = [
    ...literalArguments(parts, revealSecrets),
    ...expandedByCurl ? expanded(secrets) : [],
  ];
  const words = args.filter(({ text }) => carries.test(text));
  const config = [
    ...args.filter((arg) => !words.includes(arg)),
    ...expandedByCurl ? [] : secrets,
  ];
  const command = [
    `${program ?? curl}${flagsOf(parts)}`,
    quote(parts.url),
    ...words.map(({ option, text }) => `${option} ${quote(text)}`),
    ...config.length ? ["-K -"] : [],
  ].join(separator);
  const whole = config.length ? feed!(command, config) : command;
  if (whole.length > limit) {
    refuse(`a line of cmd has at most ${limit} characters, and this one has ${whole.length}`);
  }
  return whole;
}

/** The parts of a request that curl can send. */
interface Parts {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  /** The other headers, in curl's syntax. */
  readonly headers: readonly string[];
  readonly body: string;
}

function checked(request: CurlRequest): Parts {
  const { body = "" } = request;
  const method = (request.method ?? "GET").toUpperCase();
  if (!/^[A-Z]+$/.test(method)) refuse("the method must be letters only");
  if (body && /^(GET|HEAD)$/.test(method)) refuse("GET and HEAD have no body");
  if (/(?![\t\n\r])[\p{Cc}\p{Cs}]/u.test(body)) {
    refuse("the body has a control character or a lone surrogate");
  }
  return { method, url: checkedUrl(String(request.url)), body, ...headersOf(request, method) };
}

function checkedUrl(text: string): string {
  const url = /[\p{Cc}\p{Cs}]/u.test(text) ? undefined : webUrl(text.trim());
  if (!url || url.username || url.password) {
    refuse("the URL must be absolute, http or https, without user, password or control characters");
  }
  url.hash = "";
  return url.href;
}

/** The headers, and those that keep curl from adding or omitting one about the body. */
function headersOf(
  { headers: given, body }: CurlRequest,
  method: string,
): Pick<Parts, "authorization" | "headers"> {
  let list: Headers;
  try {
    list = new Headers(given);
  } catch {
    refuse("a header cannot be sent"); // the runtime's own message may quote its value
  }
  const lines = Array.from(list).filter(([name]) => name !== "authorization")
    .map(([name, value]) => value ? `${name}: ${value}` : `${name};`);
  const authorization = list.get("authorization") ?? undefined;
  if (/[^ -~]/.test(lines.join("") + authorization)) refuse("a header must be printable ASCII");
  if (!body && /^(POST|PUT|PATCH)$/.test(method)) lines.push("content-length: 0");
  if (body && !list.has("content-type")) lines.push("content-type:");
  return { authorization, headers: lines };
}

/** The flags for the method, and `-g`, without which brackets and braces in a URL are a pattern. */
function flagsOf({ method, url }: Parts): string {
  const verb = method === "GET" ? "" : method === "HEAD" ? " --head" : ` -X ${method}`;
  return `${/[[\]{}]/.test(url) ? " -g" : ""}${verb}`;
}

/** The arguments after the URL; those with secrets only if `revealSecrets` is set. */
function literalArguments(parts: Parts, revealSecrets: boolean): Argument[] {
  const { authorization, headers, body } = parts;
  const isForm = credentialsIn(parts) !== undefined;
  const args: Argument[] = headers.map((text) => ({ option: "-H", text }));
  if (authorization && revealSecrets) {
    args.push({ option: "-H", text: `authorization: ${authorization}` });
  }
  if (body && (revealSecrets || !isForm)) {
    // KPN's example uses -d, which would read a file if the text begins with an @.
    const option = isForm && !body.startsWith("@") ? "-d" : "--data-raw";
    args.push({ option, text: body });
  }
  return args;
}

/** The fields that come from the environment, and their variables. */
const VARIABLES: Readonly<Record<string, string>> = {
  client_id: "KPN_CLIENT_ID",
  client_secret: "KPN_CLIENT_SECRET",
};

/** The arguments whose values come from the environment, and the form's other fields. */
function secretsOf(parts: Parts): Argument[] {
  const fields = credentialsIn(parts) ?? [];
  const bearer = { option: "-H", text: "authorization: Bearer ", variable: "KPN_TOKEN" };
  return [
    ...fields.map(([name, value]) => {
      const variable = Object.keys(VARIABLES).includes(name) ? VARIABLES[name] : undefined;
      return variable
        ? { option: "-d", text: `${name}=`, variable }
        : { option: "-d", text: new URLSearchParams([[name, value]]).toString() };
    }),
    ...parts.authorization ? [bearer] : [],
  ];
}

/** The same for curl 8.3 and later, which reads and encodes the variables itself. */
function expanded(secrets: readonly Argument[]): Argument[] {
  const variables = secrets.flatMap(({ variable }) =>
    variable ? [{ option: "--variable", text: `%${variable}` }] : []
  );
  const form = secrets.filter(({ option }) => option === "-d").map(({ text, variable }) =>
    variable ? `${text}{{${variable}:url}}` : text
  ).join("&");
  const headers = secrets.filter(({ option }) => option === "-H").map(({ text, variable }) => ({
    option: "--expand-header",
    text: `${text}{{${variable}}}`,
  }));
  return [...variables, ...form ? [{ option: "--expand-data", text: form }] : [], ...headers];
}

/** The fields of a form that contains a client secret. */
function credentialsIn({ headers, body }: Parts): [name: string, value: string][] | undefined {
  const isForm = headers.some((line) => line.startsWith(`content-type: ${FORM}`));
  const fields = new URLSearchParams(body);
  return isForm && fields.has("client_secret") ? [...fields] : undefined;
}

const FORM = "application/x-www-form-urlencoded";

/** What names a secret in a URL. */
const SECRET_FIELD = /^(client_secret|client_assertion|access_token|apikey|api_key)$/i;

function refuseWhatCannotBeHidden(parts: Parts): void {
  const query = new URL(parts.url).searchParams;
  const body = unescaped(unescaped(parts.body));
  const what = parts.authorization && !/^Bearer ./i.test(parts.authorization)
    ? "an authorization that is not a bearer token"
    : parts.headers.some((line) => /^(cookie|proxy-authorization|(x-)?api-?key):/.test(line))
    ? "a cookie, an API key or a proxy's authorization"
    : [...query.keys()].some((name) => SECRET_FIELD.test(name))
    ? "a secret in the URL"
    : !credentialsIn(parts) && body.includes("client_secret")
    ? "a client secret in a body that is not a form"
    : /access_token|client_assertion(?!_type)/.test(body)
    ? "a token or an assertion in the body"
    : undefined;
  if (what) refuse(`${what} cannot be left out; revealSecrets: true would include it`);
}

/** Undoes the escapes of forms and of JSON, which may hide a field's name. */
function unescaped(text: string): string {
  return text.replace(
    /%([\da-f]{2})|\\u00([\da-f]{2})/gi,
    (_, form, json) => String.fromCharCode(parseInt(form ?? json, 16)),
  );
}
