/** What a mock is made of: its options, checked. */

import { type MockRoute, type MockUpstream, routesOf, upstreamsOf } from "./backends.ts";
import type { RecordedRequest } from "./record.ts";
import type { MockClient } from "./token_endpoint.ts";

/** What the mock accepts and hands out. */
export interface MockKpnOptions {
  /** The id of its first client. Default: `"APP_CLIENT_ID"`. */
  readonly clientId?: string | undefined;
  /** Its secret. Default: `"APP_CLIENT_SECRET"`. */
  readonly clientSecret?: string | undefined;
  /** The tier that its tokens tell. Default: `"demo"`. */
  readonly level?: string | undefined;
  /** More clients, each with a tier of its own. Default: none. */
  readonly clients?: readonly MockClient[] | undefined;
  /**
   * Refuses requests that differ from what KPN documents, though programs in use send them and
   * KPN serves them. Default: `false`: they are served, and their record says how they differ.
   */
  readonly strict?: boolean | undefined;
  /** Lifetime of the tokens in ms. Default: 3,599,000, as KPN's. */
  readonly lifetime?: number | undefined;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Where the sequence of tokens starts: the same seed, the same tokens. Default: 1. */
  readonly seed?: number | undefined;
  /** Gets each request once it is answered, its record complete. Default: nothing. */
  readonly onAnswer?: ((request: RecordedRequest) => void) | undefined;
  /**
   * APIs of your own behind the gateway, by method (or none, for all) and path (a `*` at its end
   * stands for any rest): `{ "POST /communication/kpn/sms/send": (request) => new Response() }`.
   * They are called once the token has passed. Default: none.
   */
  readonly routes?: Readonly<Record<string, MockRoute>> | undefined;
  /** A server that knows the APIs; what neither a route nor Number Insight answers goes there. Default: none. */
  readonly upstream?: MockUpstream | undefined;
  /** Whether an upstream may be on another machine. Default: `false`. */
  readonly allowRemoteUpstream?: boolean | undefined;
  /** Origins, or URLs of them, that webhooks may be sent to, beside this machine: `["https://app.example"]`. Default: none. */
  readonly deliverTo?: readonly string[] | undefined;
  /** Sends webhooks, the callback of `advanced/async`, to this machine only, and calls to an upstream. Default: `globalThis.fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** What {@linkcode settingsOf} makes of the options. */
export type Settings = ReturnType<typeof settingsOf>;

/** The options, checked, with their defaults. */
export function settingsOf(options: MockKpnOptions) {
  const { clientId = "APP_CLIENT_ID", clientSecret = "APP_CLIENT_SECRET", level } = options;
  const { lifetime = 3_599_000, seed = 1, strict = false, now = Date.now, fetch } = options;
  checkGlobals();
  const clients = [{ clientId, clientSecret, level }, ...options.clients ?? []];
  checkClients(clients);
  if (!(Number.isFinite(lifetime) && lifetime >= 0)) {
    throw new RangeError(`Cannot make a mock: lifetime is ${lifetime}; it must be ms, 0 or more`);
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

/** Test environments replace the web's classes: Jest's jsdom leaves these out. */
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
