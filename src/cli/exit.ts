/** How the command line ends: an exit code for each kind of failure. */

import type { KpnAuthErrorCode } from "../errors.ts";

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
} as const;

/** Where no token could be had. */
export const EXIT_BY_CODE: Readonly<Record<KpnAuthErrorCode, number>> = {
  invalid_client: EXIT.credentials,
  not_approved: EXIT.credentials,
  key_expired: EXIT.credentials,
  secret_unavailable: EXIT.credentials,
  network_error: EXIT.network,
  timeout: EXIT.network,
  proxy_refused: EXIT.network,
  rate_limited: EXIT.limited,
  invalid_request: EXIT.gateway,
  invalid_token: EXIT.gateway,
  not_entitled: EXIT.gateway,
  not_found: EXIT.gateway,
  access_denied: EXIT.gateway,
  server_error: EXIT.gateway,
  invalid_response: EXIT.gateway,
  redirected: EXIT.gateway,
};

/** An error that ends the command line with an exit code of its own. */
export interface Failure extends Error {
  readonly exitCode: number;
}

/** Makes the error that ends the command line so. */
export function failure(exitCode: number, message: string): Failure {
  return Object.assign(new Error(message), { exitCode });
}
