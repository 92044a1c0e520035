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
  port: { value: "N", help: "default: a free port" },
  host: { value: "ADDRESS", help: "where to listen (127.0.0.1: only this machine)" },
  "client-id": {
    value: "ID",
    multiple: true,
    help: "a client of the mock (APP_CLIENT_ID). Its secret\n" +
      "is a line of KPN_CLIENT_SECRET",
  },
  "client-secret-stdin": { help: "read the secrets from standard input instead" },
  level: {
    value: "NAME",
    multiple: true,
    help: "the tier of a client's tokens, once per client:\n" +
      "demo (default; Sandbox), or prod (Project)",
  },
  lifetime: { value: "MS", help: "how long a token is valid (3599000)" },
  seed: { value: "N", help: "where the sequence of tokens starts (1)" },
  strict: { help: "refuse what KPN serves but does not document" },
  upstream: {
    value: "URL",
    multiple: true,
    help: "forward other calls to this mock server of an\n" +
      "API. /base/path=URL forwards calls under a base\n" +
      "path, without it",
  },
  "allow-remote-upstream": { help: "allow an upstream on another machine" },
  "deliver-to": {
    value: "URL",
    multiple: true,
    help: "send webhooks also to this URL's origin, not only\nto this machine",
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

Prints the variables to set, and each request with its answer and the reason.
After --, give a command to run with KPN_CLIENT_ID, KPN_CLIENT_SECRET,
KPN_TOKEN_ENDPOINT and KPN_MOCK (the mock's address) set. The mock stops when
the command ends, and returns its exit code (127 if there is no such program).
Open its address in a browser for a page to try it; /openapi.yaml and
/postman/collection.json describe the API. GET /mock/ready answers when the mock
is ready.
`,
  options: OPTIONS,
  runs: true,
  run,
});

async function run({ values, program }: Parsed<typeof OPTIONS>, io: Io): Promise<number> {
  const { host = "127.0.0.1", control = false } = values;
  const port = numberOf("port", values.port, 65_535) ?? 0;
  const line = values.log === "json" ? jsonLine : textLine;
  const onAnswer = (request: RecordedRequest) => void io.stderr(line(request));
  const gateway = createGateway(settingsOf({ ...await mockOptions(values, io), onAnswer }));
  const url = `http://${urlHost(host)}`;
  if (!URL.canParse(url)) {
    throw failure(EXIT.usage, `--host must be an address or a name, not "${host}".`);
  }
  const remote = !isLoopback(new URL(url));
  let stopping = false;
  // With a command, only the command's end stops the mock.
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

/** Runs a program with the mock's variables, and returns its exit code. */
async function runWith(
  program: readonly string[],
  variables: Readonly<Record<string, string>>,
  io: Io,
): Promise<number> {
  try {
    // Without KPN_TOKEN: the program would use KPN's token instead of the mock's.
    return await io.runProgram!(program, { ...variables, KPN_TOKEN: undefined });
  } catch (error) {
    const { code } = Object(error);
    if (code === "EACCES") {
      throw failure(EXIT.noPermission, `Cannot run ${program[0]}: permission denied.`);
    }
    if (code !== "ENOENT") throw error;
    throw failure(EXIT.noProgram, `There is no program ${program[0]}. Is it on the PATH?`);
  }
}

/** Sends the due retries of webhooks every second, as KPN does. */
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

/** Splits `/base/path=URL`; a URL alone is for every path. */
function basePathAndUrl(text: string): [basePath: string, url: string] {
  const [, basePath = "/", url = ""] = /^(?:(\/[^=]*)=)?(.*)$/s.exec(text)!;
  return [basePath, url];
}

/** The clients; their secrets never come from the command line. */
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

/** A request, its answer and the reason, for people. */
function textLine({ method, url, answer, differences }: RecordedRequest): string {
  // Every `fetch` adds a charset to a form.
  const worthSaying = differences.filter((words) => !/: charset=utf-8$/i.test(words));
  const differs = worthSaying.length ? ` (differs from KPN's: ${worthSaying.join("; ")})` : "";
  const { pathname } = new URL(url);
  return `${method} ${pathname} ${answer?.status ?? "-"} ${answer?.why}${differs}\n`;
}

/** The same for programs. */
function jsonLine(request: RecordedRequest): string {
  return `${JSON.stringify(loggedRequest(request))}\n`;
}
