/** `kpn-auth mock`: the mock of KPN's gateway on a port of this machine. */

import { clearInterval, setInterval } from "node:timers";
import type { MockClient, MockKpn, MockKpnOptions, RecordedRequest } from "../mock/mock.ts";
import { createGateway } from "../mock/gateway.ts";
import { isLoopback } from "../mock/path.ts";
import { loggedRequest } from "../mock/record.ts";
import { settingsOf } from "../mock/settings.ts";
import { createPlayground } from "../playground/playground.ts";
import { command } from "./command.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, readAll } from "./io.ts";
import { libraryBeside } from "./library.ts";
import { keepHeapSmall, serve } from "./mock_server.ts";
import { instructions, PLACEHOLDERS, urlHost, variablesOf, warning } from "./mock_instructions.ts";
import type { Parsed, Values } from "./options.ts";
import { SHELL_OPTION, shellOf } from "./shell.ts";

const OPTIONS = {
  port: { value: "N", help: "default: one that is free" },
  host: { value: "ADDRESS", help: "listen there (127.0.0.1: this machine only)" },
  "client-id": {
    value: "ID",
    multiple: true,
    help: "a client that it knows (APP_CLIENT_ID). Each\n" +
      "takes a line of KPN_CLIENT_SECRET as its secret",
  },
  "client-secret-stdin": { help: "take the secrets from standard input instead" },
  level: {
    value: "NAME",
    multiple: true,
    help: "the tier of its tokens, once for each client:\n" +
      "demo (default; Sandbox), or prod (Project)",
  },
  lifetime: { value: "MS", help: "how long a token is valid (3599000)" },
  seed: { value: "N", help: "where the sequence of tokens starts (1)" },
  strict: { help: "refuse what KPN serves but does not document" },
  upstream: {
    value: "URL",
    multiple: true,
    help: "pass other calls on to this mock server of an\n" +
      "API. /base/path=URL: those under a base path,\n" +
      "without it",
  },
  "allow-remote-upstream": { help: "an upstream may be on another machine" },
  "deliver-to": {
    value: "URL",
    multiple: true,
    help: "webhooks may go to this URL's origin too, not to\nthis machine only",
  },
  control: { help: "let programs and the page script it at /mock" },
  log: { value: "FORMAT", oneOf: ["text", "json"], help: "text (default), or json" },
  ...SHELL_OPTION,
} as const;

export const mock = command({
  summary: "serve a mock of KPN's gateway on this machine",
  help: `\
kpn-auth mock: serves a mock of KPN's gateway on this machine, until Ctrl-C.

  kpn-auth mock --port 8080
  kpn-auth mock -- npm test

It prints what to set to use it, and each request that it answers, and why so.
Before a command, it sets KPN_CLIENT_ID, KPN_CLIENT_SECRET, KPN_TOKEN_ENDPOINT
and KPN_MOCK (its own address) for that, ends with it, and has its exit code
(127 if there is no such program).
In a browser it shows a page; /openapi.yaml and /postman/collection.json
describe the API. GET /mock/ready answers once it serves.
`,
  options: OPTIONS,
  runs: true,
  run,
});

async function run({ values, program }: Parsed<typeof OPTIONS>, io: Io): Promise<number> {
  const { host = "127.0.0.1", control = false } = values;
  const port = numberOf("port", values.port, 65_535) ?? 0;
  const line = values.log === "json" ? jsonLine : textLine;
  // Whoever read the log may have seen enough: the mock goes on.
  const onAnswer = (request: RecordedRequest) => void io.stderr(line(request)).catch(() => {});
  const gateway = createGateway(settingsOf({ ...await mockOptions(values, io), onAnswer }));
  const remote = !isLoopback(new URL(`http://${urlHost(host)}`));
  let stopping = false;
  // A command is what ends the mock around it.
  const stop = program.length ? undefined : () => void (stopping = true);
  const library = libraryBeside(io.program ?? "");
  const handle = createPlayground(gateway, { control, remote, stop, library, onAnswer });
  if (io.runtime.name === "node") keepHeapSmall();
  const server = await serve(handle, host, port);
  if (remote) await io.stderr(warning(host, control));
  const reachable = /^(0\.0\.0\.0|::)$/.test(host) ? "127.0.0.1" : urlHost(host);
  const origin = `http://${reachable}:${server.port}`;
  const { credentials } = gateway.mock;
  const retries = retryWebhooks(gateway.mock);
  try {
    if (program.length) return await runWith(program, variablesOf(origin, credentials), io);
    const ended = Promise.race([io.interrupted(), server.answered(() => stopping)]);
    await io.stdout(instructions(origin, credentials, await shellOf(values.shell, io)));
    await ended;
    return EXIT.done;
  } finally {
    clearInterval(retries);
    server.close();
  }
}

