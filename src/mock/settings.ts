/** The options of a mock, checked. */

import { type MockRoute, type MockUpstream, routesOf, upstreamsOf } from "./backends.ts";
import type { RecordedRequest } from "./record.ts";
import type { MockClient } from "./token_endpoint.ts";

/** Options of {@linkcode mockKpn}. */
export interface MockKpnOptions {
  /** The id of the first client. Default: `"APP_CLIENT_ID"`. */
  readonly clientId?: string | undefined;
  /** The secret of the first client. Default: `"APP_CLIENT_SECRET"`. */
  readonly clientSecret?: string | undefined;
  /** The tier of the first client, which its tokens name. Default: `"demo"`. */
  readonly level?: string | undefined;
  /** More clients, each with its own tier. Default: none. */
  readonly clients?: readonly MockClient[] | undefined;
  /**
   * Whether to refuse requests that KPN serves, but that differ from what it documents. Default:
   * `false`: the mock serves them, and records how they differ.
   */
  readonly strict?: boolean | undefined;
  /** Lifetime of the tokens in ms. Default: 3,599,000, like KPN's. */
  readonly lifetime?: number | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** The start of the sequence of tokens: the same seed gives the same tokens. Default: 1. */
  readonly seed?: number | undefined;
  /** Receives the complete record of each request, after its answer. Default: none. */
  readonly onAnswer?: ((request: RecordedRequest) => void) | undefined;
  /**
   * Your own APIs behind the gateway, by method (without one, all methods) and path (a `*` at the end
   * matches any rest): `{ "POST /communication/kpn/sms/send": (request) => new Response() }`.
   * The mock calls them if the token is valid. Default: none.
   */
  readonly routes?: Readonly<Record<string, MockRoute>> | undefined;
  /** Another mock server, which gets the calls that neither a route nor Number Insight answers. Default: none. */
  readonly upstream?: MockUpstream | undefined;
  /** Whether an upstream may be on another machine. Default: `false`. */
  readonly allowRemoteUpstream?: boolean | undefined;
  /** Origins (or URLs) that may get webhooks, besides this machine: `["https://app.example"]`. Default: none. */
  readonly deliverTo?: readonly string[] | undefined;
  /** Sends webhooks, callbacks of `advanced/async` and calls to an upstream. Default: `globalThis.fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** The checked options, with their defaults. */
export type Settings = ReturnType<typeof settingsOf>;

/** Checks the options and adds the defaults. */
export function settingsOf(options: MockKpnOptions) {
  const { clientId = "APP_CLIENT_ID", clientSecret = "APP_CLIENT_SECRET", level } = options;
  const { lifetime = 3_599_000, seed = 1, strict = false, now = Date.now, fetch } = options;
  checkGlobals();
  const clients = [{ clientId, clientSecret, level }, ...options.clients ?? []];
  checkClients(clients);
  if (!(Number.isFinite(lifetime) && lifetime >= 0)) {
    throw new RangeError(
      `Cannot make a mock: lifetime is ${lifetime}; it must be in ms, 0 or more`,
    );
  }
  if (!Number.isFinite(seed)) {
    throw new RangeError(`Cannot make a mock: seed is ${seed}; it must be a number`);
  }
  const send = fetch ?? ((url: string, init: RequestInit) => globalThis.fetch(url, init));
  return {
    credentials: Object.freeze({ clientId, clientSecret }),
    clients,
    lifetime,
    seed,
    strict,
    now,
    onAnswer: options.onAnswer ?? (() => {}),
    send,
    deliverTo: options.deliverTo ?? [],
    routes: routesOf(options.routes ?? {}),
    upstreams: upstreamsOf(options.upstream ?? {}, options.allowRemoteUpstream ?? false, send),
  };
}

/** Refuses environments without the web's classes, such as Jest's jsdom. */
function checkGlobals(): void {
  const missing = ["Request", "Response", "Headers", "TextEncoder", "TextDecoder"]
    .find((name) => !(name in globalThis) || !globalThis[name as keyof typeof globalThis]);
  if (!missing) return;
  const remedy = "In Jest, use the environment node.";
  throw new TypeError(`Cannot make a mock: there is no global \`${missing}\` here. ${remedy}`);
}

function checkClients(clients: readonly MockClient[]): void {
  for (const { clientId, clientSecret } of clients) {
    if (!clientId || !clientSecret) {
      throw new TypeError("Cannot make a mock: clientId and clientSecret must not be empty");
    }
    if (clients.filter((other) => other.clientId === clientId).length > 1) {
      throw new TypeError(`Cannot make a mock: the client ${clientId} is given twice`);
    }
  }
}
