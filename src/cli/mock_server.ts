/** Serves the mock on a port with `node:http`, which Deno, Node and Bun have. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { begun, type Body, BODY_LIMIT, type Received } from "../mock/received.ts";
import { EXIT, failure } from "./exit.ts";

/** A server that listens. */
export interface ListeningServer {
  readonly port: number;
  /** Settles when an answer has been sent while `condition` holds. */
  answered(condition: () => boolean): Promise<void>;
  /** Stops the server at once, and closes all connections. */
  close(): void;
}

type Handler = (request: Received) => Promise<Response>;

/**
 * How long a request's head, and a whole request, may take to arrive, and how long a connection may
 * wait for its next request, in ms. Node's default for the last is 5 s: a busy machine may stall for
 * longer, and a request that arrived meanwhile would be reset.
 */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 2_000,
} as const;

/**
 * Makes Node collect garbage often: under load 100 MiB of it would gather. `--optimize-for-size` does
 * so too, and halves the requests a second.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=15");
}

/** Serves on `host` and `port`; 0 chooses a free port. */
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

/** Passes one request from Node's server to the handler, and sends the answer. */
async function answer(
  handle: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = await requestOf(incoming, outgoing);
  if (!request) {
    outgoing.writeHead(400, { "content-type": "text/plain", connection: "close" });
    return void outgoing.end("(the mock's own answer) The mock cannot read this request.\n");
  }
  await send(await handle(request), outgoing);
  // Drop the rest of the body: the next request of this connection follows it.
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
    if (left === 0) return void outgoing.end(value); // together with the head
    await new Promise((sent) => outgoing.write(value, sent)); // so that it arrives even if the rest fails
  }
  outgoing.end();
}

/** Reads a request without making a `Request`, which would take longer than everything else. */
async function requestOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<Received | undefined> {
  const { method = "GET", url = "/", headers: { host = "127.0.0.1" } } = incoming;
  const target = url.startsWith("/") ? `http://${host}${url}` : url;
  if (!URL.canParse(target) || /^(CONNECT|TRACE)$/.test(method)) return undefined;
  const read = new URL(target);
  if (read.username || read.password) return undefined; // no client sends them
  return {
    method,
    url: read,
    headers: headersOf(incoming),
    ...await bodyOf(incoming),
    get signal() {
      return signalOf(outgoing);
    },
  };
}

/** The headers by name; repeated ones are joined as `Headers` does. */
function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = Object.create(null); // a header may be called constructor
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? rawHeaders[i + 1]! : `${before}, ${rawHeaders[i + 1]}`;
  }
  return headers;
}

/** A signal that aborts if the client leaves before its answer is sent. */
function signalOf(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  outgoing.on("close", () => outgoing.writableFinished || gone.abort());
  if (outgoing.destroyed) gone.abort();
  return gone.signal;
}

/**
 * Reads a body, and streams what follows the first MiB. Its bytes are written into one array as they
 * come: chunks that are kept until they can be joined take twice the memory.
 */
function bodyOf(incoming: IncomingMessage): Promise<Body> {
  const declared = Math.min(Number(incoming.headers["content-length"] ?? 0), BODY_LIMIT);
  return new Promise((resolve, reject) => {
    let bytes = new Uint8Array();
    let size = 0;
    const take = (chunk: Uint8Array) => {
      const needed = size + chunk.length;
      if (needed > bytes.length) bytes = grown(bytes, Math.max(needed, declared, 2 * size));
      bytes.set(chunk, size);
      size = needed;
      if (size <= BODY_LIMIT) return;
      incoming.pause();
      incoming.off("data", take).off("end", end).off("error", reject);
      resolve(begun([bytes.subarray(0, size)], restOf(incoming).getReader()));
    };
    const end = () => resolve({ bytes: bytes.subarray(0, size) });
    incoming.on("data", take).on("end", end).on("error", reject);
  });
}

function grown(bytes: Uint8Array, length: number): Body["bytes"] {
  const more = new Uint8Array(length);
  more.set(bytes);
  return more;
}

/** A stream of the rest of a body. After a `cancel` the rest is still received, and dropped: the answer could not be sent otherwise. */
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
