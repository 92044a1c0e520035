/** A command's options as a table, for parsing, help, completion and suggestions. */

import { EXIT, failure } from "./exit.ts";
import { nearest } from "../mock/nearest.ts";

/** One option. */
export interface Option {
  /** Its letter. */
  readonly short?: string;
  /** The placeholder for its value in the help. An option without one is a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly multiple?: true;
  /** The only accepted values. */
  readonly oneOf?: readonly string[];
  /** What it does, in lines of the help; empty for an old name, which the help does not show. */
  readonly help: string;
}

/** Options by their long names. */
export type Options = Readonly<Record<string, Option>>;

/** The values of the options on a command line. */
export type Values<T extends Options> = {
  readonly [Name in keyof T]?: T[Name] extends { multiple: true } ? readonly string[]
    : T[Name] extends { value: string } ? string
    : boolean;
};

/** A parsed command line. */
export interface Parsed<T extends Options> {
  readonly values: Values<T>;
  /** The names and values in their order on the command line. */
  readonly given: readonly (readonly [name: string, value: string])[];
  readonly positionals: readonly string[];
  /** The command line after `--`, for a command that runs another program. */
  readonly program: readonly string[];
}

/** An option that every command has. */
const HELP = { short: "h", help: "show this text" } as const satisfies Option;

const SECRET_OPTION = /^--?(client[-_]?(id|secret)|secret|password|token|user|u)$/;

/**
 * Parses a command line. Refuses options that are not in the table; messages never quote a value.
 * `--` is followed by arguments, or by the command line of another program if the command `runs` one.
 */
export function parse<const T extends Options>(
  args: readonly string[],
  table: T,
  runs = false,
): Parsed<T> {
  const options: Options = { ...table, help: HELP };
  const values: Record<string, string | boolean | string[]> = {};
  const given: [string, string][] = [];
  const positionals: string[] = [];
  const program: string[] = [];
  const rest = [...args];

  function take(name: string, value: string | undefined): void {
    const { value: placeholder, multiple, oneOf } = options[name]!;
    if (placeholder === undefined) {
      if (value !== undefined) throw failure(EXIT.usage, `--${name} takes no value.`);
      values[name] = true;
      return;
    }
    const text = value ?? rest.shift();
    if (text === undefined) throw failure(EXIT.usage, `--${name} needs a value: ${placeholder}.`);
    if (oneOf && !oneOf.includes(text)) {
      throw failure(EXIT.usage, `--${name} must be one of ${oneOf.join(", ")}.`);
    }
    given.push([name, text]);
    values[name] = multiple ? [...(values[name] as string[] ?? []), text] : text;
  }

  while (rest.length && !values["help"]) {
    const arg = rest.shift()!;
    if (arg === "--") {
      if (runs && !rest.length) throw failure(EXIT.usage, "A command is missing after --.");
      (runs ? program : positionals).push(...rest.splice(0));
    } else if (arg.startsWith("--")) {
      const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg)!;
      if (!Object.keys(options).includes(name)) throw unknownOption(`--${name}`, options);
      take(name, value);
    } else if (/^-./.test(arg)) {
      // Letters may be combined: -sf, -XPOST.
      for (let at = 1; at < arg.length; at++) {
        const name = nameOf(arg[at]!, options);
        const takesValue = options[name]!.value !== undefined;
        take(name, takesValue && at + 1 < arg.length ? arg.slice(at + 1) : undefined);
        if (takesValue) break;
      }
    } else positionals.push(arg);
  }
  return { values: values as Values<T>, given, positionals, program };
}

function nameOf(letter: string, options: Options): string {
  const found = Object.entries(options).find(([, { short }]) => short === letter);
  if (!found) throw unknownOption(`-${letter}`, options);
  return found[0];
}

function unknownOption(option: string, options: Options): Error {
  if (SECRET_OPTION.test(option)) {
    return failure(
      EXIT.usage,
      "Credentials cannot be arguments: every user of this machine can see them in the process " +
        "list, and the shell keeps them in its history. Set KPN_CLIENT_ID and KPN_CLIENT_SECRET, " +
        "or use --credentials or --secret-stdin.",
    );
  }
  if (!/^--?[A-Za-z][a-z-]{0,24}$/.test(option)) return failure(EXIT.usage, "Unknown option.");
  const name = nearest(option.replace(/^--?/, ""), shown(options).map(([name]) => name));
  return failure(EXIT.usage, `Unknown option ${option}.${name ? ` Did you mean --${name}?` : ""}`);
}

/** The options that the help shows. */
export function shown(options: Options): [name: string, option: Option][] {
  return Object.entries({ ...options, help: HELP }).filter(([, { help }]) => help);
}

/** The lines of the help about the options. */
export function helpOf(options: Options): string {
  return shown(options).map(([name, { short, value, help }]) => {
    const long = `--${name}${value ? ` ${value}` : ""}`;
    const [first, ...more] = help.split("\n");
    const left = `  ${short ? `-${short},` : "   "} ${long}`;
    const gap = left.length < COLUMN ? left.padEnd(COLUMN) : `${left}  `;
    return [gap + first, ...more.map((line) => " ".repeat(COLUMN) + line)].join("\n");
  }).join("\n");
}

/** The second column of the help. */
const COLUMN = 29;
