/** `kpn-auth call`: calls an API with a token; its options are curl's. */

import { open } from "node:fs/promises";
import { KpnAuthError } from "../errors.ts";
import { readFault } from "../fault.ts";
import { authorizedFetch } from "../fetch.ts";
import { networkError } from "../network.ts";
import type { TokenSource } from "../cached.ts";
import { createTokenSource } from "../source.ts";
import { headOf, writeBody } from "./answer.ts";
import { type ApiCall, apiCall, CALL_OPTIONS, readsStdin } from "./api_call.ts";
import { command } from "./command.ts";
import {
  endpointFor,
  environment,
  givenToken,
  timeouts,
  TOKEN_OPTIONS,
  tokenOptions,
} from "./credentials.ts";
import { endingOf, EXIT, failure, isClosedPipe } from "./exit.ts";
import { type Io, painter, withProgress } from "./io.ts";
import type { Parsed } from "./options.ts";
import { traced } from "./trace.ts";

const OPTIONS = {
  ...CALL_OPTIONS,
  include: { short: "i", help: "write status and headers before the body" },
  output: { short: "o", value: "FILE", help: "write the answer to FILE" },
  fail: { short: "f", help: "do not write the body of an error" },
  silent: { short: "s", help: "write only the answer" },
  "show-error": { short: "S", help: "with -s: also write what went wrong" },
  verbose: { short: "v", help: "show requests and answers, with secrets hidden" },
  ...TOKEN_OPTIONS,
} as const;

export const call = command({
  summary: "call an API with a token; its options are curl's",
  takes: "PATH|URL",
  help: `\
kpn-auth call PATH|URL: calls an API of KPN's with a token.

  kpn-auth call /communication/nexmo/number-insight/basic -d number=447700900000

Writes the body to standard output (JSON is indented at a terminal, otherwise
nothing is changed), and everything else to standard error. Uses KPN_TOKEN if it
is set. Otherwise it requests a token, and replaces it once if it is rejected.
Does not follow redirects.
`,
  options: OPTIONS,
  run,
});

async function run(parsed: Parsed<typeof OPTIONS>, io: Io): Promise<number> {
  const { silent, "show-error": showError } = parsed.values;
  if (!silent) return await send(parsed, io);
  const quiet: Io = {
    ...io,
    terminal: { ...io.terminal, stderr: false },
    ...!showError && { stderr: () => Promise.resolve() },
  };
  try {
    return await send(parsed, quiet);
  } catch (error) {
    if (showError) throw error;
    return endingOf(error).exitCode;
  }
}

async function send(parsed: Parsed<typeof OPTIONS>, io: Io): Promise<number> {
  const { values, positionals: [path] } = parsed;
  const fromStdin = [values["secret-stdin"], values.credentials === "-", readsStdin(parsed)];
  if (fromStdin.filter(Boolean).length > 1) {
    throw failure(
      EXIT.usage,
      "Standard input can be only one of the credentials, the secret and the body.",
    );
  }
  const { source, origin, fetch, timeout, isGiven } = await tokens(parsed, io);
  const request = await apiCall(path, origin, parsed, io);
  const { host } = request.url;
  const kpn = authorizedFetch(source, {
    fetch,
    origins: [origin],
    ...values["allow-insecure-http"] && { allowInsecureHttp: true },
  });
  await withProgress(io, `waiting for a token of ${host}`, source.token());

  const stall = stallTimer(timeout, host);
  const { url, ...init } = request;
  try {
    const answer = kpn(url, { ...init, signal: stall.signal });
    const response = await withProgress(io, `waiting for ${host}`, answer);
    const fault = readFault(response).catch(() => undefined); // reads a clone while the body is written
    await write(response, parsed, stall.restart, io);
    return await verdict(response, await fault, isGiven, io);
  } catch (error) {
    throw stall.signal.aborted ? stall.signal.reason : explained(error, request);
  } finally {
    stall.stop();
  }
}

/** Where the tokens come from, and where they may be sent. */
interface Tokens {
  readonly source: TokenSource;
  readonly origin: string;
  readonly fetch: Io["fetch"];
  readonly timeout: number;
  /** Whether the token comes from `KPN_TOKEN`. */
  readonly isGiven: boolean;
}

