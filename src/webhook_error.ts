/** Why a delivery is refused. */

/** Why a delivery was refused. Closed, so that a `switch` over it can be exhaustive. */
export type WebhookErrorCode =
  /** There is no `x-kpn-webhook-signature`, or it is empty. */
  | "missing_signature"
  /** The signature is not 64 hexadecimal digits: a prefix, a repeated header, another digest. */
  | "malformed_signature"
  /** None of the secrets gives this signature for these bytes. */
  | "wrong_signature"
  /** The secrets are a `Map`, and it has none for `x-kpn-webhook-key-id`. */
  | "unknown_key"
  /** The signature is right, but `x-kpn-webhook-timestamp` is absent, no number, or too far from now. */
  | "stale"
  /** The body is longer than `limit`. */
  | "too_large"
  /** The body broke off, or the request's signal aborted. */
  | "aborted";

/**
 * A delivery was refused: `code` says why, and the message what to do next. It never holds a
 * secret, a signature or the body. Between the ESM and the CommonJS copy of the package
 * `instanceof` fails: look at `name` and `code`.
 */
export class WebhookError extends Error {
  /** Why the delivery was refused. */
  readonly code: WebhookErrorCode;

  /** Makes the error from its code and its message. */
  constructor(code: WebhookErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** Always `"WebhookError"`, also after minification. */
  override get name(): string {
    return "WebhookError";
  }
}

/** Refuses a delivery. */
export function refuse(code: WebhookErrorCode, why: string): never {
  throw new WebhookError(code, `Webhook refused: ${why}`);
}
