/** `kpn-auth curl`: prints the curl command of a token request or an API call, for the user's shell. */

import { curlCommand, type CurlRequest } from "../curl/curl.ts";
import { requestToken } from "../grant.ts";
import { createTokenRequest } from "../request.ts";
import { apiCall, CALL_OPTIONS } from "./api_call.ts";
import { command } from "./command.ts";
import {
  endpointFor,
  type Environment,
  environment,
  givenToken,
  target,
  TOKEN_OPTIONS,
  tokenOptions,
} from "./credentials.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, withProgress } from "./io.ts";
import type { Parsed } from "./options.ts";
import { SHELL_OPTION, shellOf } from "./shell.ts";

const OPTIONS = {
  ...SHELL_OPTION,
  expand: {
    value: "shell|curl",
    oneOf: ["shell", "curl"],
    help: "who reads the variables: the shell, or curl 8.3\nor later (default for cmd and batch)",
  },
  "reveal-secrets": { help: "include the secrets, or the token, in the command" },
  ...CALL_OPTIONS,
  ...TOKEN_OPTIONS,
} as const;

export const curl = command({
  summary: "print the curl command for your shell",
  takes: "PATH|URL",
  help: `\
kpn-auth curl [PATH|URL]: prints the curl command for your shell.

  kpn-auth curl
  kpn-auth curl /communication/nexmo/number-insight/basic -d number=447700900000

Without PATH, it prints the command that requests a token. The command contains
no secrets: it reads KPN_CLIENT_ID and KPN_CLIENT_SECRET, or for an API
KPN_TOKEN, from the environment.
`,
  options: OPTIONS,
  run,
});

type Given = Parsed<typeof OPTIONS>;

async function run(parsed: Given, io: Io): Promise<number> {
  const { values, positionals: [path], given } = parsed;
  const { expand, "reveal-secrets": revealSecrets = false } = values;
  const shell = await shellOf(values.shell, io);
  const describing = given.find(([name]) => Object.keys(CALL_OPTIONS).includes(name));
  if (!path && (describing || values.get || values.head)) {
    const name = describing?.[0] ?? (values.get ? "get" : "head");
    throw failure(EXIT.usage, `--${name} describes an API call: give its PATH or URL.`);
  }
  const variables = await environment(values, io);
  const request = path
    ? await apiRequest(parsed, variables, io)
    : await tokenRequest(parsed, variables, io);
  const text = curlCommand(request, {
    shell,
    revealSecrets,
    ...expand && { expand: expand as "shell" | "curl" },
    // PowerShell 7 on other systems than Windows: there is no curl.exe.
    ...io.platform !== "win32" && values.shell !== "powershell" && { program: "curl" },
  });
  await io.stdout(`${text}\n`);
  if (!revealSecrets) {
    const needed = path ? "KPN_TOKEN (from kpn-auth token)" : "KPN_CLIENT_ID, KPN_CLIENT_SECRET";
    const version = text.includes("--variable") ? " and curl 8.3 or later" : "";
    await io.stderr(`kpn-auth: for ${shell}; needs ${needed} in the environment${version}.\n`);
  }
  return EXIT.done;
}

/** Placeholders that are never printed: the command reads the real values from the environment. */
const PLACEHOLDERS = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

async function tokenRequest(
  { values }: Given,
  variables: Environment,
  io: Io,
): Promise<CurlRequest> {
  if (!values["reveal-secrets"]) {
    await endpointFor(values, variables.look, io);
    return createTokenRequest(PLACEHOLDERS, target(values, variables.look));
  }
  const options = await tokenOptions(values, io, variables);
  return createTokenRequest(options, options);
}

async function apiRequest(
  parsed: Given,
  variables: Environment,
  io: Io,
): Promise<CurlRequest> {
  const { values, positionals: [path] } = parsed;
  const { origin } = await endpointFor(values, variables.look, io);
  const { url, method, headers, body } = await apiCall(path, origin, parsed, io);
  const token = values["reveal-secrets"]
    ? givenToken(variables, io) ?? await freshToken(parsed, variables, io)
    : "KPN_TOKEN";
  return {
    url: url.href,
    method,
    headers: { authorization: `Bearer ${token}`, ...Object.fromEntries(headers) },
    ...body && { body: text(body) },
  };
}

async function freshToken({ values }: Given, variables: Environment, io: Io): Promise<string> {
  const options = await tokenOptions(values, io, variables);
  const { host } = new URL(options.tokenEndpoint);
  return (await withProgress(io, `waiting for ${host}`, requestToken(options))).value;
}

function text(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw failure(EXIT.usage, "The body is not text in UTF-8: a command cannot contain it.");
  }
}
