/**
 * A mock of KPN's gateway: both token endpoints, Number Insight, and any API that stands
 * behind it, as a `fetch` to inject and as a handler for any runtime's server.
 *
 * @module
 */

import type { Outcome } from "./answers.ts";
import { type Backend, forwardedHeaders } from "./backends.ts";
import { callBack, type CallbackReport } from "./callback.ts";
import { answerPreflight, withCors } from "./cors.ts";
import { contentTypeDifference, formOf } from "./form.ts";
import { asGateway, noBackend } from "./gateway.ts";
import {
  answerNumberInsight,
  type CallbackOrder,
  INSIGHT_BASE,
  insightLevel,
} from "./number_insight.ts";
import {
  keepLast,
  receive,
  type Received,
  type RecordedAnswer,
  type RecordedRequest,
  recordOf,
} from "./record.ts";
import { createScripts, type ScriptedAnswer, type ScriptOptions, untilAbort } from "./script.ts";
import { type MockKpnOptions, settingsOf } from "./settings.ts";
import {
  claimedClientId,
  type Difference,
  isTokenPath,
  judgeTokenRequest,
  type MockCredentials,
  tokenRequestDifferences,
} from "./token_endpoint.ts";
import { bearerDifference, tokensOf } from "./tokens.ts";
import { createWebhooks, type MockWebhooks } from "./webhooks.ts";

export type { MockFailure } from "./answers.ts";
export type { MockRoute, MockUpstream } from "./backends.ts";
export type { CallbackReport } from "./callback.ts";
export type { RecordedAnswer, RecordedRequest } from "./record.ts";
export type { ScriptedAnswer, ScriptOptions } from "./script.ts";
export type { MockKpnOptions } from "./settings.ts";
export type { MockClient, MockCredentials } from "./token_endpoint.ts";
export type { MockWebhookKey } from "./webhook_keys.ts";
export type {
  DeliverOptions,
  Delivery,
  DeliveryAttempt,
  MockWebhooks,
  WrongDelivery,
} from "./webhooks.ts";

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
  /** The first client's id and secret; they fit every function that takes such a pair. */
  readonly credentials: MockCredentials;
  /** The last 1,000 requests, the oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** How many requests there were before those. */
  readonly requestsDropped: number;
  /** How many tokens were handed out. The mock knows the last 20,000. */
  readonly mints: number;
  /** The last 1,000 callbacks of `advanced/async`: each settles when it was answered, and never rejects. */
  readonly callbacks: readonly Promise<CallbackReport>[];
  /** The mock's clock: epoch ms. */
  readonly now: () => number;
  /**
   * Scripts the answer to the next requests.
   *
   * @throws {TypeError} If there is no such answer, or an option is unknown or out of range.
   */
  respondNext(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /** Makes all tokens that were handed out invalid, as a revocation does. */
  revoke(): void;
  /**
   * Puts the mock's clock forward, so that tokens expire.
   *
   * @param ms By how many ms.
   * @throws {RangeError} If that is no number of ms, 0 or more.
   */
  advance(ms: number): void;
  /** Forgets tokens, requests, callbacks, scripts and due deliveries; clock and sequence of tokens begin again. */
  reset(): void;
}

/** How many requests and callbacks are kept. */
const KEPT = 1_000;

/**
 * Makes a mock of KPN's gateway. It accepts what KPN documents and what programs in use
 * send (`.github/KPN.md`), refuses everything else with KPN's own errors (where none is known,
 * the answer says that it is the mock's own), and records the requests.
 *
 * @throws {TypeError} If a client id or a secret is empty, or a client is given twice.
 * @throws {RangeError} If the lifetime is no number of ms, or the seed no number.
 *
 * @example
 * ```ts
 * import { requestToken } from "kpn-auth";
 * import { mockKpn } from "kpn-auth/testing";
 *
 * const mock = mockKpn();
 * mock.respondNext("server_error", { to: "token" });
 * await requestToken({ ...mock.credentials, fetch: mock.fetch });
 * console.log(mock.requests.length); // 2: it was tried again
 * ```
 */
