/** The gateway: records each request, answers it with a script or as usual, and reports it. */

import type { Outcome } from "./answers.ts";
import { callDifferences, createApiCalls } from "./api_calls.ts";
import { callBack, type CallbackReport } from "./callback.ts";
import { answerPreflight, withCors } from "./cors.ts";
import type { MockKpn } from "./mock.ts";
import type { Received } from "./received.ts";
import { keepLast, type RecordedAnswer, type RecordedRequest, recordOf } from "./record.ts";
import { createScripts } from "./script.ts";
import type { Settings } from "./settings.ts";
import {
  claimedClientId,
  type Difference,
  isTokenPath,
  judgeTokenRequest,
  tokenRequestDifferences,
} from "./token_endpoint.ts";
import { tokensOf } from "./tokens.ts";
import { createWebhooks } from "./webhooks.ts";

/** A mock without `fetch`: its state, its methods, and its answers. */
export interface Gateway {
  readonly mock: Omit<MockKpn, "fetch" | "handle">;
  /** Answers a request. */
  answer(request: Received): Promise<Response>;
  /** The same, with CORS for browsers. */
  handle(request: Received): Promise<Response>;
}

/** How many requests and callbacks are kept. */
const KEPT = 1_000;

/** Makes a gateway with these settings. */
export function createGateway(settings: Settings): Gateway {
  const { clients, strict, send } = settings;
  let advanced = 0;
  const now = () => settings.now() + advanced;
  const requests = keepLast<RecordedRequest>(KEPT);
  const callbacks = keepLast<Promise<CallbackReport>>(KEPT);
  const tokens = tokensOf({ ...settings, now });
  const scripts = createScripts();
  const { forget, ...webhooks } = createWebhooks(now, send, settings.deliverTo);
  const calls = createApiCalls(settings, tokens, (order) => callbacks.add(callBack(order, send)));

  async function answer(received: Received): Promise<Response> {
    const isToken = isTokenPath(received.url.pathname);
    const differences = isToken ? tokenRequestDifferences(received) : [];
    const clientId = isToken
      ? claimedClientId(received)
      : tokens.clientOf(received.headers["authorization"])?.clientId;
    // The settings' own string: a slice of the request's would keep its whole body in memory.
    const known = clients.find((client) => client.clientId === clientId)?.clientId;
    const record: RecordedRequest = {
      ...recordOf(received, now()),
      ...known !== undefined && { clientId: known },
      differences: isToken ? differences.map(({ words }) => words) : callDifferences(received),
    };
    requests.add(record);
    const usual = () =>
      isToken ? answerTokenRequest(received, differences) : calls.answer(received);
    try {
      const target = { kind: isToken ? "token" : "api", clientId, record, received } as const;
      const { response, why } = await scripts.play(target, usual);
      complete(record, { status: response.status, why });
      if (record.method !== "HEAD") return response;
      await response.body?.cancel();
      return new Response(null, response);
    } catch (error) {
      complete(record, { why: `no answer: ${wordsOf(error)}` });
      throw error;
    }
  }

  function answerTokenRequest(request: Received, differences: readonly Difference[]): Outcome {
    const client = judgeTokenRequest(request, clients, strict ? differences : []);
    if ("response" in client) return client;
    const bytes = new TextEncoder().encode(JSON.stringify(tokens.mint(client)));
    const headers = { "content-type": "application/json", "content-length": `${bytes.length}` };
    const response = new Response(bytes, { headers });
    return { response, why: `token ${tokens.count()}, for ${client.clientId}` };
  }

  function complete(record: RecordedRequest, answer: RecordedAnswer): void {
    Object.assign(record, { answer });
    settings.onAnswer(record);
  }

  return {
    answer,
    handle: async (request) => answerPreflight(request) ?? withCors(await answer(request), request),
    mock: {
      ...webhooks,
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
      respondNext: scripts.add,
      revoke: tokens.revoke,
      advance(ms) {
        if (!(Number.isFinite(ms) && ms >= 0)) {
          throw new RangeError(`Cannot advance the clock by ${ms}: it must be in ms, 0 or more`);
        }
        advanced += ms;
      },
      reset() {
        for (const each of [requests, callbacks, scripts]) each.clear();
        for (const each of [tokens, calls]) each.reset();
        forget();
        advanced = 0;
      },
    },
  };
}

function wordsOf(error: unknown): string {
  const { message, cause } = Object(error);
  return cause?.message ? `${message}: ${cause.message}` : message ?? String(error);
}
