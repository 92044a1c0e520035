/** How a command takes secrets from the environment without showing them to other users (B30). */

import { refuse, type Shell, SHELLS } from "./quoting.ts";

/** Who takes a secret from the environment: the shell, or curl itself (8.3 and later). */
export type Expand = "shell" | "curl";

/** The fields of a form, decoded. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** How one secret gets into a request. */
export interface Carried {
  /** The arguments of curl. */
  readonly args: readonly string[];
  /** What curl then reads from standard input, in the shell's words. */
  readonly input?: string;
}

/** A way to hand secrets to curl. */
export interface Carrier {
  /** Sends a form, its credentials from the environment. */
  readonly form: (fields: Fields) => Carried;
  /** Sends a bearer token from the environment. */
  readonly bearer: Carried;
  /** The command with its input. */
  readonly pipe: (input: string, command: string) => string;
}

/** The fields that come from the environment, and their variables. */
const VARIABLES: Readonly<Record<string, string>> = {
  client_id: "KPN_CLIENT_ID",
  client_secret: "KPN_CLIENT_SECRET",
};

/** The way of a shell, or of curl in that shell. */
export function carrierFor(shell: Shell, expand?: Expand): Carrier {
  if (shell === "cmd" || shell === "batch") {
    if (expand === "shell") refuse(`${shell} breaks a value that has quotes or ampersands`);
    return byCurl(shell);
  }
  return expand === "curl" ? byCurl(shell) : shell === "posix" ? POSIX : POWERSHELL;
}

/**
 * By standard input, since arguments are in the list of processes. A here-document, since `printf`
 * is a program, with arguments, in mksh; its line end is no part of the secret.
 */
const POSIX: Carrier = {
  form: (fields) => ({
    args: fields.map(([name, value]) => {
      if (name === "client_secret") return `--data-urlencode ${name}@-`;
      if (name === "client_id") return `--data-urlencode "${name}=$${VARIABLES[name]}"`;
      return `-d ${SHELLS.posix.quote(encode(name, value))}`;
    }),
    input: "$KPN_CLIENT_SECRET",
  }),
  bearer: { args: ["-H @-"], input: "authorization: Bearer $KPN_TOKEN" },
  pipe: (input, command) => `tr -d '\\n' <<EOF | ${command}\n${input}\nEOF`,
};

/** Encoded by .NET, since PowerShell mangles quotes; `-d @-` drops the line end that the pipe adds. */
const POWERSHELL: Carrier = {
  form: (fields) => ({
    args: ["-d '@-'"],
    input: `"${fill(fields, (variable) => `$([uri]::EscapeDataString($env:${variable}))`)}"`,
  }),
  bearer: { args: ["-H '@-'"], input: '"authorization: Bearer $env:KPN_TOKEN"' },
  pipe: (input, command) => `${input} | ${command}`,
};

/** curl reads and encodes the variables itself, the same in every shell. */
function byCurl(shell: Shell): Carrier {
  const { quote } = SHELLS[shell];
  const variable = (name: string) => `--variable ${quote(`%${name}`)}`;
  return {
    form: (fields) => ({
      args: [
        ...fields.flatMap(([name]) => VARIABLES[name] ? [variable(VARIABLES[name])] : []),
        `--expand-data ${quote(fill(fields, (name) => `{{${name}:url}}`))}`,
      ],
    }),
    bearer: {
      args: [
        variable("KPN_TOKEN"),
        `--expand-header ${quote("authorization: Bearer {{KPN_TOKEN}}")}`,
      ],
    },
    pipe: (_input, command) => command,
  };
}

/** The form's text, with an expression for each variable. */
function fill(fields: Fields, expression: (variable: string) => string): string {
  return fields.map(([name, value]) => {
    const variable = VARIABLES[name];
    return variable ? `${name}=${expression(variable)}` : encode(name, value);
  }).join("&");
}

function encode(name: string, value: string): string {
  return new URLSearchParams([[name, value]]).toString();
}
