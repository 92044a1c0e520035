/** What a command is. */

import type { Io } from "./io.ts";
import { helpOf, type Options, type Parsed } from "./options.ts";

/** A command of `kpn-auth`. */
export interface Command<T extends Options = Options> {
  /** A line of `kpn-auth --help`. */
  readonly summary: string;
  /** What it takes beside its options, as the help shows it: `PATH|URL`. A place each, between spaces. */
  readonly takes?: string;
  /** It runs the program that follows `--`. */
  readonly runs?: true;
  /** The help above the options. */
  readonly help: string;
  readonly options: T;
  /** Does it, and gives the exit code. */
  run(parsed: Parsed<T>, io: Io): Promise<number>;
}

/** A command, its `run` typed by its own options. */
export function command<const T extends Options>(definition: Command<T>): Command {
  return definition as unknown as Command;
}

/** All that `kpn-auth NAME --help` prints. */
export function helpText({ help, options }: Command): string {
  return `${help}\n${helpOf(options)}\n`;
}
