/**
 * A mock of KPN's gateway, strict by default: both token endpoints and Number
 * Insight, as a `fetch` to inject and as a handler for any runtime's server.
 *
 * @module
 */

import { FAILURES, ownRefusal } from "./answers.ts";
import { answerPreflight, withCors } from "./cors.ts";
import { answerNumberInsight, type CallbackOrder, insightLevel } from "./number_insight.ts";
import { type RecordedRequest, recordOf } from "./record.ts";
import { createScripts, type ScriptedAnswer, type ScriptOptions, untilAbort } from "./script.ts";
import { isTokenPath, type MockCredentials, refuseTokenRequest } from "./token_endpoint.ts";
import { tokensOf } from "./tokens.ts";
import { createWebhooks, type MockWebhooks } from "./webhooks.ts";

export type { MockFailure } from "./answers.ts";
export type { RecordedRequest } from "./record.ts";
export type { ScriptedAnswer, ScriptOptions } from "./script.ts";
export type { MockCredentials } from "./token_endpoint.ts";
export type {
  DeliverOptions,
  Delivery,
  DeliveryAttempt,
  MockWebhooks,
  WrongDelivery,
} from "./webhooks.ts";
export type { MockWebhookKey } from "./webhook_keys.ts";

/** What the mock accepts and hands out. */
export interface MockKpnOptions {
  /** The only client id that it knows. Default: `"APP_CLIENT_ID"`. */
  readonly clientId?: string;
  /** Its secret. Default: `"APP_CLIENT_SECRET"`. */
  readonly clientSecret?: string;
  /** Lifetime of the tokens in ms. Default: 3,599,000, as KPN's. */
  readonly lifetime?: number;
  /** The tier that tokens tell. Default: `"demo"`. */
  readonly level?: string;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: () => number;
  /** Where the sequence of tokens starts: the same seed, the same tokens. Default: 1. */
  readonly seed?: number;
  /** Sends the callback of `advanced/async`, to loopback only, and webhooks. Default: `globalThis.fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Origins that webhooks may be sent to, beside loopback: `https://app.example`. Default: none. */
  readonly deliverTo?: readonly string[];
}

/** What became of a callback of Number Insight's `advanced/async`. */
export interface CallbackReport {
  /** Where it was sent to. */
  readonly url: string;
  /** The status that it was answered with; absent if no answer came within 10 s. */
  readonly status?: number;
}

