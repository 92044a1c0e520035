/**
 * cURL commands for every shell: KPN's page gives two, with placeholders; here is
 * the one for your shell, with your values, or with none of the secret ones.
 *
 * @module
 */

import { LONGEST_CMD_LINE, quote, type Shell } from "./quoting.ts";

export type { Shell } from "./quoting.ts";

/** A request that cURL can send: a `TokenRequest`, or any API call with a text body. */
export interface CurlRequest {
  /** Absolute `http:` or `https:` URL. */
  readonly url: string;
  /** Default: `"GET"`, or `"POST"` with a body. */
  readonly method?: string;
  /** Header names and values. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is. */
  readonly body?: string;
}

/** For which shell, and what becomes of the secrets. */
export interface CurlOptions {
  /** The shell that the command is for. */
  readonly shell: Shell;
  /**
   * Write the client secret and the bearer token into the command, where the process
   * list and the shell's history show them. Default: `false`: the command takes them from the
   * environment: `KPN_CLIENT_ID`, `KPN_CLIENT_SECRET`, `KPN_TOKEN`.
   */
  readonly revealSecrets?: boolean;
  /**
   * Let cURL itself read the environment (`--variable`, from cURL 8.3 on), which
   * keeps the secrets out of the process list too. Default: `false` for
   * `posix`, where a pipe does the same for any cURL; `true` for the others, which have no safe other way.
   */
  readonly curlVariables?: boolean;
}

/**
 * Renders a request as a cURL command. With `revealSecrets` the body is the very one that the
 * library sends; from the environment, cURL encodes the values, which differs in
 * `~`, `*` and the space, and decodes to the same.
 *
 * @throws {TypeError} If the shell cannot carry a value, or the request holds a line
 * break or NUL; the message says why, and never quotes a value.
 *
 * @example KPN's own example, character for character
 * ```ts
 * import { createTokenRequest } from "@kpn-auth/kpn-auth";
 * import { curlCommand } from "@kpn-auth/kpn-auth/curl";
 *
 * const request = createTokenRequest({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * console.log(curlCommand(request, { shell: "posix", revealSecrets: true }));
 * ```
 */
export function curlCommand(request: CurlRequest, options: CurlOptions): string {
  const { shell, revealSecrets = false, curlVariables = shell !== "posix" } = options;
  const { url, headers = {}, body } = request;
  const method = request.method ?? (body === undefined ? "GET" : "POST");
  if (!/^https?:\/\/[^/]/.test(url)) refuse("the URL must be absolute, http: or https:");
  if (!/^[A-Z]+$/.test(method)) refuse("the method must be of capital letters");
  const secrets = revealSecrets
    ? REVEALED
    : curlVariables
    ? VARIABLES
    : shell === "posix"
    ? PIPED
    : refuse(`${shell} cannot carry every value from the environment safely: use curlVariables`);

  const word = (text: string) => quote(text, shell);
  const flags = [
    ...method === "GET" && body === undefined
      ? []
      : method === "HEAD"
      ? ["--head"]
      : [`-X ${method}`],
    ...(/[[\]{}]/.test(url) ? ["-g"] : []),
  ];
  const piped: string[] = [];
  const lines = [
    word(url),
    ...Object.entries(withContentType(headers, body)).map(([name, value]) =>
      /^authorization$/i.test(name)
        ? secrets.header(name, value, word, piped)
        : header(name, value, word)
    ),
    ...body === undefined ? [] : secrets.body(body, word, piped),
  ];
  if (piped.length > 1) refuse("only one secret can come through the pipe: use curlVariables");
  const program = shell === "powershell" ? "curl.exe" : "curl";
  const command = [...piped, program, ...flags].join(" ");
  const line = [command, ...lines].join(shell === "posix" ? " \\\n " : " ");
  if ((shell === "cmd" || shell === "batch") && line.length > LONGEST_CMD_LINE) {
    refuse(`${shell} takes ${LONGEST_CMD_LINE} characters, and this would be ${line.length}`);
  }
  return line;
}

