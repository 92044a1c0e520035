/** The mock on a port, by `node:http`, which Deno, Node and Bun know. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { begun, type Body, BODY_LIMIT, joined, type Received } from "../mock/received.ts";
import { EXIT, failure } from "./exit.ts";

/** A server that listens. */
export interface ListeningServer {
  readonly port: number;
  /** Settles when an answer has been sent while `condition` holds. */
  answered(condition: () => boolean): Promise<void>;
  /** Ends it at once, open connections included. */
  close(): void;
}

type Handler = (request: Received) => Promise<Response>;

/**
 * How long a request's head, and a whole request, may take to arrive, and how long a connection may
 * wait for its next request, in ms. Node's own 5 s are less than a busy machine's stall: the request
 * that has come meanwhile is then reset.
 */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 2_000,
} as const;

/** Tells Node's collector to prefer a small heap: under load it lets 100 MiB of garbage pile up otherwise. */
export function keepHeapSmall(): void {
  setFlagsFromString("--optimize-for-size");
}

/** Serves on `host` and `port`; 0 is a port that is free. */
export function serve(handle: Handler, host: string, port: number): Promise<ListeningServer> {
  const listeners: (() => void)[] = [];
  const server = createServer(LIMITS, (incoming, outgoing) => {
    answer(handle, incoming, outgoing).catch(() => outgoing.destroy());
    outgoing.on("finish", () => listeners.forEach((listener) => listener()));
  });
  return new Promise((resolve, reject) => {
    server.once("error", ({ message }) => {
      reject(failure(EXIT.failed, `Cannot listen on port ${port}: ${message}`));
    });
    server.listen(port, host, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        answered: (condition) =>
          new Promise((settle) => listeners.push(() => condition() && settle())),
        close() {
          server.close();
          server.closeAllConnections();
        },
      }));
  });
}

/** Carries one request from Node's server to the handler, and the answer back. */
async function answer(
  handle: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = await requestOf(incoming, outgoing);
  if (!request) {
    outgoing.writeHead(400, { "content-type": "text/plain", connection: "close" });
    return void outgoing.end("(the mock's own answer) This is no request that it can read.\n");
  }
  await send(await handle(request), outgoing);
  // Nobody reads it any more. The next request of this connection comes behind it.
  request.stream?.cancel().catch(() => {});
}

async function send({ status, headers, body }: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(status, [...headers].flat());
  const reader = body?.getReader();
  outgoing.on("close", () => void reader?.cancel().catch(() => {}));
  let left = Number(headers.get("content-length") ?? NaN);
  for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
    const { value } = part;
    left -= value.length;
    if (left === 0) return void outgoing.end(value); // with the head, in one piece
    await new Promise((sent) => outgoing.write(value, sent)); // what comes before a fault does arrive
  }
  outgoing.end();
}

/** No `Request`: making one, and reading its body, takes longer than all the rest. */
async function requestOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<Received | undefined> {
  const { method = "GET", url = "/", headers: { host = "127.0.0.1" } } = incoming;
  const target = url.startsWith("/") ? `http://${host}${url}` : url;
  if (!URL.canParse(target) || /^(CONNECT|TRACE)$/.test(method)) return undefined;
  return {
    method,
    url: new URL(target),
    headers: headersOf(incoming),
    ...await bodyOf(incoming),
    get signal() {
      return signalOf(outgoing);
    },
  };
}

/** As `Headers` joins them. */
function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? rawHeaders[i + 1]! : `${before}, ${rawHeaders[i + 1]}`;
  }
  return headers;
}

/** Aborted when the client goes before its answer is sent. */
function signalOf(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  outgoing.on("close", () => outgoing.writableFinished || gone.abort());
  if (outgoing.destroyed) gone.abort();
  return gone.signal;
}

/** A body; of one over 1 MiB, the rest as it arrives. */
function bodyOf(incoming: IncomingMessage): Promise<Body> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const take = (chunk: Uint8Array) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= BODY_LIMIT) return;
      incoming.pause();
      incoming.off("data", take).off("end", end).off("error", reject);
      resolve(begun(chunks, restOf(incoming).getReader()));
    };
    const end = () => resolve({ bytes: joined(chunks) });
    incoming.on("data", take).on("end", end).on("error", reject);
  });
}

/** What arrives from now on. Of what is given up the rest is taken and thrown away, so that the answer gets through. */
function restOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      incoming.on("data", (chunk: Uint8Array) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on("end", () => controller.close());
      incoming.on("error", (error) => controller.error(error));
      incoming.pause();
    },
    pull: () => void incoming.resume(),
    cancel() {
      incoming.removeAllListeners("data").removeAllListeners("end").resume();
    },
  }, { highWaterMark: 0 });
}
