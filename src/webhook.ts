/**
 * Verifies the webhooks that KPN sends to a subscriber's URL: SMS delivery reports and inbound SMS.
 * @module
 */

/** One secret; or several, any of which may have signed (for a rotation); or a `Map` of secrets by key id. */
export type WebhookSecrets = string | readonly string[] | ReadonlyMap<string, string>;

/** Options of {@linkcode verifyWebhook}. */
export interface VerifyWebhookOptions {
  /** How far the timestamp may be from now, before or after, in ms. Default: 600,000; `Infinity` accepts any. */
  readonly tolerance?: number | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** The longest accepted body, in bytes. Default: 1,048,576. */
  readonly limit?: number | undefined;
}

/** A delivery that KPN signed. KPN signs only the body: anybody could have changed the other fields. */
export interface Webhook {
  /** The body, byte for byte as received. */
  readonly body: Uint8Array;
  /** The body as text in UTF-8. */
  text(): string;
  /** The body parsed as JSON. Throws a `SyntaxError` if it is not JSON. */
  json(): unknown;
  /** The id of the key that signed, such as `wk_2C6EDCDFDFD944F3A75D0D36`. Proven only if the secrets are a `Map`. */
  readonly keyId: string | undefined;
  /** The number of this attempt, from 1. */
  readonly attempt: number | undefined;
  /** When KPN sent this, according to its header: epoch ms. */
  readonly timestamp: number;
}

/** A delivery for servers without `Request`, such as Node's and Express's. */
export interface RawWebhook {
  /** The headers as received. */
  readonly headers: WebhookHeaders;
  /** The bytes as received, before any parser; or a stream of them (`Readable.toWeb(request)`). */
  readonly body: Uint8Array | ByteStream | null;
}

/** `Headers`, or a record such as Node's `request.headers`; names in any case. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The part of a `ReadableStream` that is used here. */
export interface ByteStream {
  /** Locks the stream to a new reader. */
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(): Promise<unknown>;
  };
}

/** Why a delivery was refused. The set is closed: a `switch` over it can be exhaustive. */
export type WebhookErrorCode =
  /** There is no `x-kpn-webhook-signature`, or it is empty. */
  | "missing_signature"
  /** The signature is not 64 hexadecimal digits: a prefix, a repeated header, another digest. */
  | "malformed_signature"
  /** None of the secrets gives this signature for these bytes. */
  | "wrong_signature"
  /** The secrets are a `Map` that has none for `x-kpn-webhook-key-id`. */
  | "unknown_key"
  /** The signature is correct, but `x-kpn-webhook-timestamp` is missing, not a number, or too far from now. */
  | "stale"
  /** The body is longer than `limit`. */
  | "too_large"
  /** The body broke off, or the request's signal aborted. */
  | "aborted";

/**
 * A delivery was refused: `code` and the message say why. The error never holds a secret, a
 * signature or the body. `instanceof` fails between the ESM and the CommonJS copy of the package:
 * check `name` and `code` instead.
 */
export class WebhookError extends Error {
  /** Why the delivery was refused. */
  readonly code: WebhookErrorCode;