type Word = (text: string) => string;

/** How the secrets of a request are written. */
interface Secrets {
  /** The `authorization` header. */
  header(name: string, value: string, word: Word, piped: string[]): string;
  /** The flags for the body. */
  body(body: string, word: Word, piped: string[]): string[];
}

const REVEALED: Secrets = { header, body: (body, word) => [data(body, word)] };

/** cURL reads the environment: nothing secret on any command line. */
const VARIABLES: Secrets = {
  header(name, value, word) {
    const [scheme, variable] = authorizationOf(value);
    return [
      `--variable ${word(`%${variable}`)}`,
      `--expand-header ${word(`${name}: ${scheme}{{${variable}}}`)}`,
    ].join(" ");
  },
  body(body, word) {
    const names = Object.keys(VARIABLE_OF).filter((name) => fieldsOf(body).includes(name));
    if (!names.length) return [data(body, word)];
    const expanded = body.split("&").map((pair) => {
      const [name = ""] = pair.split("=");
      return names.includes(name) ? `${name}={{${VARIABLE_OF[name]}:url}}` : pair;
    });
    return [
      ...names.map((name) => `--variable ${word(`%${VARIABLE_OF[name]}`)}`),
      `--expand-data ${word(expanded.join("&"))}`,
    ];
  },
};

/** A POSIX shell pipes the secret in: `printf` is its own, so that no process list shows it (mksh's is not). */
const PIPED: Secrets = {
  header(name, value, word, piped) {
    const [scheme, variable] = authorizationOf(value);
    piped.push(`printf ${word(`${name}: ${scheme}%s`)} "$${variable}" |`);
    return "-H @-";
  },
  body(body, word, piped) {
    if (!fieldsOf(body).some((name) => name in VARIABLE_OF)) return [data(body, word)];
    return body.split("&").map((pair) => {
      const [name = ""] = pair.split("=");
      if (name === "client_id") return `--data-urlencode "client_id=$KPN_CLIENT_ID"`;
      if (name !== "client_secret") return data(pair, word);
      piped.push('printf %s "$KPN_CLIENT_SECRET" |');
      return "--data-urlencode client_secret@-";
    });
  },
};

/** The form fields that the environment has, and under which name. */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  client_id: "KPN_CLIENT_ID",
  client_secret: "KPN_CLIENT_SECRET",
};

/** The names of a form body's fields, if it holds a secret. */
function fieldsOf(body: string): string[] {
  const names = body.split("&").map((pair) => pair.split("=")[0]!);
  return names.includes("client_secret") ? names : [];
}

/** What of an `authorization` header may be shown, and the variable that has the rest. */
function authorizationOf(value: string): [scheme: string, variable: string] {
  return /^Bearer /i.test(value) ? ["Bearer ", "KPN_TOKEN"] : ["", "KPN_AUTHORIZATION"];
}

function header(name: string, value: string, word: Word): string {
  if (!/^[\w!#$&'*+.^`|~-]+$/.test(name)) {
    refuse("a header's name has a character that none may have");
  }
  // "Name:" would make cURL leave the header out; "Name;" sends it empty.
  return `-H ${word(value ? `${name}: ${value}` : `${name};`)}`;
}

/** `-d @…` would read a file. */
function data(body: string, word: Word): string {
  return `${body.startsWith("@") ? "--data-raw" : "-d"} ${word(body)}`;
}

/** cURL takes a body for a form, `fetch` takes a string for plain text. */
function withContentType(headers: Readonly<Record<string, string>>, body: string | undefined) {
  const told = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return told || body === undefined
    ? headers
    : { ...headers, "content-type": "text/plain;charset=UTF-8" };
}

function refuse(why: string): never {
  throw new TypeError(`Cannot render a cURL command: ${why}`);
}
