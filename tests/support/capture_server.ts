/** A raw TCP server that records the exact bytes of every request, and answers each with a token. */

export interface CaptureServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly origin: string;
  /** The next request's bytes, as text in Latin-1: one character a byte. */
  next(): Promise<string>;
}

const ANSWER = JSON.stringify({
  access_token: "capturedToken",
  token_type: "Bearer",
  expires_in: "3599",
});

export function captureServer(): CaptureServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const captured: string[] = [];
  const waiting: ((request: string) => void)[] = [];
  const connections = new Set<Promise<void>>();

  async function accept(): Promise<void> {
    for await (const connection of listener) {
      const served = serve(connection).finally(() => connections.delete(served));
      connections.add(served);
    }
  }

  async function serve(connection: Deno.Conn): Promise<void> {
    try {
      const request = await readRequest(connection);
      if (request === undefined) return;
      const waiter = waiting.shift();
      if (waiter) waiter(request);
      else captured.push(request);
      await connection.write(new TextEncoder().encode(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n` +
          `connection: close\r\n\r\n${ANSWER}`,
      ));
    } finally {
      connection.close();
    }
  }

  const accepting = accept();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    next() {
      const request = captured.shift();
      if (request !== undefined) return Promise.resolve(request);
      return new Promise((resolve) => waiting.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting.catch(() => {});
      await Promise.allSettled(connections);
    },
  };
}

/** A whole request: its head, and as much body as `content-length` says. */
async function readRequest(connection: Deno.Conn): Promise<string | undefined> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  while (true) {
    const size = await connection.read(buffer);
    if (size === null) return undefined;
    text += latin1(buffer.subarray(0, size));
    const head = text.indexOf("\r\n\r\n");
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (head >= 0 && text.length >= head + 4 + length) return text;
  }
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
