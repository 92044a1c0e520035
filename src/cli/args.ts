/** Arguments, and the credentials that come from anywhere but them. */

import { readFile } from "node:fs/promises";
import { parseArgs, type ParseArgsConfig, parseEnv } from "node:util";
import type { RequestTokenOptions } from "../grant.ts";
import { type ClientCredentials, createTokenRequest, tokenEndpoint } from "../request.ts";
import type { Realm } from "../kpn.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, readAll } from "./io.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** What every command that asks for a token takes. */
export const TOKEN_OPTIONS = {
  "env-file": { type: "string" },
  "secret-stdin": { type: "boolean" },
  realm: { type: "string" },
  "token-endpoint": { type: "string" },
  timeout: { type: "string" },
} as const satisfies Options;

/** The last lines of the help of a command that takes {@linkcode TOKEN_OPTIONS}. */
export const TOKEN_OPTIONS_HELP = `\
      --env-file FILE        read KPN_CLIENT_ID, KPN_CLIENT_SECRET from FILE
      --secret-stdin         read the secret from standard input
      --realm NAME           gateway (default), or msm
      --token-endpoint URL   ask there; else KPN_TOKEN_ENDPOINT, else KPN
      --timeout MS           wait no longer for an answer (10000)
  -h, --help                 this text
`;

/** The values of {@linkcode TOKEN_OPTIONS} on a command line. */
export interface TokenValues {
  readonly "env-file"?: string | undefined;
  readonly "secret-stdin"?: boolean | undefined;
  readonly realm?: string | undefined;
  readonly "token-endpoint"?: string | undefined;
  readonly timeout?: string | undefined;
}

const SECRET_ARGUMENT = /^--?(client[-_]?id|(client[-_]?)?secret|password|token|user)(=|$)|^-u/;

type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; allowPositionals: true; strict: true }>
>;

/** Reads a command's arguments; what it does not know is refused. No message quotes a value. */
export function parse<const T extends Options>(
  args: readonly string[],
  options: T,
  positionals = 0,
): Parsed<T> {
  if (args.some((arg) => SECRET_ARGUMENT.test(arg))) {
    throw failure(
      EXIT.usage,
      "Credentials are never taken from an argument: every user of this machine sees them in the " +
        "process list, and the shell keeps them in its history. Set KPN_CLIENT_ID and " +
        "KPN_CLIENT_SECRET, or use --env-file or --secret-stdin.",
    );
  }
  let parsed: Parsed<T>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw failure(EXIT.usage, (error as Error).message.split(/\n|\. /)[0] + ".");
  }
  if (parsed.positionals.length > positionals) {
    const most = ["no argument", "one PATH or URL"][positionals] ?? `${positionals} arguments`;
    throw failure(EXIT.usage, `It takes ${most} beside its options.`);
  }
  return parsed;
}

/** Looks a variable up: in `--env-file` if there is one, else in the environment. */
export type Look = (name: string) => string | undefined;

/** The look-up for a command line. A file given by hand goes before the environment. */
export async function environment(values: TokenValues, io: Io): Promise<Look> {
  const path = values["env-file"];
  const file = path === undefined ? {} : parseEnv(new TextDecoder().decode(await readInput(path)));
  return (name) => file[name] || io.env(name) || undefined;
}

/** A file that an argument names. */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw failure(EXIT.usage, `Cannot read ${path}: ${(error as Error).message}`);
  }
}

/** The client id and the secret, checked for their shape. */
export async function credentials(
  values: TokenValues,
  look: Look,
  io: Io,
): Promise<ClientCredentials> {
  const clientId = look("KPN_CLIENT_ID") ?? missing("KPN_CLIENT_ID is not set");
  const clientSecret = values["secret-stdin"]
    ? await secretFromStdin(io)
    : look("KPN_CLIENT_SECRET") ?? missing("KPN_CLIENT_SECRET is not set");
  try {
    createTokenRequest({ clientId, clientSecret });
  } catch (error) {
    throw failure(EXIT.credentials, (error as Error).message);
  }
  return { clientId, clientSecret };
}

function missing(what: string): never {
  throw failure(
    EXIT.credentials,
    `${what}. Set KPN_CLIENT_ID and KPN_CLIENT_SECRET to what developer.kpn.com shows for your ` +
      "project, or use --env-file or --secret-stdin.",
  );
}

/** One line: typed without being shown, or piped, without the line break that `echo` adds. */
async function secretFromStdin(io: Io): Promise<string> {
  if (io.terminal.stdin) return await io.typed("Client secret (not shown): ");
  return new TextDecoder().decode(await readAll(io.stdin)).replace(/\r?\n$/, "");
}

/** Where a token is asked for. An argument goes before the environment. */
export function target(values: TokenValues, look: Look): { realm?: Realm; tokenEndpoint?: string } {
  const { realm } = values;
  const endpoint = values["token-endpoint"] ?? (realm ? undefined : look("KPN_TOKEN_ENDPOINT"));
  // What the realm may be is the library's to say.
  return { ...realm && { realm: realm as Realm }, ...endpoint && { tokenEndpoint: endpoint } };
}

/** All that a token request needs. */
export async function tokenOptions(
  values: TokenValues,
  io: Io,
): Promise<RequestTokenOptions & ClientCredentials & { timeout: number; tokenEndpoint: string }> {
  const { fetch } = io;
  const look = await environment(values, io);
  const endpoint = tokenEndpoint(target(values, look));
  const limits = timeouts(values);
  return { ...await credentials(values, look, io), ...limits, tokenEndpoint: endpoint, fetch };
}

/** The library's defaults, or one limit that a person has set for everything. */
export function timeouts({ timeout }: TokenValues): { timeout: number; attemptTimeout?: number } {
  if (timeout === undefined) return { timeout: 10_000 };
  if (!/^[1-9]\d{0,8}$/.test(timeout)) {
    throw failure(EXIT.usage, "--timeout must be a number of ms, such as 10000.");
  }
  return { timeout: Number(timeout), attemptTimeout: Number(timeout) };
}
