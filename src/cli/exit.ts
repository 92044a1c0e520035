/** The exit codes: one for each kind of failure. */

import { KpnAuthError, type KpnAuthErrorCode } from "../errors.ts";

/** The exit codes; `main.ts` lists them in `--help`. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  credentials: 3,
  network: 4,
  gateway: 5,
  limited: 6,
  answer: 7,
  /** The same codes as in shells. */
  noPermission: 126,
  noProgram: 127,
} as const;

/** The exit codes if no token was obtained; for all other codes {@linkcode EXIT.gateway}. */
const EXIT_BY_CODE: Readonly<Partial<Record<string, number>>> = {
  invalid_client: EXIT.credentials,
  not_approved: EXIT.credentials,
  key_expired: EXIT.credentials,
  secret_unavailable: EXIT.credentials,
  network_error: EXIT.network,
  proxy_refused: EXIT.network,
  timeout: EXIT.network,
  rate_limited: EXIT.limited,
};

/** The exit code of a failed token request. */
export function exitCodeFor(code: KpnAuthErrorCode): number {
  return EXIT_BY_CODE[code] ?? EXIT.gateway;
}

/** An error that ends the command line with its own exit code. */
export interface Failure extends Error {
  readonly exitCode: number;
}

/** Makes an error that ends the command line with an exit code. */
export function failure(exitCode: number, message: string): Failure {
  return Object.assign(new Error(message), { exitCode });
}

/** How an error ends the command line. */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
}

/** Whether the reader of our output has ended, as in `kpn-auth call … | head -1`. */
export function isClosedPipe(error: unknown): boolean {
  return /^(EPIPE|ERR_STREAM_DESTROYED)$/.test(`${Object(error).code}`) ||
    Object(error).name === "BrokenPipe";
}

/** The exit code and the message for an error. */
export function endingOf(error: unknown): Ending {
  const { message, exitCode } = Object(error) as Failure;
  const permission = missingPermission(error);
  if (permission) return { exitCode: EXIT.usage, message: permission };
  if (exitCode !== undefined) return { exitCode, message };
  if (error instanceof KpnAuthError) return { exitCode: exitCodeFor(error.code), message };
  // A mistake in an option: the library's message, with the command line's name of the option.
  if (error instanceof TypeError || error instanceof RangeError) {
    return {
      exitCode: EXIT.usage,
      message: message.replace(/allowInsecureHttp(: true)?/, "--allow-insecure-http"),
    };
  }
  return { exitCode: EXIT.failed, message };
}

/** Finds the permission that Deno's own error names; it may be a deep cause. */
function missingPermission(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name !== "NotCapable") continue;
    const [, kind = "", what] = /^Requires (\w+) access(?: to "?([^"]*?)"?)?, run again/.exec(
      at.message,
    ) ?? [];
    if (kind) return `Deno needs a permission: --allow-${kind}${what ? `=${what}` : ""}.`;
    return `Deno needs a permission. ${at.message}`;
  }
}
