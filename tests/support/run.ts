/** Programs that tests run: to their end, or until they serve. */

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to the tests' own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Leaves `env` alone for the program. Default: `false`. */
  readonly clearEnv?: boolean;
  /** A program that hangs is killed after so many ms. Default: five minutes. */
  readonly longest?: number;
}

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with no standard input. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  { longest = 5 * 60_000, ...options }: RunOptions = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    signal: AbortSignal.timeout(longest),
    ...options,
  }).output();
  const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
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
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).spawn();
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
