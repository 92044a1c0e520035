/** The one error of this library, and the closed set of its codes. */

import { redact } from "./redact.ts";

/** What an error answer means, whatever its HTTP status says: that lies (`.github/KPN.md`). */
export type FaultCode =
  /** KPN does not know this client id and secret (RFC 6749 section 5.2). */
  | "invalid_client"
  /** Id and secret are right, but the project or its account is pending or revoked on the portal. */
  | "not_approved"
  /** The project's key has expired: it needs a new one, on the portal. */
  | "key_expired"
  /** The request is malformed or lacks a parameter (RFC 6749 section 5.2). */
  | "invalid_request"
  /** The access token was rejected or has expired (RFC 6750 section 3.1). */
  | "invalid_token"
  /** The project lacks the API product: a new token will not help. */
  | "not_entitled"
  /** A quota or a rate limit is used up. */
  | "rate_limited"
  /** Nothing answers at this URL, or the API does not know what was asked for; the hint says which. */
  | "not_found"
  /** Refused (401 or 403) for a reason that is none of the above, or for none that is given. */
  | "access_denied"
  /** A proxy between here and KPN refused (407, or 403 with a proxy's marks). */
  | "proxy_refused"
  /** The server failed, and nothing says that it is the request's fault. */
  | "server_error"
  /** Not an answer of KPN's: HTML, broken JSON, an empty body, a token that is no token. */
  | "invalid_response"
  /** A redirect, which a secret does not follow. */
  | "redirected";

/** Why no token could be had. Closed, so that a `switch` over it can be exhaustive. */
export type KpnAuthErrorCode =
  | FaultCode
  /** No answer: DNS, connection, TLS, or a connection lost half-way. */
  | "network_error"
  /** A deadline ran out; the message says in which phase. */
  | "timeout"
  /** The `clientSecret` function threw, or returned something that is no secret. */
  | "secret_unavailable";

/** The shape in which an error answer came; `unknown` for anything that is none of KPN's. */
export type Envelope =
  /** `{ "ErrorCode", "Error" }`, or RFC 6749's `{ "error", "error_description" }`. */
  | "oauth"
  /** Apigee's `{ "fault": { "faultstring", "detail": { "errorcode" } } }`, or the same as XML. */
  | "fault"
  /** KPN's own `{ "error": { "transactionId", "name", "message" } }`, nested or flat. */
  | "kpn"
  /** CAMARA's `{ "status", "code", "message" }`: SIM Swap and other network APIs. */
  | "camara"
  /** RFC 9457's `{ "type", "title", "status", "detail", "instance" }`: FIAM; Vonage's `{ "type", "error_title" }`. */
  | "problem"
  /** An API's own: `{ "error_code", "message" }`, `{ "notifications": [] }`, `{ "errorResponse": {} }`. */
  | "api"
  /** The `www-authenticate` header says it, and the body does not. */
  | "www-authenticate"
  | "unknown";

/** The facts that a {@linkcode KpnAuthError} carries beside its code and message. */
export interface KpnAuthErrorDetails {
  /** HTTP status of the answer, if there was one. */
  readonly status?: number;
  /** KPN's id of the failed request, which its support asks for. */
  readonly transactionId?: string;
  /** The shape in which the error came. */
  readonly envelope?: Envelope;
  /** How long to wait before another try, in ms (from `Retry-After`, or a cool-down). */
  readonly retryAfter?: number;
  /** Whether the same call can succeed later without a change on this side. */
  readonly retryable?: boolean;
  /** What lies below: name, code and message of the original error, without secrets. */
  readonly cause?: Error;
}

/**
 * No token could be had. `code` says why and the message what to do next.
 *
 * It never holds a request, a body, a secret or a token. `instanceof` fails
 * between the ESM and the CommonJS copy of the package, {@linkcode isKpnAuthError} does not.
 *
 * @example
 * ```ts
 * import { KpnAuthError, requestToken } from "kpn-auth";
 *
 * try {
 *   await requestToken({
 *     clientId: "APP_CLIENT_ID",
 *     clientSecret: "APP_CLIENT_SECRET",
 *     fetch: () => Promise.resolve(new Response("<html>", { status: 502 })),
 *     retries: 0,
 *   });
 * } catch (error) {
 *   if (error instanceof KpnAuthError && error.code === "server_error") {
 *     console.error(error.message, error.status, error.retryable); // … 502 true
 *   }
 * }
 * ```
 */
export class KpnAuthError extends Error {
  /** Why no token could be had. */
  declare readonly code: KpnAuthErrorCode;
  /** HTTP status of the answer, if there was one. */
  declare readonly status?: number;
  /** KPN's id of the failed request, which its support asks for. */
  declare readonly transactionId?: string;
  /** The shape in which the error came. */
  declare readonly envelope?: Envelope;
  /** How long to wait before another try, in ms. */
  declare readonly retryAfter?: number;
  /** Whether the same call can succeed later without a change on this side. */
  declare readonly retryable: boolean;

  /** Makes the error from its code, its message and what else is known. */
  constructor(code: KpnAuthErrorCode, message: string, details: KpnAuthErrorDetails = {}) {
    super(message, details);
    Object.assign(this, {
      code,
      retryable: /^(rate|server|network|timeout)/.test(code),
      ...details,
    });
  }

  /** Always `"KpnAuthError"`, also after minification. */
  override get name(): string {
    return "KpnAuthError";
  }
}

/**
 * Whether a value is a {@linkcode KpnAuthError}, of whichever copy of this package: `instanceof`
 * fails between the ESM and the CommonJS one.
 *
 * @param value Anything, such as what a `catch` was given.
 * @returns Whether its `name` is `"KpnAuthError"` and its `code` a string.
 *
 * @example
 * ```ts
 * import { isKpnAuthError, KpnAuthError } from "kpn-auth";
 *
 * console.log(isKpnAuthError(new KpnAuthError("timeout", "Too late."))); // true
 * console.log(isKpnAuthError(new Error("KpnAuthError"))); // false
 * ```
 */
export function isKpnAuthError(value: unknown): value is KpnAuthError {
  const { name, code } = wordsOf(value);
  return name === "KpnAuthError" && code !== "";
}

/** What was thrown, whatever it is, as a new error that is fit to be shown. */
export function causeOf(
  thrown: unknown,
  secrets: readonly string[] = [],
): Error & { code?: string } {
  const { name, code, message } = wordsOf(thrown);
  return Object.assign(new Error(redact(message, secrets)), {
    name: redact(name, secrets),
    ...code && { code: redact(code, secrets) },
  });
}

/** What can be read of what was thrown: it may be no error, and its getters may throw. */
interface Words {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** The errors that lie below it. */
  readonly below: readonly unknown[];
}

/** Reads what was thrown; a text or a number is its own message. */
export function wordsOf(thrown: unknown): Words {
  try {
    const { name, code, message, cause, errors } = Object(thrown);
    return {
      name: `${name ?? "Error"}`,
      code: typeof code === "string" ? code : "",
      message: `${message || thrown}`,
      below: [cause].concat(errors).filter((link) => link !== undefined),
    };
  } catch {
    return { name: "Error", code: "", message: typeof thrown, below: [] };
  }
}
