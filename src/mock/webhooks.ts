/** The webhooks that KPN sends: signed deliveries, their retries, and their keys. */

import { isLoopback } from "./path.ts";
import { unknownField } from "./script.ts";
import { keyRing, type MockWebhookKey, STRANGER } from "./webhook_keys.ts";

/** How to make a delivery wrong. `twice` is not wrong, but unusual: KPN delivers at least once. */
export type WrongDelivery =
  /** The signature is another one. */
  | "signature"
  /** It is signed with a key that no receiver knows. */
  | "key"
  /** The body is changed after signing; it is still the same JSON. */
  | "body"
  /** It is an hour old. */
  | "late"
  /** It is sent twice. */
  | "twice";

/** Options of {@linkcode MockWebhooks.deliver}. */
export interface DeliverOptions {
  /** The id of the key that signs. Default: the active one. */
  readonly key?: string | undefined;
  /** The number of the first attempt, from 1. Default: 1. */
  readonly attempt?: number | undefined;
  /** The timestamp to send, in epoch ms. Default: when the first attempt was due. */
  readonly timestamp?: number | undefined;
  /** How to make it wrong. Default: it is correct. */
  readonly wrong?: WrongDelivery | undefined;
}

/** One attempt to deliver. */
export interface DeliveryAttempt {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The id of the key that signed it. */
  readonly keyId: string;
  /** The status of the answer; absent if no answer came within 10 s. */
  readonly status?: number;
}

/** A delivery, with the attempts so far. */
export interface Delivery {
  /** The receiver's URL. */
  readonly url: string;
  /** The attempts, the oldest first. */
  readonly attempts: readonly DeliveryAttempt[];
  /** When the next attempt is due on the mock's clock, in epoch ms; absent if there is none. */
  readonly nextAt?: number | undefined;
}

/** The part of the mock that sends webhooks. */
export interface MockWebhooks {
  /** The keys, the oldest first. At first there is one, which is active. */
  readonly webhookKeys: readonly MockWebhookKey[];
  /**
   * Makes a staged key: you can give its secret to the receiver, and it does not sign yet.
   *
   * @returns The key.
   */
  stageWebhookKey(): MockWebhookKey;
  /**
   * Makes a staged key the active one; the previously active key becomes a retiring one.
   *
   * @param id The id of the staged key.
   * @throws {TypeError} If there is no such key, or it is not staged.
   */
  activateWebhookKey(id: string): void;
  /**
   * Retires a retiring key.
   *
   * @param id The id of the retiring key.
   * @throws {TypeError} If there is no such key, or it is not retiring.
   */
  retireWebhookKey(id: string): void;
  /**
   * Sends a delivery, signed as KPN signs it. Until an answer is 2xx, it is due again 60, 120 and 240 s
   * after the first attempt, and {@linkcode MockWebhooks.deliverDue} sends it. A retry has the first
   * attempt's timestamp and is signed with the key that is active by then. (KPN does not say from when it
   * counts, nor whether a retry has a new timestamp.)
   *
   * @param url The receiver: on loopback, or at an origin of the mock's `deliverTo`.
   * @param body Text, bytes, or a value to send as JSON.
   * @param options The key, the attempt, the timestamp, and what to make wrong. Default: a correct first
   * attempt, signed with the active key.
   * @returns The delivery, after its first attempt.
   * @throws {TypeError} If the URL is another, an option is out of range, or the key cannot sign.
   */
  deliver(url: string, body: unknown, options?: DeliverOptions): Promise<Delivery>;
  /**
   * Makes the attempts that are due on the mock's clock.
   *
   * @returns The deliveries that were due.
   */
  deliverDue(): Promise<readonly Delivery[]>;
}

/** When attempts are due, in ms after the first one. */
const SCHEDULE = [0, 60_000, 120_000, 240_000];

/** How long to wait for an answer, in ms. */
const TIMEOUT = 10_000;

const HOUR = 3_600_000;

type Pending = { -readonly [Field in keyof Delivery]: Delivery[Field] } & {
  readonly attempts: DeliveryAttempt[];
};

