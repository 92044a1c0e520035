/** Programs that tests run: to their end, until they serve, or with their streams in the test's hands. */

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to the tests' own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Leaves `env` alone for the program. Default: `false`. */
  readonly clearEnv?: boolean;
  /** A program that hangs is killed after so many ms. Default: five minutes, an hour for one that serves. */
  readonly longest?: number;
}

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program whose streams are the test's to write, read and close. */
export function spawn(
  program: string,
  args: readonly string[],
  { longest = 5 * 60_000, ...options }: RunOptions = {},
): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(longest),
    ...options,
  }).spawn();
}

/** Runs a program to its end; its standard input is `input`, or empty. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  { input = "", ...options }: RunOptions & { readonly input?: string | Uint8Array } = {},
): Promise<Ended> {
  const child = spawn(program, args, options);
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const writer = child.stdin.getWriter();
  // A program that does not read its input may be over before it is written.
  if (bytes.length) await writer.write(bytes).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const [out = "", err = ""] = [stdout, stderr].map((output) => new TextDecoder().decode(output));
  return { code, stdout: out, stderr: err };
}

/** The standard output of a program; throws all that it said if it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(program, args, options);
  if (code !== 0) {
    throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
  }
  return stdout;
}

/** A program that runs until it is disposed of. */
export interface Running extends AsyncDisposable {
  /** What said that it is ready. */
  readonly ready: RegExpExecArray;
  /** All that it printed so far, on both streams. */
  printed(): string;
  /** Kills it, and waits for its end. */
  kill(signal?: Deno.Signal): Promise<void>;
}

/** Starts a program, and waits until what it prints matches `ready`; throws if it ends before that. */
export async function start(
  program: string,
  args: readonly string[],
  ready: RegExp,
  options: RunOptions = {},
): Promise<Running> {
  const child = spawn(program, args, { longest: 60 * 60_000, ...options });
  await child.stdin.close();
  let printed = "";
  const matched = Promise.withResolvers<RegExpExecArray>();
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      printed += text;
      const match = ready.exec(printed);
      if (match) matched.resolve(match);
    }
  });
  let over = false;
  const status = child.status.finally(() => over = true);
  const ended = Promise.all([status, ...reading]);
  ended.then(() => matched.reject(new Error(`${program} ended early: ${printed}`)));
  const kill = async (signal: Deno.Signal = "SIGKILL") => {
    if (!over) child.kill(signal);
    await ended;
  };
  return {
    ready: await matched.promise,
    printed: () => printed,
    kill,
    [Symbol.asyncDispose]: () => kill(),
  };
}
