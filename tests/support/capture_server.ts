/** A raw TCP server that keeps the exact bytes of every request: no HTTP library stands in between. */

import { KPN_ANSWER } from "./cases.ts";

/** A request as it came over the wire. */
export interface CapturedRequest {
  readonly method: string;
  /** The request target: path and query. */
  readonly target: string;
  /** Names as they were sent, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Request line and headers, with the empty line that ends them: a character for each byte. */
  readonly head: string;
  /** A chunked body is kept as it came, chunk sizes included. */
  readonly body: Uint8Array;
}

/** A running server; `await using` closes it. */
export interface CaptureServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** Everything captured so far, in the order of arrival. */
  readonly requests: CapturedRequest[];
}

/**
 * What is answered, as raw HTTP, after which the connection is closed. With `undefined` it stays as the
 * function left it, until the client leaves.
 */
export type Answer = (
  request: CapturedRequest,
  connection: Deno.Conn,
) => string | undefined | Promise<string | undefined>;

/** Starts a server on a free port of loopback. By default it answers with KPN's documented token. */
export function captureServer(
  answer: Answer = () => json(KPN_ANSWER),
  /** Which targets' connections are reset, with the body unread. */
  { resets = () => false }: { readonly resets?: (target: string) => boolean } = {},
): CaptureServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: CapturedRequest[] = [];
  const connections = new Map<Deno.Conn, Promise<void>>();
  const accepting = (async () => {
    for await (const connection of listener) connections.set(connection, serve(connection));
  })();

  async function serve(connection: Deno.Conn): Promise<void> {
    try {
      const request = await readRequest(connection, resets);
      if (!request) return;
      requests.push(request);
      const text = await answer(request, connection);
      if (text !== undefined) {
        await connection.write(new TextEncoder().encode(text));
        await connection.closeWrite();
      }
      while (await connection.read(new Uint8Array(512)) !== null);
    } catch (error) {
      if (!LEFT.some((left) => error instanceof left)) throw error;
    } finally {
      if (connections.delete(connection)) connection.close();
    }
  }

  return {
    origin: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      const served = [...connections.values()];
      for (const connection of connections.keys()) connection.close();
      connections.clear();
      await Promise.all(served);
    },
  };
}

/** What is thrown where the client, or we, have left. */
const { BadResource, BrokenPipe, ConnectionReset, Interrupted, NotConnected } = Deno.errors;
const LEFT = [BadResource, BrokenPipe, ConnectionReset, Interrupted, NotConnected];

/** A raw 200 with a JSON body. */
export function json(value: unknown): string {
  const body = JSON.stringify(value);
  const length = new TextEncoder().encode(body).length;
  return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" +
    `content-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
}

/** The value of a header, whatever the case of its name. */
export function header(request: CapturedRequest, name: string): string | undefined {
  return request.headers.find(([given]) => given.toLowerCase() === name)?.[1];
}

/** Reads to the end of the body; `undefined` if the client left before that, or is to be reset. */
export async function readRequest(
  connection: Deno.Conn,
  resets: (target: string) => boolean = () => false,
): Promise<CapturedRequest | undefined> {
  let bytes = new Uint8Array();
  const chunk = new Uint8Array(65_536);
  while (true) {
    const request = parse(bytes);
    if (request) return request;
    // Only a connection with something unread is reset by closing it.
    const [, target = ""] = latin1(bytes.subarray(0, 100)).split(" ");
    if (resets(target)) return undefined;
    const size = await connection.read(bytes.length ? chunk : chunk.subarray(0, 100));
    if (size === null) return undefined;
    const longer = new Uint8Array(bytes.length + size);
    longer.set(bytes);
    longer.set(chunk.subarray(0, size), bytes.length);
    bytes = longer;
  }
}

/** The request, once all of it is there. */
function parse(bytes: Uint8Array): CapturedRequest | undefined {
  const text = latin1(bytes);
  const end = text.indexOf("\r\n\r\n") + 4;
  if (end < 4) return undefined;
  const head = text.slice(0, end);
  const [start = "", ...lines] = head.trimEnd().split("\r\n");
  const [method = "", target = ""] = start.split(" ");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const request = { method, target, headers, head, body: bytes.slice(end) };
  const whole = /chunked/i.test(header(request, "transfer-encoding") ?? "")
    ? text.endsWith("0\r\n\r\n")
    : request.body.length >= Number(header(request, "content-length") ?? 0);
  return whole ? request : undefined;
}

/** Bytes as a string with a character for each: nothing is lost, and it can be compared and searched. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