/** The mock. Its state can be read at any time. */
export interface MockKpn extends MockWebhooks {
  /** `fetch`, answered without a socket. Honours `init.signal`; rejects where a redirect would be followed. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * A handler for `Deno.serve`, `Bun.serve`, Workers, and any other server of fetch's kind.
   * Answers preflights, which are neither recorded nor scripted. A `"dropped"` answer
   * rejects: the server should close the connection then (`Deno.serve` answers 500).
   */
  readonly handle: (request: Request) => Promise<Response>;
  /** The client id and secret that it knows; they fit every function that takes such a pair. */
  readonly credentials: MockCredentials;
  /** All requests so far, the oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** How many tokens were handed out. */
  readonly mints: number;
  /** The callbacks of `advanced/async`: each settles when it was answered, and never rejects. */
  readonly callbacks: readonly Promise<CallbackReport>[];
  /**
   * Scripts the answer to the next requests.
   *
   * @throws {TypeError} If there is no such answer, or an option is out of range.
   */
  respondNext(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /** Makes all tokens that were handed out invalid, as a revocation does. */
  revoke(): void;
}

/** How long the answer to a callback is waited for, in ms. */
const CALLBACK_TIMEOUT = 10_000;

/**
 * Makes a mock of KPN's gateway. It accepts what `kpn.md` says the endpoint
 * accepts, refuses everything else with KPN's own errors (where none is known,
 * the answer says that it is the mock's own), and records every request.
 *
 * @throws {TypeError} If the client id or the secret is empty.
 * @throws {RangeError} If the lifetime is no number of ms.
 *
 * @example
 * ```ts
 * import { requestToken } from "@kpn-auth/kpn-auth";
 * import { mockKpn } from "@kpn-auth/kpn-auth/testing";
 *
 * const mock = mockKpn();
 * mock.respondNext("server_error", { to: "token" });
 * await requestToken({ ...mock.credentials, fetch: mock.fetch });
 * console.log(mock.requests.length); // 2: it was tried again
 * ```
 */
export function mockKpn(options: MockKpnOptions = {}): MockKpn {
  const { credentials, facts, now, seed, send } = settingsOf(options);
  const requests: RecordedRequest[] = [];
  const callbacks: Promise<CallbackReport>[] = [];
  const tokens = tokensOf(facts, now, seed);
  const scripts = createScripts();
  let mints = 0;
  let calls = 0;

  async function answer(request: Request): Promise<Response> {
    const { record, tooLong } = await recordOf(request);
    requests.push(record);
    const isToken = isTokenPath(new URL(record.url).pathname);
    const usual = () => {
      if (tooLong) return ownRefusal(413, "No request of KPN's is over 1 MiB.");
      return isToken ? answerTokenRequest(record) : answerApiCall(record);
    };
    const response = await scripts.play(record, isToken ? "token" : "api", request, usual);
    return record.method === "HEAD" ? new Response(null, response) : response;
  }

  function answerTokenRequest(record: RecordedRequest): Response {
    const refusal = refuseTokenRequest(record, credentials);
    if (refusal) return refusal;
    mints++;
    return Response.json(tokens.mint());
  }

  function answerApiCall(record: RecordedRequest): Response {
    const level = insightLevel(new URL(record.url).pathname);
    if (!level) return FAILURES.unknown_path();
    const refusal = tokens.refuse(record.headers["authorization"]);
    if (refusal) return refusal;
    const order = (callback: CallbackOrder) => void callbacks.push(callBack(callback, send));
    const response = answerNumberInsight(record, level, ++calls, order);
    for (const [name, value] of quota(calls)) response.headers.set(name, value);
    return response;
  }

  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      request.signal.throwIfAborted();
      const response = await untilAbort(request.signal, answer(request));
      refuseToFollow(request, response);
      return response;
    },
    handle: async (request) => answerPreflight(request) ?? withCors(await answer(request), request),
    credentials,
    requests,
    callbacks,
    get mints() {
      return mints;
    },
    respondNext: scripts.add,
    revoke: tokens.revoke,
    ...createWebhooks(now, send, options.deliverTo ?? []),
  };
}

function settingsOf(options: MockKpnOptions) {
  const { clientId = "APP_CLIENT_ID", clientSecret = "APP_CLIENT_SECRET", now = Date.now } =
    options;
  const { lifetime = 3_599_000, level = "demo", seed = 1, fetch } = options;
  if (!clientId || !clientSecret) {
    throw new TypeError("Cannot make a mock: clientId and clientSecret must not be empty");
  }
  if (!(lifetime >= 0 && lifetime < Infinity)) {
    throw new RangeError("Cannot make a mock: lifetime must be ms, 0 or more");
  }
  return {
    credentials: Object.freeze({ clientId, clientSecret }),
    facts: { clientId, level, lifetime },
    now,
    seed,
    send: fetch ?? ((url: string, init: RequestInit) => globalThis.fetch(url, init)),
  };
}

/** Numbers of the mock's own: KPN does not publish its quotas. */
function quota(used: number): readonly (readonly [string, string])[] {
  return [
    ["quota-limit", "1000"],
    ["quota-interval", "1"],
    ["quota-time-unit", "hour"],
    ["quota-used", String(used)],
  ];
}

async function callBack(
  { url, body }: CallbackOrder,
  send: (url: string, init: RequestInit) => Promise<Response>,
): Promise<CallbackReport> {
  try {
    const response = await send(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(CALLBACK_TIMEOUT),
    });
    await response.body?.cancel();
    return { url, status: response.status };
  } catch {
    return { url };
  }
}

/** A secret or a token follows no redirect: who would follow one learns it here. */
function refuseToFollow({ redirect }: Request, { status, headers }: Response): void {
  if (redirect === "manual" || status < 300 || status > 399) return;
  throw new TypeError(
    `fetch failed: (the mock's own error) a redirect to ${headers.get("location")} ` +
      'would have been followed; send with redirect: "manual"',
  );
}