  /**
   * Makes the error.
   *
   * @param code Why the delivery was refused.
   * @param message The same, in words.
   */
  constructor(code: WebhookErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** Always `"WebhookError"`, also after minification. */
  override get name(): string {
    return "WebhookError";
  }
}

/**
 * Verifies that KPN signed a delivery: HMAC-SHA256 over the bytes of the body as received, in
 * `x-kpn-webhook-signature` as 64 hexadecimal digits in either case (`.github/KPN.md`). A prefix such
 * as `sha256=`, or a repeated header, makes it malformed.
 *
 * The body is read once: take it from the result. KPN signs only the body, so an attacker can change
 * the timestamp: it protects against late deliveries, not against replayed ones. KPN delivers at least
 * once: remember each `message_id`, and ignore a delivery that you already have.
 *
 * @param request A `Request` whose body nobody has read, or `{ body, headers }` with the raw bytes.
 * @param secrets The secret of the key, 32 characters or more. For a rotation: both secrets, or
 * a `Map` of secrets by key id.
 * @param options What is accepted. Default: 10 minutes and 1 MiB.
 * @returns The body, and what the headers say.
 * @throws {WebhookError} If the delivery is refused; its `code` says why.
 * @throws {TypeError} If a secret is missing or too short, or the raw body is not available.
 * @throws {RangeError} If `tolerance` or `limit` is negative or not a number.
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
  if (![tolerance, limit].every((bound) => typeof bound === "number" && bound >= 0)) {
    throw new RangeError(`Cannot verify a webhook: tolerance ${tolerance}, limit ${limit}`);
  }
  const header = (name: string) => valueOf(`x-kpn-webhook-${name}`, request.headers);
  const signature = header("signature");
  if (!signature) refuse("missing_signature", "it has no x-kpn-webhook-signature");
  if (!/^[\da-f]{64}$/i.test(signature)) {
    refuse("malformed_signature", "its signature is not 64 hexadecimal digits, given once");
  }
  const keyId = header("key-id") || undefined;
  const byKeyId = isA("Map", secrets) ? secrets as ReadonlyMap<unknown, string> : undefined;
  if (byKeyId && !byKeyId.has(keyId)) {
    refuse("unknown_key", `its key id, ${JSON.stringify(keyId)}, has no secret`);
  }
  const body = await readBody(request, limit);
  // Tries all of them, so that the time taken does not show which one signed.
  const listed = [secrets as string | readonly string[]].flat();
  const possible = byKeyId ? [byKeyId.get(keyId)!] : listed.length ? listed : [""];
  const signed = await Promise.all(possible.map((secret) => hasSigned(secret, signature, body)));
  if (!signed.includes(true)) {
    refuse("wrong_signature", "another secret signed it, or its body was changed");
  }
  const timestamp = Number(header("timestamp") || NaN) * 1_000;
  if (!(Math.abs(now() - timestamp) <= tolerance)) {
    refuse("stale", `its timestamp, ${timestamp} ms, is not within ${tolerance} ms of now`);
  }
  const attempt = Number(header("attempt")) || undefined;
  const text = () => new TextDecoder().decode(body);
  return { body, text, json: () => JSON.parse(text()), keyId, attempt, timestamp };
}

/** Whether a value has this tag, which works for other realms' classes and for Node's Buffer, unlike `instanceof`. */
function isA(tag: "Map" | "Uint8Array", value: unknown): boolean {
  return Object(value)[Symbol.toStringTag] === tag;
}

function refuse(code: WebhookErrorCode, why: string): never {
  throw new WebhookError(code, `Webhook refused: ${why}`);
}

/** A header's value; `""` if it is missing. Repeated values are joined with commas. */
function valueOf(name: string, headers: WebhookHeaders): string {
  if (typeof headers.get === "function") return headers.get(name) ?? "";
  const found = Object.entries(headers).filter(([key]) => key.toLowerCase() === name);
  return found.map(([, value]) => value).join();
}

/** The body's bytes, in a copy that nobody else can change. */
async function readBody(request: Request | RawWebhook, limit: number) {
  const { body, bodyUsed, signal } = request as Request;
  const isWhole = body === null || isA("Uint8Array", body);
  if (!isWhole && (bodyUsed || !Object(body).getReader)) throw notRaw();
  const bytes = isWhole
    ? new Uint8Array(body as unknown as Uint8Array)
    : await readStream(body, signal, limit);
  if (!bytes || !(bytes.length <= limit)) {
    refuse("too_large", `its body is longer than ${limit} bytes`);
  }
  return bytes;
}

function notRaw(): TypeError {
  return new TypeError(
    "Cannot verify a webhook: its raw body is needed, before anything reads or parses it",
  );
}

/** Reads to the end; returns nothing if the body is longer than the limit. Refuses a body that broke off. */
async function readStream(body: ByteStream, signal: AbortSignal | undefined, limit: number) {
  let bytes = new Uint8Array(1_024);
  let size = 0;
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const broken = () => refuse("aborted", "its body broke off, or its signal aborted");
  signal?.addEventListener("abort", cancel);
  if (signal?.aborted) cancel();
  try {
    // The number of reads is limited too: a stream may give empty chunks without end.
    for (let reads = 0; size <= limit && reads < limit + 99; reads++) {
      const { done, value } = await reader.read().catch(broken);
      if (signal?.aborted) broken();
      if (done) return bytes.slice(0, size);
      if (!isA("Uint8Array", value)) throw notRaw(); // text, after Node's setEncoding
      const end = size + value!.length;
      if (end > bytes.length) {
        const longer = new Uint8Array(2 * end);
        longer.set(bytes);
        bytes = longer;
      }
      bytes.set(value!, size);
      size = end;
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Importing a key takes as long as verifying. The keys are kept, not their promises, which an edge runtime may orphan. */
const keys = new Map<string, Parameters<typeof crypto.subtle.verify>[1]>();

/** Whether a secret gives this signature. WebCrypto compares in constant time. */
async function hasSigned(
  secret: string,
  signature: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  let key = keys.get(secret);
  if (!key) {
    if (typeof secret !== "string" || !/^\S.{30,}\S$/s.test(secret)) {
      throw new TypeError(
        "Cannot verify a webhook: a secret must be a string of 32 characters or more, " +
          "without white space around it. Is it set?",
      );
    }
    const hmac = { name: "HMAC", hash: "SHA-256" };
    key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), hmac, false, [
      "verify",
    ]);
    if (keys.size > 99) keys.clear();
    keys.set(secret, key);
  }
  const digest = new Uint8Array(32);
  for (let at = 0; at < 32; at++) digest[at] = parseInt(signature.slice(2 * at, 2 * at + 2), 16);
  return await crypto.subtle.verify("HMAC", key, digest, body);
}
