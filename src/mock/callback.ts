/** The callback that Number Insight's `advanced/async` promises. */

import type { CallbackOrder } from "./number_insight.ts";

/** The result of a callback of Number Insight's `advanced/async`. */
export interface CallbackReport {
  /** The callback's URL. */
  readonly url: string;
  /** Whether it was sent: the mock sends callbacks only to this machine. */
  readonly sent: boolean;
  /** The status of the answer; absent if no answer came within 10 s. */
  readonly status?: number;
}

/** How long to wait for the answer to a callback, in ms. */
const CALLBACK_TIMEOUT = 10_000;

/** Sends a callback if its URL is on this machine; never rejects. */
export async function callBack(
  { url, body, isLoopback }: CallbackOrder,
  send: (url: string, init: RequestInit) => Promise<Response>,
): Promise<CallbackReport> {
  if (!isLoopback) return { url, sent: false };
  try {
    const response = await send(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(CALLBACK_TIMEOUT),
    });
    await response.body?.cancel();
    return { url, sent: true, status: response.status };
  } catch {
    return { url, sent: true };
  }
}
