/**
 * A mock of KPN's gateway: both token endpoints, Number Insight, and any API that you add, as a
 * `fetch` to inject and as a handler for any runtime's server.
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

/** A mock of KPN's gateway. You can read its state at any time. */
export interface MockKpn extends MockWebhooks {
  /**
   * A `fetch` that the mock answers without a socket. It obeys `init.signal`, and rejects if it would
   * have to follow a redirect.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * A handler for `Deno.serve`, `Bun.serve`, Workers, and any server that works with `Request`.
   * Answers preflights, which are neither recorded nor scripted. It rejects for a `"dropped"` answer:
   * the server should then close the connection (`Deno.serve` answers 500).
   */
  readonly handle: (request: Request) => Promise<Response>;
  /** The first client's id and secret, ready for functions such as `requestToken`. */
  readonly credentials: MockCredentials;
  /** The last 1,000 requests, the oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** How many earlier requests were dropped. */
  readonly requestsDropped: number;
  /** How many tokens were issued. The mock remembers the last 20,000. */
  readonly mints: number;
  /** The last 1,000 callbacks of `advanced/async`. Each promise settles after the answer, and never rejects. */
  readonly callbacks: readonly Promise<CallbackReport>[];
  /** The mock's clock: epoch ms. */
  readonly now: () => number;
  /**
   * Scripts the answer to the next requests.
   *
   * @param answer A failure's name, your own function, or `"ok"`.
   * @param options Which requests get the answer, how many, and how late. Default: the next one.
   * @throws {TypeError} If there is no such answer, or an option is unknown or out of range.
   */
  respondNext(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /** Makes all issued tokens invalid, as a revocation does. */
  revoke(): void;
  /**
   * Moves the mock's clock forward, for example until tokens expire.
   *
   * @param ms By how many ms.
   * @throws {RangeError} If it is negative or not a number.
   */
  advance(ms: number): void;
  /** Forgets tokens, requests, callbacks, scripts and due deliveries, and resets the clock and the sequence of tokens. */
  reset(): void;
}

/**
 * Makes a mock of KPN's gateway. It accepts what KPN documents and what programs in use send
 * (`.github/KPN.md`), and records the requests. It refuses everything else with KPN's own errors; if
 * KPN's answer is not known, it says that the answer is the mock's own.
 *
 * @param options Clients, tokens, and APIs behind the gateway. Default: one client, with the
 * credentials of KPN's examples.
 * @returns The mock.
 * @throws {TypeError} If a client id or a secret is empty, a client is given twice, or a route or an
 * upstream cannot be used.
 * @throws {RangeError} If the lifetime is negative or not a number, or the seed is not a number.
 *
 * @example
 * ```ts
 * import { requestToken } from "kpn-auth";
 * import { mockKpn } from "kpn-auth/testing";
 *
 * const mock = mockKpn();
 * mock.respondNext("server_error", { to: "token" });
 * await requestToken({ ...mock.credentials, fetch: mock.fetch });
 * console.log(mock.requests.length); // 2: the first one failed
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

/** Fails a program that would follow a redirect with a secret or a token. */
function refuseToFollow({ redirect }: Request, { status, headers }: Response): void {
  if (redirect === "manual" || status < 300 || status > 399) return;
  throw new TypeError(
    "fetch failed: (the mock's own error) this request would follow a redirect to " +
      `${headers.get("location")}; send it with redirect: "manual"`,
  );
}