export function mockKpn(options: MockKpnOptions = {}): MockKpn {
  const settings = settingsOf(options);
  const { clients, strict, send } = settings;
  let advanced = 0;
  const now = () => settings.now() + advanced;
  const requests = keepLast<RecordedRequest>(KEPT);
  const callbacks = keepLast<Promise<CallbackReport>>(KEPT);
  const tokens = tokensOf({ ...settings, now });
  const scripts = createScripts();
  const { forget, ...webhooks } = createWebhooks(now, send, options.deliverTo ?? []);
  let calls = 0;

  async function answer(request: Request): Promise<Response> {
    const received = await receive(request);
    const isToken = isTokenPath(received.url.pathname);
    const differences = isToken ? tokenRequestDifferences(received) : [];
    const clientId = isToken
      ? claimedClientId(received)
      : tokens.clientOf(received.headers["authorization"])?.clientId;
    // Not the request's own string, which would keep the whole body that it is cut from.
    const known = clients.find((client) => client.clientId === clientId)?.clientId;
    const record: RecordedRequest = {
      ...recordOf(received, now()),
      ...known !== undefined && { clientId: known },
      differences: isToken ? differences.map(({ words }) => words) : callDifferences(received),
    };
    requests.add(record);
    const usual = () =>
      isToken ? answerTokenRequest(received, differences) : answerApi(received, request);
    try {
      const target = { kind: isToken ? "token" : "api", clientId, record } as const;
      const { response, why } = await scripts.play(target, request, usual);
      complete(record, { status: response.status, why });
      if (record.method !== "HEAD") return response;
      await response.body?.cancel();
      return new Response(null, response);
    } catch (error) {
      complete(record, { why: `no answer: ${wordsOf(error)}` });
      throw error;
    }
  }

  function complete(record: RecordedRequest, answer: RecordedAnswer): void {
    Object.assign(record, { answer });
    settings.onAnswer(record);
  }

  function answerTokenRequest(request: Received, differences: readonly Difference[]): Outcome {
    const client = judgeTokenRequest(request, clients, strict ? differences : []);
    if ("response" in client) return client;
    const bytes = new TextEncoder().encode(JSON.stringify(tokens.mint(client)));
    const headers = { "content-type": "application/json", "content-length": `${bytes.length}` };
    const response = new Response(bytes, { headers });
    return { response, why: `token ${tokens.count()}, for ${client.clientId}` };
  }

  async function answerApi(
    request: Received,
    aborting: { readonly signal: AbortSignal },
  ): Promise<Outcome> {
    const backend = backendFor(request);
    if (!backend) return await noBackend(request);
    const { authorization } = request.headers;
    const refusal = tokens.refuse(authorization);
    if (refusal) return refusal;
    const serial = ++calls;
    const headers = forwardedHeaders(request.headers);
    const requestId = headers.get("x-request-id") ?? `mock-request-${serial}`;
    headers.set("x-request-id", requestId);
    const outcome = await backend(request, headers, aborting);
    return { ...outcome, response: asGateway(outcome.response, requestId, serial) };
  }

  /** A route, or whatever has the longest base path of all. */
  function backendFor(request: Received): Backend | undefined {
    const { pathname } = request.url;
    const [basePath = "", upstream] =
      settings.upstreams.find(([basePath]) =>
        pathname === basePath || pathname.startsWith(`${basePath}/`)
      ) ?? [];
    const level = basePath.length < INSIGHT_BASE.length ? insightLevel(pathname) : undefined;
    return settings.routes(request) ?? (level ? insight(level) : upstream);
  }

  function insight(level: string): Backend {
    const order = (callback: CallbackOrder) => callbacks.add(callBack(callback, send));
    return (request) => answerNumberInsight(request, level, calls, strict, order);
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
    credentials: settings.credentials,
    requests: requests.items,
    get requestsDropped() {
      return requests.dropped();
    },
    callbacks: callbacks.items,
    get mints() {
      return tokens.count();
    },
    now,
    ...webhooks,
    respondNext: scripts.add,
    revoke: tokens.revoke,
    advance(ms) {
      if (!(Number.isFinite(ms) && ms >= 0)) {
        throw new RangeError(`Cannot advance the clock by ${ms}: it must be ms, 0 or more`);
      }
      advanced += ms;
    },
    reset() {
      for (const each of [requests, callbacks, scripts]) each.clear();
      tokens.reset();
      forget();
      advanced = calls = 0;
    },
  };
}

/** How an API call differs from what KPN documents. */
function callDifferences(request: Received): string[] {
  const form = insightLevel(request.url.pathname) && formOf(request);
  return [
    bearerDifference(request.headers["authorization"]),
    form && contentTypeDifference(request)?.words,
  ].filter((words): words is string => !!words);
}

/** A secret or a token follows no redirect: who would follow one learns it here. */
function refuseToFollow({ redirect }: Request, { status, headers }: Response): void {
  if (redirect === "manual" || status < 300 || status > 399) return;
  throw new TypeError(
    `fetch failed: (the mock's own error) a redirect to ${headers.get("location")} ` +
      'would have been followed; send with redirect: "manual"',
  );
}

function wordsOf(error: unknown): string {
  const { message, cause } = Object(error);
  return cause instanceof Error ? `${message}: ${cause.message}` : message ?? String(error);
}
