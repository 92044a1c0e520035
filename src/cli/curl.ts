/** `kpn-auth curl`: the cURL command for this shell, of a token request or of an API call. */

import { curlCommand, type CurlRequest, type Expand, type Shell } from "../curl/curl.ts";
import { requestToken } from "../grant.ts";
import { createTokenRequest, tokenEndpoint } from "../request.ts";
import {
  environment,
  parse,
  target,
  TOKEN_OPTIONS,
  TOKEN_OPTIONS_HELP,
  tokenOptions,
  type TokenValues,
} from "./args.ts";
import { apiCall, apiUrl, CALL_OPTIONS } from "./call.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, withProgress } from "./io.ts";

export const help = `\
kpn-auth curl [PATH|URL]: prints the curl command for your shell.

  kpn-auth curl
  kpn-auth curl /communication/nexmo/number-insight/basic -d number=447700900000

Without PATH: the command that requests a token. Secrets are left out: curl gets
them from KPN_CLIENT_ID and KPN_CLIENT_SECRET, or the token from KPN_TOKEN.

      --shell NAME           posix, cmd, batch or powershell; default: posix,
                             and cmd on Windows
      --expand shell|curl    who reads the variables: the shell (default), or
                             curl 8.3 or later (cmd and batch: always)
      --reveal-secrets       write the secrets into the command
  -X, -H, -d                 as in kpn-auth call
${TOKEN_OPTIONS_HELP}`;

const SHELLS: readonly string[] = ["posix", "cmd", "batch", "powershell"] satisfies Shell[];

export async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals: [path] } = parse(args, {
    ...TOKEN_OPTIONS,
    ...CALL_OPTIONS,
    shell: { type: "string" },
    expand: { type: "string" },
    "reveal-secrets": { type: "boolean" },
  }, 1);
  const shell = values.shell ?? (io.platform === "win32" ? "cmd" : "posix");
  if (!SHELLS.includes(shell)) {
    throw failure(EXIT.usage, `--shell is one of ${SHELLS.join(", ")}.`);
  }
  const { expand } = values;
  if (expand !== undefined && !/^(shell|curl)$/.test(expand)) {
    throw failure(EXIT.usage, "--expand is shell or curl.");
  }
  const { request, header, data, "reveal-secrets": revealSecrets = false } = values;
  if (!path && (request ?? header ?? data)) {
    throw failure(EXIT.usage, "-X, -H and -d describe an API call: give its PATH or URL.");
  }
  const rendered = path
    ? await apiRequest(path, values, revealSecrets, io)
    : await tokenRequest(values, revealSecrets, io);
  const command = curlCommand(rendered, {
    shell: shell as Shell,
    revealSecrets,
    ...expand && { expand: expand as Expand },
  });
  await io.stdout(`${command}\n`);
  if (!revealSecrets) {
    const variables = path ? "KPN_TOKEN (from kpn-auth token)" : "KPN_CLIENT_ID, KPN_CLIENT_SECRET";
    const version = command.includes("--variable") ? " and curl 8.3 or later" : "";
    await io.stderr(`kpn-auth: for ${shell}; needs ${variables} in the environment${version}.\n`);
  }
  return EXIT.done;
}

/** Nobody sees these: the command takes the real ones from the environment. */
const PLACEHOLDERS = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

async function tokenRequest(values: TokenValues, reveal: boolean, io: Io): Promise<CurlRequest> {
  if (!reveal) {
    return createTokenRequest(PLACEHOLDERS, target(values, await environment(values, io)));
  }
  const { clientId, clientSecret, tokenEndpoint } = await tokenOptions(values, io);
  return createTokenRequest({ clientId, clientSecret }, { tokenEndpoint });
}

async function apiRequest(
  path: string,
  values: TokenValues & Parameters<typeof apiCall>[0],
  reveal: boolean,
  io: Io,
): Promise<CurlRequest> {
  const endpoint = tokenEndpoint(target(values, await environment(values, io)));
  const { href: url } = apiUrl(path, endpoint);
  const { method, headers, body } = await apiCall(values, io);
  const token = reveal ? await freshToken(values, io) : "KPN_TOKEN";
  return {
    url,
    method,
    headers: { authorization: `Bearer ${token}`, ...Object.fromEntries(headers) },
    ...body && { body: text(body) },
  };
}

async function freshToken(values: TokenValues, io: Io): Promise<string> {
  const options = await tokenOptions(values, io);
  const { host } = new URL(options.tokenEndpoint);
  return (await withProgress(io, `waiting for ${host}`, requestToken(options))).value;
}

function text(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw failure(EXIT.usage, "The body is no text: a command cannot carry it.");
  }
}