async function tokens({ values }: Parsed<typeof OPTIONS>, io: Io): Promise<Tokens> {
  const variables = await environment(values, io);
  const given = givenToken(variables, io);
  const { timeout } = timeouts(values);
  if (given === undefined) {
    const options = await tokenOptions(values, io, variables);
    const fetch = values.verbose ? traced(io.fetch, options.clientSecret, io) : io.fetch;
    const { origin } = new URL(options.tokenEndpoint);
    const source = createTokenSource({ ...options, fetch });
    return { source, origin, fetch, timeout, isGiven: false };
  }
  const fetch = values.verbose ? traced(io.fetch, given, io) : io.fetch;
  const { origin } = await endpointFor(values, variables.look, io);
  return { source: onlyToken(given), origin, fetch, timeout, isGiven: true };
}

/** A source of the user's own token, which cannot be replaced if it is rejected. */
function onlyToken(value: string): TokenSource {
  return {
    token(call) {
      if (call?.rejected) {
        return Promise.reject(new KpnAuthError("invalid_token", "KPN_TOKEN was rejected."));
      }
      const unknown = { scope: "", apiProducts: [], requestedAt: 0, expiresAt: Infinity };
      return Promise.resolve({ value, type: "Bearer", ...unknown });
    },
  };
}

/** Writes the parts of an answer that the options ask for. */
async function write(
  response: Response,
  { values: { include, head, output, fail } }: Parsed<typeof OPTIONS>,
  heard: () => void,
  io: Io,
): Promise<void> {
  const file = output === undefined || output === "-" ? undefined : await open(output, "w");
  const to = file
    ? async (chunk: string | Uint8Array) => void await file.writeFile(chunk)
    : io.stdout;
  const atTerminal = !file && io.terminal.stdout;
  try {
    if (include || head) await to([...headOf(response), "", ""].join("\r\n"));
    if (fail && response.status >= 400) await response.body?.cancel();
    else await writeBody(response, { write: to, atTerminal, heard }, io);
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
    void response.body?.cancel().catch(() => {}); // the reader, such as head, has ended
  } finally {
    await file?.close();
  }
}

/** Explains why a call failed; an error with a message of ours stays as it is. */
function explained(error: unknown, { url }: ApiCall): unknown {
  const { code, syscall } = Object(error) as { code?: string; syscall?: string };
  const isOurs = error instanceof KpnAuthError || Object(error).exitCode !== undefined;
  if (isOurs || isClosedPipe(error)) return error;
  if (
    /^(ENOSPC|EACCES|EISDIR|ENOENT|EROFS|EDQUOT|EIO|ENOTDIR)$/.test(`${code}`) &&
    syscall !== "connect"
  ) {
    return failure(EXIT.failed, `Cannot write the answer: ${(error as Error).message}`);
  }
  const { message, cause } = networkError(error, url.href, []);
  const words = message.replace("get a token", `call ${url.pathname}`);
  return Object.assign(failure(EXIT.network, words), { cause: cause ?? error });
}

/** Explains an answer that is not a success. */
async function verdict(
  { status, headers }: Response,
  fault: Awaited<ReturnType<typeof readFault>>,
  isGiven: boolean,
  io: Io,
): Promise<number> {
  if (status < 300) return EXIT.done;
  const what = fault
    ? `${[fault.code, fault.originalCode, fault.message].filter(Boolean).join(", ")}. ${fault.hint}`
    : `a redirect to ${headers.get("location")}, not followed.`;
  const next = isGiven && fault?.code === "invalid_token"
    ? " The token comes from KPN_TOKEN: set it to a new one (kpn-auth token), or unset it."
    : DOCTORS_FAULTS.test(fault?.code ?? "redirected")
    ? " To find the cause, run kpn-auth doctor PATH."
    : "";
  const line = `HTTP ${status}: ${what}${next}`.replace(/\p{Cc}+/gu, " ");
  await io.stderr(`${painter(io, "stderr")("red", "kpn-auth:")} ${line}\n`);
  return fault?.code === "rate_limited" ? EXIT.limited : EXIT.answer;
}

/** The faults about which the doctor can say more than the hint. */
const DOCTORS_FAULTS = /^(invalid_token|access_denied|invalid_response|redirected)$/;

/** Aborts when nothing has arrived for `ms`; an answer that keeps arriving may take any time. */
function stallTimer(ms: number, host: string) {
  const controller = new AbortController();
  const start = () =>
    setTimeout(() => {
      controller.abort(
        failure(EXIT.network, `Nothing arrived from ${host} for ${ms} ms (--timeout).`),
      );
    }, ms);
  let timer = start();
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer);
      timer = start();
    },
    stop: () => clearTimeout(timer),
  };
}
