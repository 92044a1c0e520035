/**
 * The command line `kpn-auth`, without a process: {@linkcode main} is handed all that it touches.
 *
 * @module
 */

import { KpnAuthError } from "../errors.ts";
import * as call from "./call.ts";
import * as curl from "./curl.ts";
import * as doctor from "./doctor.ts";
import * as explain from "./explain.ts";
import { EXIT, EXIT_BY_CODE, type Failure, failure } from "./exit.ts";
import { type Io, painter } from "./io.ts";
import * as mock from "./mock.ts";
import * as token from "./token.ts";
import * as webhook from "./webhook.ts";

export type { Io } from "./io.ts";

interface Command {
  readonly help: string;
  readonly run: (args: readonly string[], io: Io) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  token,
  call,
  curl,
  doctor,
  explain,
  mock,
  webhook,
};

/** The version of the package; a test holds it against `deno.json`. */
const VERSION = "0.1.0";

const HELP = `\
kpn-auth: get and use access tokens for KPN's APIs. Unofficial.

  token     print a fresh access token, and only that
  call      call an API with a token, with curl's habits
  curl      print the curl command for your shell
  doctor    find out what is wrong
  explain   say what an error of KPN's means
  mock      serve a mock of KPN's gateway on this machine
  webhook   verify or make the signature of a webhook

kpn-auth COMMAND --help explains one; kpn-auth --version tells the version.
Credentials: KPN_CLIENT_ID and KPN_CLIENT_SECRET, --env-file, or --secret-stdin.

Exit codes:
  0  done
  1  something else went wrong
  2  the command line is wrong
  3  credentials are missing, malformed, or not accepted by KPN
  4  no answer: DNS, connection, TLS, or no answer in time
  5  no token in the token endpoint's answer; explain: not understood
  6  a quota or a rate limit is used up
  7  call: the API's answer is an error or a redirect (status 300 or more)
`;

/**
 * Runs one command line; never throws.
 *
 * @param args The arguments, without the program's name.
 * @param io What it may touch.
 * @returns The exit code; `kpn-auth --help` lists them.
 *
 * @example
 * ```ts
 * import { main } from "@kpn-auth/kpn-auth/cli";
 * import { mockKpn } from "@kpn-auth/kpn-auth/testing";
 *
 * const variables = new Map([
 *   ["KPN_CLIENT_ID", "APP_CLIENT_ID"],
 *   ["KPN_CLIENT_SECRET", "APP_CLIENT_SECRET"],
 * ]);
 * const code = await main(["token"], {
 *   env: (name: string) => variables.get(name),
 *   platform: "linux",
 *   runtime: { name: "deno", version: "2.9.6" },
 *   terminal: { stdin: false, stdout: false, stderr: false },
 *   fetch: mockKpn().fetch,
 *   stdin: new ReadableStream<Uint8Array>(),
 *   typed: () => Promise.resolve(""),
 *   stdout: (chunk: string | Uint8Array) => Promise.resolve(console.log(chunk)), // the token
 *   stderr: (text: string) => Promise.resolve(console.error(text)),
 *   interrupted: () => new Promise(() => {}),
 * });
 * console.log(code); // 0
 * ```
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name = "", ...rest] = args;
  try {
    if (/^(--version|-V)$/.test(name)) return await say(io, `${VERSION}\n`);
    if (/^(--help|-h|help)$/.test(name)) return await say(io, HELP);
    const command = Object.keys(COMMANDS).includes(name) ? COMMANDS[name] : undefined;
    if (!command) throw failure(EXIT.usage, unknown(name));
    if (rest.some((arg) => /^(--help|-h)$/.test(arg))) return await say(io, command.help);
    return await command.run(rest, io);
  } catch (error) {
    return await report(error, io, name);
  }
}

async function say(io: Io, text: string): Promise<number> {
  await io.stdout(text);
  return EXIT.done;
}

/** Quotes nothing that could be a secret pasted by mistake. */
function unknown(name: string): string {
  const what = /^[a-z]{1,12}$/.test(name) ? `"${name}"` : "that";
  return `${name ? `There is no command ${what}` : "Which command"}: ${
    Object.keys(COMMANDS).join(", ")
  }.`;
}

/** Tells on standard error what went wrong, and gives the exit code for it. */
async function report(error: unknown, io: Io, command: string): Promise<number> {
  const { message, code, exitCode } = error as Partial<Failure & { code: string }>;
  if (code === "EPIPE") return EXIT.done; // whoever reads has seen enough: kpn-auth call … | head -1
  const ending = exitCode ??
    (error instanceof KpnAuthError
      ? EXIT_BY_CODE[error.code]
      // A caller's mistake, in the library's words.
      : error instanceof TypeError || error instanceof RangeError
      ? EXIT.usage
      : EXIT.failed);
  const hint = ending === EXIT.usage
    ? `\nSee kpn-auth ${Object.keys(COMMANDS).includes(command) ? `${command} ` : ""}--help.`
    : "";
  await io.stderr(`${painter(io, "stderr")("red", "kpn-auth:")} ${message}${hint}\n`);
  return ending;
}
