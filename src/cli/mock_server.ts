/** A handler of fetch's kind on a port, by `node:http`, which Deno, Node and Bun know. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { EXIT, failure } from "./exit.ts";

/** A server that listens. */
export interface ListeningServer {
  readonly port: number;
  /** Settles when an answer has been sent while `condition` holds. */
  answered(condition: () => boolean): Promise<void>;
  /** Ends it at once, open connections included. */
  close(): void;
}

type Handler = (request: Request) => Promise<Response>;

/** How long a request's head, and a whole request, may take to arrive, in ms. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 2_000,
} as const;

/** Serves on `host` and `port`; 0 is a port that is free. */
export function serve(handle: Handler, host: string, port: number): Promise<ListeningServer> {
  const listeners: (() => void)[] = [];
  const server = createServer(LIMITS, (incoming, outgoing) => {
    answer(handle, incoming, outgoing).catch(() => outgoing.destroy());
    outgoing.on("finish", () => listeners.forEach((listener) => listener()));
  });
  return new Promise((resolve, reject) => {
    server.once("error", ({ message }) => {
      reject(failure(EXIT.failed, `Cannot listen on port ${port} of ${host}: ${message}`));
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
  const request = requestOf(incoming, outgoing);
  if (!request) {
    outgoing.writeHead(400, { "content-type": "text/plain", connection: "close" });
    return void outgoing.end("(the mock's own answer) This is no request that it can read.\n");
  }
  const { status, headers, body } = await handle(request);
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

function requestOf(incoming: IncomingMessage, outgoing: ServerResponse): Request | undefined {
  const { method = "GET", url = "/", headers: { host = "127.0.0.1" }, rawHeaders } = incoming;
  try {
    const headers = new Headers();
    for (let i = 0; i < rawHeaders.length; i += 2) {
      headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
    }
    const target = url.startsWith("/") ? `http://${host}${url}` : url;
    const body = /^(GET|HEAD)$/.test(method) ? null : bodyOf(incoming);
    const request = new Request(target, { method, headers, body, duplex: "half" } as RequestInit);
    return Object.defineProperty(request, "signal", { get: () => signalOf(outgoing) });
  } catch {
    return undefined; // a method or a host that no Request takes
  }
}

/** Aborted when the client goes before its answer is sent. Few answers ask for it, and it takes its time to make. */
function signalOf(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  outgoing.on("close", () => outgoing.writableFinished || gone.abort());
  if (outgoing.destroyed) gone.abort();
  return gone.signal;
}

/** A body as it arrives. Of one that is given up the rest is taken and thrown away, so that the answer gets through. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      incoming.pause();
      incoming.on("data", (chunk: Uint8Array) => {
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on("end", () => controller.close());
      incoming.on("error", (error) => controller.error(error));
    },
    pull: () => void incoming.resume(),
    cancel() {
      incoming.removeAllListeners("data").removeAllListeners("end").resume();
    },
  }, { highWaterMark: 0 });
}
