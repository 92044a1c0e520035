/** What the command line needs from a process, and how it writes to a terminal. */

/** Everything that the command line uses of a process; `bin.ts` provides the real one. */
export interface Io {
  /** An environment variable. */
  readonly env: (name: string) => string | undefined;
  /** `process.platform`: `"win32"` gets commands for its shells. */
  readonly platform: string;
  /** The runtime: each treats proxies and certificates in its own way. */
  readonly runtime: { readonly name: "deno" | "node" | "bun"; readonly version: string };
  /** The path of the program, `src/cli/bin` or a link to it. */
  readonly program?: string | undefined;
  /** Which streams are a terminal. */
  readonly terminal: {
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  };
  /** Sends requests. */
  readonly fetch: typeof globalThis.fetch;
  /** Standard input. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Asks for a line at the terminal that is not shown while it is typed. */
  readonly typed: (prompt: string) => Promise<string>;
  /** Writes to standard output; settles when it is written. */
  readonly stdout: (chunk: string | Uint8Array) => Promise<void>;
  /** Writes to standard error; settles when it is written. */
  readonly stderr: (text: string) => Promise<void>;
  /** The name of the program that started this one, if it is known: the shell, on Windows. */
  readonly parent?: () => Promise<string | undefined>;
  /**
   * Runs a program with the same streams and more variables (`undefined` removes one), and forwards
   * signals to it. Settles with its exit code, or with 128 plus the number of the signal that ended it.
   */
  readonly runProgram?: (
    command: readonly string[],
    variables: Readonly<Record<string, string | undefined>>,
  ) => Promise<number>;
  /** Settles when the user presses Ctrl-C, or the process gets SIGTERM. */
  readonly interrupted: () => Promise<void>;
}

/** A variable that is not required: it counts as unset if Deno has no permission to read it. */
export function optional(io: Io, name: string): string | undefined {
  try {
    return io.env(name) || undefined;
  } catch {
    return undefined;
  }
}

/** The ANSI numbers of the colours in use. */
const COLOURS = { red: 31, green: 32, yellow: 33, blue: 34, cyan: 36, grey: 90 } as const;

/** Colours a text if the stream is a terminal and `NO_COLOR` (no-color.org) is not set. */
export function painter(
  io: Io,
  stream: "stdout" | "stderr",
): (colour: keyof typeof COLOURS, text: string) => string {
  const coloured = io.terminal[stream] && !optional(io, "NO_COLOR");
  return (colour, text) => coloured ? `\x1b[${COLOURS[colour]}m${text}\x1b[39m` : text;
}

/** How long work may take before the progress line appears, in ms. */
const PATIENCE = 1_000;

/** Shows a progress line on a terminal if `work` takes long, and removes it afterwards. */
export async function withProgress<T>(io: Io, doing: string, work: Promise<T>): Promise<T> {
  if (!io.terminal.stderr) return await work;
  let shown: Promise<void> | undefined;
  const timer = setTimeout(() => shown = io.stderr(`kpn-auth: ${doing} …`), PATIENCE);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (shown) {
      await shown;
      await io.stderr("\r\x1b[K");
    }
  }
}

/** All of standard input, as bytes. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<ArrayBuffer> {
  const parts: BlobPart[] = [];
  for await (const chunk of chunks) parts.push(chunk as Uint8Array<ArrayBuffer>);
  return await new Blob(parts).arrayBuffer();
}
