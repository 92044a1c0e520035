/**
 * Verifies what KPN sends to a subscriber's URL: delivery reports of SMS, and inbound SMS.
 *
 * @module
 */

import { type RawWebhook, readBody, type WebhookHeaders } from "./webhook_body.ts";
import { refuse } from "./webhook_error.ts";

export type { ByteStream, RawWebhook, WebhookHeaders } from "./webhook_body.ts";
export { WebhookError, type WebhookErrorCode } from "./webhook_error.ts";

/** One secret; several of which any may have signed, for a rotation; or a `Map` of them by key id. */
export type WebhookSecrets = string | readonly string[] | ReadonlyMap<string, string>;

/** What is accepted. */
export interface VerifyWebhookOptions {
  /** How far the timestamp may be from now, before or after, in ms. Default: 600,000; `Infinity`: any. */
  readonly tolerance?: number | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** The longest body, in bytes. Default: 1,048,576. */
  readonly limit?: number | undefined;
}

/** A delivery that KPN signed. KPN signs the body alone: the other fields are as they came. */
export interface Webhook {
  /** The body, as it was received. */
  readonly body: Uint8Array;
  /** The body as text in UTF-8. */
  text(): string;
  /** The body as JSON. Throws a `SyntaxError` if it is none. */
  json(): unknown;
  /** Which key signed, such as `wk_2C6EDCDFDFD944F3A75D0D36`. Proven only where the secrets are a `Map`. */
  readonly keyId: string | undefined;
  /** Which attempt this is, from 1. */
  readonly attempt: number | undefined;
  /** When KPN says that it sent this: epoch ms. */
  readonly timestamp: number;
}

/**
 * Verifies that KPN signed a delivery: HMAC-SHA256 over the body's bytes as they were received,
 * in `x-kpn-webhook-signature` as 64 hexadecimal digits of either case. A prefix such as
 * `sha256=`, and a header that came more than once, are malformed.
 *
 * The body is read once: take it from the result. KPN signs the body alone, so that the timestamp
 * stops nobody who changes it: it refuses what is late, not what is replayed. KPN delivers
 * at least once: remember each `message_id`, and drop what you have already.
 *
 * @param request A `Request` that nobody has read, or `{ body, headers }` with the raw bytes.
 * @param secrets The secret of the key, 32 characters or more. For a rotation: both secrets, or
 * a `Map` of them by key id.
 * @param options What is accepted.
 * @returns The body, and what the headers say.
 * @throws {WebhookError} If the delivery is refused; its `code` says why.
 * @throws {TypeError} If a secret is not set or too short, or the body is not there in raw bytes.
 * @throws {RangeError} If an option is not a number from 0.
 *
 * @example
 * ```ts
 * import { verifyWebhook, WebhookError } from "kpn-auth/webhook";
 *
 * const secret = "0123456789abcdef0123456789abcdef"; // from your secret manager
 *
 * async function receive(request: Request): Promise<Response> {
 *   try {
 *     const webhook = await verifyWebhook(request, secret);
 *     console.log(webhook.json());
 *     return new Response();
 *   } catch (error) {
 *     if (!(error instanceof WebhookError)) throw error;
 *     return new Response(error.code, { status: 401 });
 *   }
 * }
 * const request = new Request("https://app.example/sms", { method: "POST", body: "{}" });
 * console.log(await (await receive(request)).text()); // missing_signature
 * ```
 */
export async function verifyWebhook(
  request: Request | RawWebhook,
  secrets: WebhookSecrets,
  { tolerance = 600_000, now = Date.now, limit = 1_048_576 }: VerifyWebhookOptions = {},
): Promise<Webhook> {
  checkNumber("tolerance", tolerance);
  checkNumber("limit", limit);
  const all: string[] = [...Object(secrets).values?.() ?? [secrets]];
  for (const secret of all.length ? all : [""]) checkSecret(secret);
  const header = kpnHeaders(request.headers);
  const digest = digestIn(header("signature"));
  const keyId = header("key-id");
  const ring = typeof secrets === "object" && "get" in secrets ? [secrets.get(keyId)] : all;
  if (!ring[0]) {
    refuse("unknown_key", `no secret is for key id ${JSON.stringify(keyId.slice(0, 99))}`);
  }

  const body = await readBody(request, limit, all);
  // All are tried: the time does not say which of them signed.
  const tried = await Promise.all(ring.map((secret) => signed(body, secret!, digest)));
  if (!tried.includes(true)) {
    refuse(
      "wrong_signature",
      "no secret gives its signature: another key signed, or the body was changed",
    );
  }
  const timestamp = Number(header("timestamp") || NaN) * 1_000;
  if (!(Math.abs(now() - timestamp) <= tolerance)) {
    refuse("stale", `its timestamp, ${timestamp} ms, is not within ${tolerance} ms of now`);
  }
  const text = () => new TextDecoder().decode(body);
  return {
    body,
    text,
    json: () => JSON.parse(text()),
    keyId: keyId || undefined,
    attempt: Number(header("attempt")) || undefined,
    timestamp,
  };
}

function checkNumber(option: string, value: unknown): void {
  if (typeof value === "number" && value >= 0) return;
  throw new RangeError(`Cannot use ${option} ${value}: it must be a number from 0`);
}

function checkSecret(secret: unknown): void {
  const fault = !secret
    ? "is not set: is the environment variable?"
    : typeof secret !== "string"
    ? `is of type ${typeof secret}, not string`
    : secret.length < 32
    ? `has ${secret.length} characters, and KPN's have 32 or more`
    : secret.trim() !== secret
    ? "begins or ends with white space: trim it"
    : "";
  if (fault) throw new TypeError(`Cannot use the webhook's secret: it ${fault}`);
}

/** Looks headers of KPN's up. One that came more than once is joined by commas, an absent one is empty. */
function kpnHeaders(headers: WebhookHeaders): (name: string) => string {
  const found: Record<string, string> = {};
  for (const [name, value] of Symbol.iterator in headers ? headers : Object.entries(headers)) {
    const key = name.toLowerCase();
    found[key] = `${key in found ? `${found[key]},` : ""}${value ?? ""}`;
  }
  return (name) => found[`x-kpn-webhook-${name}`] ?? "";
}

/** The bytes of a signature. */
function digestIn(signature: string): Uint8Array<ArrayBuffer> {
  if (!signature) refuse("missing_signature", "it has no x-kpn-webhook-signature");
  if (!/^[\da-f]{64}$/i.test(signature)) {
    refuse("malformed_signature", "its signature is not 64 hexadecimal digits, given once");
  }
  const digest = new Uint8Array(32);
  for (let at = 0; at < 32; at++) digest[at] = parseInt(signature.slice(2 * at, 2 * at + 2), 16);
  return digest;
}

const HMAC = { name: "HMAC", hash: "SHA-256" };

/** To import a key takes as long as to verify. No promise is kept: an edge runtime may orphan it. */
const keys = new Map<string, Parameters<typeof crypto.subtle.verify>[1]>();

/** Whether a secret gives this digest: WebCrypto compares all of it, in constant time. */
async function signed(
  body: Uint8Array,
  secret: string,
  digest: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { subtle } = crypto;
  let key = keys.get(secret);
  if (!key) {
    const bytes = new TextEncoder().encode(secret);
    key = await subtle.importKey("raw", bytes, HMAC, false, ["verify"]);
    if (keys.size > 99) keys.clear();
    keys.set(secret, key);
  }
  return await subtle.verify("HMAC", key, digest, body as BufferSource);
}
