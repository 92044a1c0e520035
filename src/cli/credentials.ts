/** Reads the credentials, never from arguments, and where to request a token. */

import { readFile } from "node:fs/promises";
import type { RequestTokenOptions } from "../grant.ts";
import { type Realm, TOKEN_ENDPOINTS } from "../kpn.ts";
import {
  type ClientCredentials,
  createTokenRequest,
  tokenEndpoint,
  type TokenTarget,
} from "../request.ts";
import { type EnvFile, readEnvFile } from "./env_file.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, optional, readAll } from "./io.ts";
import type { Options, Values } from "./options.ts";

const REALMS = Object.keys(TOKEN_ENDPOINTS);

/** The options of every command that requests a token. */
export const TOKEN_OPTIONS = {
  credentials: {
    value: "FILE",
    help: "read KPN_CLIENT_ID, KPN_CLIENT_SECRET from an\nenv file; - is standard input",
  },
  "env-file": { value: "FILE", help: "" }, // Node has an option of this name for itself
  "secret-stdin": { help: "read the secret from standard input" },
  realm: { value: "NAME", oneOf: REALMS, help: `${REALMS.join(", ")}; default: gateway` },
  "token-endpoint": {
    value: "URL",
    help: "where to request the token; default:\nKPN_TOKEN_ENDPOINT, or else KPN's endpoint",
  },
  "allow-insecure-http": { help: "accept http: anybody on the network can read it" },
  timeout: { value: "MS", help: "how long to wait for an answer (10000)" },
} as const satisfies Options;

/** The values of {@linkcode TOKEN_OPTIONS} on a command line. */
export type TokenValues = Values<typeof TOKEN_OPTIONS>;

/** Looks up a variable: in the file of `--credentials`, or else in the environment. */
export type Look = (name: string) => string | undefined;

/** The variables of a command line. */
export interface Environment {
  readonly look: Look;
  /** The file of `--credentials`, and its path. */
  readonly file?: EnvFile & { readonly path: string };
}

const CREDENTIALS = ["KPN_CLIENT_ID", "KPN_CLIENT_SECRET", "KPN_TOKEN"];

/** Reads the variables of a command line. The file takes precedence over the environment. */
export async function environment(values: TokenValues, io: Io): Promise<Environment> {
  const path = values.credentials ?? values["env-file"];
  if (path === undefined) return { look: (name) => io.env(name) || undefined };
  if (path === "-" && values["secret-stdin"]) {
    throw failure(
      EXIT.usage,
      "Standard input cannot be both the credentials and the secret: remove one option.",
    );
  }
  const bytes = path === "-" ? new Uint8Array(await readAll(io.stdin)) : await readInput(path);
  if (bytes.length === 0 && values["env-file"] !== undefined && io.runtime.name === "node") {
    throw failure(
      EXIT.credentials,
      `${path} is empty: Node has an option --env-file itself, and has read it already. ` +
        "Use --credentials instead.",
    );
  }
  const file = { path, ...readEnvFile(path, bytes) };
  if (!file.has(...CREDENTIALS, "KPN_TOKEN_ENDPOINT")) {
    throw failure(
      EXIT.credentials,
      `${path} has neither KPN_CLIENT_ID nor KPN_CLIENT_SECRET. ${file.contents}`,
    );
  }
  return { look: (name) => file.look(name) ?? (io.env(name) || undefined), file };
}

/** Reads a file that an argument names. */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as Error).name === "NotCapable") throw error;
    throw failure(EXIT.usage, `Cannot read ${path}: ${(error as Error).message}`);
  }
}

/** The client id and the secret, with their form checked. */
export async function credentials(
  values: TokenValues,
  { look, file }: Environment,
  io: Io,
): Promise<ClientCredentials> {
  const found = (name: string) => look(name) ?? missing(name, file);
  const clientId = found("KPN_CLIENT_ID");
  const clientSecret = values["secret-stdin"]
    ? await secretFromStdin(io)
    : found("KPN_CLIENT_SECRET");
  try {
    createTokenRequest({ clientId, clientSecret });
  } catch (error) {
    throw failure(EXIT.credentials, (error as Error).message);
  }
  return { clientId, clientSecret };
}

function missing(name: string, file: Environment["file"]): never {
  throw failure(
    EXIT.credentials,
    file
      ? `${name} is neither in ${file.path} nor in the environment. ${file.contents}`
      : `${name} is not set. Set KPN_CLIENT_ID and KPN_CLIENT_SECRET to what developer.kpn.com ` +
        "shows for your project, or use --credentials or --secret-stdin.",
  );
}

/** One line: typed without echo, or piped, without the line break that `echo` adds. */
async function secretFromStdin(io: Io): Promise<string> {
  if (io.terminal.stdin) return await io.typed("Client secret (not shown): ");
  return new TextDecoder().decode(await readAll(io.stdin)).replace(/\r?\n$/, "");
}

/** Where to request a token. An argument takes precedence over the environment. */
export function target(values: TokenValues, look: Look): TokenTarget {
  const { realm, "allow-insecure-http": allowInsecureHttp } = values;
  const endpoint = values["token-endpoint"] ?? (realm ? undefined : look("KPN_TOKEN_ENDPOINT"));
  return {
    ...realm && { realm: realm as Realm },
    ...endpoint && { tokenEndpoint: endpoint },
    ...allowInsecureHttp && { allowInsecureHttp },
  };
}

/** The token endpoint. Warns if it is not encrypted. */
export async function endpointFor(values: TokenValues, look: Look, io: Io): Promise<URL> {
  const url = new URL(tokenEndpoint(target(values, look)));
  if (values["allow-insecure-http"] && url.protocol === "http:") {
    await io.stderr(
      `kpn-auth: ${url.origin} is not encrypted: anybody on the network can read the secret and the token.\n`,
    );
  }
  return url;
}

/** Everything that a token request needs. */
export type TokenOptions =
  & RequestTokenOptions
  & ClientCredentials
  & { readonly timeout: number; readonly tokenEndpoint: string };

/** Reads the options of a token request from a command line. */
export async function tokenOptions(
  values: TokenValues,
  io: Io,
  given?: Environment,
): Promise<TokenOptions> {
  const variables = given ?? await environment(values, io);
  const endpoint = await endpointFor(values, variables.look, io);
  const limits = timeouts(values);
  return {
    ...await credentials(values, variables, io),
    ...limits,
    tokenEndpoint: endpoint.href,
    ...values["allow-insecure-http"] && { allowInsecureHttp: true },
    fetch: io.fetch,
  };
}

/** A token that the user already has: `KPN_TOKEN`, in the file or in the environment. */
export function givenToken({ file }: Environment, io: Io): string | undefined {
  const token = file?.look("KPN_TOKEN") ?? optional(io, "KPN_TOKEN");
  if (token === undefined || /^[!-~]+$/.test(token)) return token;
  throw failure(
    EXIT.credentials,
    "KPN_TOKEN is not a token: set it to the output of kpn-auth token, without white space or Bearer.",
  );
}

/** The default deadlines, or the one that `--timeout` sets for everything. */
export function timeouts({ timeout }: TokenValues): { timeout: number; attemptTimeout?: number } {
  if (timeout === undefined) return { timeout: 10_000 };
  if (!/^[1-9]\d{0,8}$/.test(timeout)) {
    throw failure(EXIT.usage, "--timeout must be a number of ms, such as 10000.");
  }
  return { timeout: Number(timeout), attemptTimeout: Number(timeout) };
}
