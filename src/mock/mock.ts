/**
 * A mock of KPN's gateway: both token endpoints, Number Insight, and any API that stands
 * behind it, as a `fetch` to inject and as a handler for any runtime's server.
 *
 * @module
 */

import type { CallbackReport } from "./callback.ts";
import { createGateway } from "./gateway.ts";
import { receive } from "./received.ts";
import type { RecordedRequest } from "./record.ts";
import { type ScriptedAnswer, type ScriptOptions, untilAbort } from "./script.ts";
import { type MockKpnOptions, settingsOf } from "./settings.ts";
import type { MockCredentials } from "./token_endpoint.ts";
import type { MockWebhooks } from "./webhooks.ts";

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
  const { mock, answer, handle } = createGateway(settingsOf(options));
  return Object.assign(mock, {
    async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
      const request = new Request(input, init);
      request.signal.throwIfAborted();
      const response = await untilAbort(request.signal, receive(request).then(answer));
      refuseToFollow(request, response);
      return response;
    },
    handle: async (request: Request) => await handle(await receive(request)),
  });
}

/** A secret or a token follows no redirect: who would follow one learns it here. */
function refuseToFollow({ redirect }: Request, { status, headers }: Response): void {
  if (redirect === "manual" || status < 300 || status > 399) return;
  throw new TypeError(
    `fetch failed: (the mock's own error) a redirect to ${headers.get("location")} ` +
      'would have been followed; send with redirect: "manual"',
  );
}
