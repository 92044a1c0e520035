/**
 * The command line `kpn-auth`, without a process: {@linkcode main} gets everything it needs as an argument.
 *
 * @module
 */

import { call } from "./call.ts";
import { type Command, helpText } from "./command.ts";
import { completion } from "./completion.ts";
import { curl } from "./curl.ts";
import { doctor } from "./doctor.ts";
import { explain } from "./explain.ts";
import { endingOf, EXIT, failure, isClosedPipe } from "./exit.ts";
import { type Io, painter } from "./io.ts";
import { mock } from "./mock.ts";
import { nearest } from "../mock/nearest.ts";
import { parse } from "./options.ts";
import { token } from "./token.ts";
import { webhook } from "./webhook.ts";

export type { Io } from "./io.ts";

const COMMANDS: Readonly<Record<string, Command>> = {
  token,
  call,
  curl,
  doctor,
  explain,
  mock,
  webhook,
  completion: completion(() => COMMANDS),
};

/** The version of the package; a test compares it with `deno.json`. */
const VERSION = "0.1.0";

const HELP = `\
kpn-auth: obtain and use access tokens for KPN's APIs. Unofficial.

${
  Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}\n`).join("")
}
kpn-auth help COMMAND explains a command; kpn-auth --version prints the version.
Credentials come from KPN_CLIENT_ID and KPN_CLIENT_SECRET, --credentials FILE,
or --secret-stdin, never from an argument. call uses KPN_TOKEN if it is set.

Exit codes:
  0  done
  1  something else went wrong
  2  the command line is wrong, or Deno lacks a permission
  3  credentials are missing, malformed, or not accepted by KPN
  4  no answer: DNS, connection, TLS, a proxy, or no answer in time
  5  the token endpoint's answer has no token; explain: not understood
  6  a quota or a rate limit is used up
  7  call: the API's answer is an error or a redirect (status 300 or more)
`;

/**
 * Runs one command line; never throws.
 *
 * @param args The arguments, without the program's name.
 * @param process The process: its environment, streams and `fetch`.
 * @returns The exit code; `kpn-auth --help` lists them.
 *
 * @example
 * ```ts
 * import { main } from "kpn-auth/cli";
 * import { mockKpn } from "kpn-auth/testing";
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
export async function main(args: readonly string[], process: Io): Promise<number> {
  // Who no longer reads the messages stops neither the work nor its exit code.
  const io: Io = { ...process, stderr: (text) => process.stderr(text).catch(() => {}) };
  const [first = "", ...rest] = args;
  const asksForHelp = /^(--help|-h|help)$/.test(first);
  const [name = "", given] = asksForHelp ? [rest[0], ["--help"]] : [first, rest];
  try {
    if (/^(--version|-V|-v)$/.test(name)) return await say(io, `${VERSION}\n`);
    if (asksForHelp && !name) return await say(io, HELP);
    const command = Object.keys(COMMANDS).includes(name) ? COMMANDS[name] : undefined;
    if (!command) throw failure(EXIT.usage, unknown(name));
    return await run(name, command, given, io);
  } catch (error) {
    return await report(error, io, name);
  }
}

async function run(
  name: string,
  command: Command,
  args: readonly string[],
  io: Io,
): Promise<number> {
  const parsed = parse(args, command.options, command.runs);
  if ("help" in parsed.values) return await say(io, helpText(command));
  const { takes } = command;
  const places = takes?.split(" ") ?? [];
  if (parsed.positionals.length > places.length) {
    const most = places.map((place) => `one ${place.replace("|", " or ")}`).join(" and ") ||
      "no argument";
    const remedy = command.runs
      ? `A command to run comes after --: kpn-auth ${name} -- COMMAND`
      : `Besides options it takes ${most}`;
    throw failure(EXIT.usage, `Too many arguments. ${remedy}.`);
  }
  return await command.run(parsed, io);
}

async function say(io: Io, text: string): Promise<number> {
  await io.stdout(text);
  return EXIT.done;
}

/** The message for an unknown command. It does not quote what could be a secret pasted by mistake. */
function unknown(name: string): string {
  const names = Object.keys(COMMANDS);
  const what = /^[a-z]{1,12}$/.test(name) ? `no command "${name}"` : "no such command";
  const meant = nearest(name, names);
  return `${name ? `There is ${what}` : "Which command"}: ${
    meant ? `did you mean ${meant}?` : `${names.join(", ")}.`
  }`;
}

/** Writes to standard error what went wrong and what to do next; returns the exit code. */
async function report(error: unknown, io: Io, command: string): Promise<number> {
  if (isClosedPipe(error)) return EXIT.done; // kpn-auth curl | head -1
  const { exitCode, message } = endingOf(error);
  const known = Object.keys(COMMANDS).includes(command);
  const next = exitCode === EXIT.usage
    ? `\nSee kpn-auth ${known ? `${command} ` : ""}--help.`
    : DOCTORS_CASES.includes(exitCode) && command !== "doctor"
    ? " To find the cause, run kpn-auth doctor."
    : "";
  await io.stderr(`${painter(io, "stderr")("red", "kpn-auth:")} ${message}${next}\n`);
  return exitCode;
}

/** The exit codes for which the doctor can find the cause. */
const DOCTORS_CASES: readonly number[] = [EXIT.credentials, EXIT.network, EXIT.gateway];
