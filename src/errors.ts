/** The library's one error class, and the closed set of its codes. */

import { redact } from "./redact.ts";

/** What an error answer means. It may differ from the HTTP status, which KPN often sets wrongly (`.github/KPN.md`). */
export type FaultCode =
  /** KPN does not know this client id and secret (RFC 6749 section 5.2). */
  | "invalid_client"
  /** Id and secret are right, but the project or its account is pending or revoked on the portal. */
  | "not_approved"
  /** The project's key has expired: create a new one on the portal. */
  | "key_expired"
  /** The request is malformed or lacks a parameter (RFC 6749 section 5.2). */
  | "invalid_request"
  /** The access token was rejected or has expired (RFC 6750 section 3.1). */
  | "invalid_token"
  /** The project lacks the API product: a new token will not help. */
  | "not_entitled"
  /** A quota or a rate limit is used up. */
  | "rate_limited"
  /** Nothing is at this URL, or the API does not know a value such as the phone number; the hint says which. */
  | "not_found"
  /** Refused (401 or 403) for another reason, or without a reason. */
  | "access_denied"
  /** A proxy between here and KPN refused (407, or 403 with a proxy's marks). */
  | "proxy_refused"
  /** The server failed (5xx), and the answer does not blame the request. */
  | "server_error"
  /** Not an answer from KPN: HTML, broken JSON, an empty body, or a malformed token. */
  | "invalid_response"
  /** A redirect. It is not followed, since that would send the secret elsewhere. */
  | "redirected";

/** Why no token could be obtained. The set is closed: a `switch` over it can be exhaustive. */
export type KpnAuthErrorCode =
  | FaultCode
  /** No answer: DNS, connection, TLS, or a connection lost half-way. */
  | "network_error"
  /** A deadline passed; the message says in which phase. */
  | "timeout"
  /** The `clientId` or `clientSecret` function threw, or returned an unusable value. */
  | "secret_unavailable";

/** The shape of an error answer; `unknown` if it is none of KPN's. */
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
  /** A single API's shape: `{ "error_code", "message" }`, `{ "notifications": [] }`, `{ "errorResponse": {} }`. */
  | "api"
  /** Only the `www-authenticate` header names the error, not the body. */
  | "www-authenticate"
  | "unknown";

/** What a {@linkcode KpnAuthError} holds besides its code and message. */
export interface KpnAuthErrorDetails {
  /** HTTP status of the answer, if there was one. */
  readonly status?: number;
  /** KPN's id of the failed request, which its support asks for. */
  readonly transactionId?: string;
  /** The shape of the error answer. */
  readonly envelope?: Envelope;
  /** How long to wait before the next try, in ms (from `Retry-After`, or a cool-down). */
  readonly retryAfter?: number;
  /** Whether the same call can succeed later without a change on your side. Default: depends on the code. */
  readonly retryable?: boolean;
  /** The original error's name, code and message, without secrets. */
  readonly cause?: Error;
}

/**
 * No token could be obtained. `code` says why, and the message says what to do next.
 *
 * The error never holds a request, a body, a secret or a token. `instanceof` fails between
 * the ESM and the CommonJS copy of the package; {@linkcode isKpnAuthError} works between them.
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
  /** Why no token could be obtained. */
  declare readonly code: KpnAuthErrorCode;
  /** HTTP status of the answer, if there was one. */
  declare readonly status?: number;
  /** KPN's id of the failed request, which its support asks for. */
  declare readonly transactionId?: string;
  /** The shape of the error answer. */
  declare readonly envelope?: Envelope;
  /** How long to wait before the next try, in ms. */
  declare readonly retryAfter?: number;
  /** Whether the same call can succeed later without a change on your side. */
  declare readonly retryable: boolean;

  /**
   * Makes the error.
   *
   * @param code Why no token could be obtained.
   * @param message What is wrong, and what to do next.
   * @param details What else is known. Default: nothing.
   */
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
 * Whether a value is a {@linkcode KpnAuthError}. Works across copies of this package, where
 * `instanceof` fails: an ESM and a CommonJS one in the same program.
 *
 * @param value Any value, such as the one in a `catch`.
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

/** Any thrown value as a new error without secrets, safe to show. */
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

/** What can be read from a thrown value, which need not be an error, and whose getters may throw. */
interface Words {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** Its causes: `cause`, and the `errors` of a group. */
  readonly below: readonly unknown[];
}

/** Reads a thrown value; a string or a number is its own message. */
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
