/** The one error of this library, and the closed set of its codes. */

/** What an error answer means, whatever its HTTP status says (`kpn.md`: the status lies). */
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
 * between the ESM and the CommonJS copy of the package: tell it by `name` and `code`.
 *
 * @example
 * ```ts
 * import { KpnAuthError, requestToken } from "@kpn-auth/kpn-auth";
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

/** `text` without `secret`, as it is and as a form writes it. */
export function redact(text: string, secret: string): string {
  const form = `${new URLSearchParams({ "": secret })}`.slice(1);
  return secret ? text.split(secret).join("***").split(form).join("***") : text;
}

/** What was thrown, as a new error: its name, its code and its message without the secret. */
export function causeOf(thrown: unknown, secret = ""): Error & { code?: string } {
  const { name, code, message } = Object(thrown) as Error & { code?: unknown };
  const cause = new Error(redact(`${message}`, secret));
  return Object.assign(cause, { name: `${name}` }, typeof code === "string" && { code });
}
