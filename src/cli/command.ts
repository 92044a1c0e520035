/** The shape of a command. */

import type { Io } from "./io.ts";
import { helpOf, type Options, type Parsed } from "./options.ts";

/** A command of `kpn-auth`. */
export interface Command<T extends Options = Options> {
  /** Its line in `kpn-auth --help`. */
  readonly summary: string;
  /** Its arguments as the help shows them, such as `PATH|URL`; separated by spaces if there are several. */
  readonly takes?: string;
  /** Whether it runs the program that follows `--`. */
  readonly runs?: true;
  /** The help above the options. */
  readonly help: string;
  readonly options: T;
  /** Executes the command, and returns the exit code. */
  run(parsed: Parsed<T>, io: Io): Promise<number>;
}

/** Defines a command; its `run` is typed by its own options. */
export function command<const T extends Options>(definition: Command<T>): Command {
  return definition as unknown as Command;
}

/** The output of `kpn-auth NAME --help`. */
export function helpText({ help, options }: Command): string {
  return `${help}\n${helpOf(options)}\n`;
}