/** KPN's signature: HMAC-SHA256 of a body, in hexadecimal digits. */
export async function signBody(body: Uint8Array, secret: string): Promise<string> {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const raw = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey("raw", raw, hmac, false, ["sign"]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, body as BufferSource));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Makes the webhooks of a mock from its clock, its `fetch`, and the allowed origins besides loopback. */
export function createWebhooks(
  now: () => number,
  send: (url: string, init: RequestInit) => Promise<Response>,
  deliverTo: readonly string[],
): MockWebhooks & { readonly forget: () => void } {
  const keys = keyRing();
  const waiting = new Map<Pending, () => Promise<void>>();
  const origins = deliverTo.map(originOf);
  let resets = 0;

  return {
    webhookKeys: keys.all,
    stageWebhookKey: keys.stage,
    activateWebhookKey: keys.activate,
    retireWebhookKey: keys.retire,

    async deliver(url, body, options = {}) {
      check(url, origins, options);
      const { attempt: first = 1, wrong } = options;
      const startedAt = now() - (SCHEDULE[first - 1] ?? 0);
      const { timestamp = startedAt - (wrong === "late" ? HOUR : 0) } = options;
      const bytes = bytesOf(body);
      const delivery: Pending = { url, attempts: [] };
      const began = resets;

      async function attempt(number: number): Promise<void> {
        waiting.delete(delivery);
        delivery.nextAt = undefined;
        const key = wrong === "key"
          ? STRANGER
          : keys.signer(number === first ? options.key : undefined);
        const headers = { ...await signed(bytes, key, wrong), ...meta(key.id, timestamp, number) };
        const sent = { headers, body: wrong === "body" ? changed(bytes) : bytes };
        for (let copies = wrong === "twice" ? 2 : 1; copies > 0; copies--) {
          const status = await post(send, url, sent);
          delivery.attempts.push({ attempt: number, keyId: key.id, ...status && { status } });
        }
        const due = SCHEDULE[number];
        if (due === undefined || began !== resets) return;
        if (delivery.attempts.some(({ status = 0 }) => delivered(status))) return;
        delivery.nextAt = startedAt + due;
        waiting.set(delivery, () => attempt(number + 1));
      }

      await attempt(first);
      return delivery;
    },

    forget() {
      waiting.clear();
      resets++;
    },

    async deliverDue() {
      const due = [...waiting].filter(([{ nextAt = Infinity }]) => nextAt <= now());
      await Promise.all(due.map(async ([delivery]) => {
        while ((delivery.nextAt ?? Infinity) <= now() && waiting.has(delivery)) {
          await waiting.get(delivery)!();
        }
      }));
      return due.map(([delivery]) => delivery);
    },
  };
}

const delivered = (status: number) => status >= 200 && status < 300;

function refuse(why: string): never {
  throw new TypeError(`Cannot deliver: ${why}`);
}

function originOf(url: string): string {
  if (/^https?:/.test(url) && URL.canParse(url)) return new URL(url).origin;
  throw new TypeError(
    `Cannot make a mock: deliverTo has ${JSON.stringify(url)}, which is not an http URL`,
  );
}

function check(url: string, origins: readonly string[], options: DeliverOptions): void {
  if (typeof url !== "string" || !/^https?:/i.test(url) || !URL.canParse(url)) {
    refuse("url is not an http URL");
  }
  const unknown = unknownField(options, ["key", "attempt", "timestamp", "wrong"]);
  if (unknown) refuse(unknown);
  if (!isLoopback(new URL(url)) && !origins.includes(new URL(url).origin)) {
    refuse(`the mock sends only to this machine; add ${new URL(url).origin} to its deliverTo`);
  }
  const { attempt = 1, timestamp = 0, wrong } = options;
  if (!Number.isInteger(attempt) || attempt < 1) refuse("attempt must be a whole number from 1");
  if (!Number.isFinite(timestamp)) refuse("timestamp must be in epoch ms");
  const ways = ["signature", "key", "body", "late", "twice"];
  if (wrong !== undefined && !ways.includes(wrong)) {
    refuse(`wrong must be one of ${ways.join(", ")}`);
  }
}

function bytesOf(body: unknown): Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength).slice();
  }
  return new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
}

/** White space after the JSON changes the signed bytes, but not the JSON. */
function changed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...bytes, 32]);
}

async function signed(
  body: Uint8Array<ArrayBuffer>,
  { secret }: { readonly secret: string },
  wrong?: WrongDelivery,
): Promise<Record<string, string>> {
  const signature = await signBody(body, secret);
  const other = signature.replace(/^./, (digit) => digit === "0" ? "1" : "0");
  return { "x-kpn-webhook-signature": wrong === "signature" ? other : signature };
}

function meta(id: string, timestamp: number, attempt: number): Record<string, string> {
  return {
    "content-type": "application/json",
    "x-kpn-webhook-timestamp": String(Math.floor(timestamp / 1_000)),
    "x-kpn-webhook-key-id": id,
    "x-kpn-webhook-attempt": String(attempt),
  };
}

/** The status of the answer, if one came in time. */
async function post(
  send: (url: string, init: RequestInit) => Promise<Response>,
  url: string,
  init: RequestInit,
): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const response = await send(url, { method: "POST", redirect: "manual", signal, ...init });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}