/** Runs a program that is to use the mock, and gives its exit code. */
async function runWith(
  program: readonly string[],
  variables: Readonly<Record<string, string>>,
  io: Io,
): Promise<number> {
  try {
    // A token of the real KPN would be used instead of one of the mock's.
    return await io.runProgram!(program, { ...variables, KPN_TOKEN: undefined });
  } catch (error) {
    if (Object(error).code !== "ENOENT") throw error;
    throw failure(EXIT.noProgram, `There is no program ${program[0]} to run.`);
  }
}

/** Makes the deliveries that are due, each second, as KPN does by itself. */
export function retryWebhooks(
  { deliverDue }: Pick<MockKpn, "deliverDue">,
  every: (work: () => void, ms: number) => NodeJS.Timeout = setInterval,
): NodeJS.Timeout {
  return every(() => void deliverDue(), 1_000).unref();
}

/** The options of the mock itself. */
async function mockOptions(values: Values<typeof OPTIONS>, io: Io): Promise<MockKpnOptions> {
  const [first, ...clients] = await clientsOf(values, io);
  return {
    ...first,
    clients,
    strict: values.strict,
    lifetime: numberOf("lifetime", values.lifetime, Number.MAX_SAFE_INTEGER),
    seed: numberOf("seed", values.seed, 2 ** 32 - 1),
    upstream: Object.fromEntries((values.upstream ?? []).map(basePathAndUrl)),
    allowRemoteUpstream: values["allow-remote-upstream"],
    deliverTo: values["deliver-to"],
  };
}

/** `/base/path=URL`, or a URL alone, which is for every path. */
function basePathAndUrl(text: string): [basePath: string, url: string] {
  const [, basePath = "/", url = ""] = /^(?:(\/[^=]*)=)?(.*)$/s.exec(text)!;
  return [basePath, url];
}

/** The clients of the command line, their secrets from anywhere but it. */
async function clientsOf(values: Values<typeof OPTIONS>, io: Io): Promise<MockClient[]> {
  const { level: levels = [], "client-id": ids = [], "client-secret-stdin": fromStdin } = values;
  if (levels.length > Math.max(1, ids.length)) {
    throw failure(EXIT.usage, "--level is given more often than --client-id.");
  }
  if (!ids.length && !fromStdin) return [{ ...PLACEHOLDERS, level: levels[0] }];
  const known = ids.length ? ids : [PLACEHOLDERS.clientId];
  const secrets = fromStdin
    ? await secretLines(known, io)
    : (io.env("KPN_CLIENT_SECRET") ?? "").split(/\r?\n/);
  return known.map((clientId, at) => {
    const clientSecret = secrets[at];
    if (clientSecret) return { clientId, clientSecret, level: levels[at] };
    const where = fromStdin ? "standard input" : "KPN_CLIENT_SECRET";
    throw failure(
      EXIT.credentials,
      `There is no secret for ${clientId}: line ${at + 1} of ${where} is empty.`,
    );
  });
}

async function secretLines(ids: readonly string[], io: Io): Promise<string[]> {
  if (!io.terminal.stdin) {
    return new TextDecoder().decode(await readAll(io.stdin)).split(/\r?\n/);
  }
  const lines: string[] = [];
  for (const id of ids) lines.push(await io.typed(`Secret of ${id} (not shown): `));
  return lines;
}

function numberOf(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,16}$/.test(text) && Number(text) <= most) return Number(text);
  throw failure(EXIT.usage, `--${name} must be a number from 0 to ${most}.`);
}

/** What a request was answered, and why, for people. */
function textLine({ method, url, answer, differences }: RecordedRequest): string {
  const differs = differences.length ? ` (differs from KPN's: ${differences.join("; ")})` : "";
  const { pathname } = new URL(url);
  return `${method} ${pathname} ${answer?.status ?? "-"} ${answer?.why}${differs}\n`;
}

/** The same for programs. */
function jsonLine(request: RecordedRequest): string {
  return `${JSON.stringify(loggedRequest(request))}\n`;
}
