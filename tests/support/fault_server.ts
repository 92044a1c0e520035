/** Raw TCP: everything that no HTTP server can be made to do wrong. */

import { readRequest } from "./capture_server.ts";
import { freePort } from "./ports.ts";

/** What the server does with a connection; it is closed when this returns. */
export type Behaviour = (connection: Deno.Conn) => void | Promise<void>;

/** A server while a test uses it. */
export interface FaultServer {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** How many connections it has accepted. */
  readonly accepted: number;
}

const encoder = new TextEncoder();

/** A token as KPN gives it, short. */
export const TOKEN = '{"access_token":"socket-token","expires_in":"3600"}';

/** Lets `use` talk to a server that treats every connection like this, and stops it. */
export async function withServer(
  behave: Behaviour,
  use: (server: FaultServer) => Promise<void>,
  listener: Deno.Listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }),
): Promise<void> {
  const connections: Deno.Conn[] = [];
  const served: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      served.push(serve(connection, behave));
    }
  })().catch(() => {}); // a TLS handshake that fails, too
  try {
    const { hostname, port } = listener.addr as Deno.NetAddr;
    await use({
      host: `${hostname}:${port}`,
      get accepted() {
        return connections.length;
      },
    });
  } finally {
    listener.close();
    await accepting;
    connections.forEach(close);
    await Promise.all(served);
  }
}

async function serve(connection: Deno.Conn, behave: Behaviour): Promise<void> {
  try {
    await behave(connection);
  } catch {
    // The other side has left, which is what some tests are about.
  } finally {
    close(connection);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // closed already
  }
}

/** The host of a port on which nobody listens. */
export function closedPort(): string {
  return `127.0.0.1:${freePort()}`;
}

/** A TLS listener whose certificate nobody has signed. */
export function selfSigned(): Deno.Listener {
  return Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: CERTIFICATE, key: KEY });
}

/** Sends `answer` at once, with what came of the request still unread: the close becomes a reset. */
export function resetAfter(answer: string): Behaviour {
  return async (connection) => {
    await connection.read(new Uint8Array(1));
    if (answer) await send(connection, answer);
  };
}

/** Reads a request, sends `answer` as it is, and closes politely. */
export function answerWith(answer: string): Behaviour {
  return async (connection) => {
    await readRequest(connection);
    await send(connection, answer);
  };
}

/** Accepts, reads, and never says a word. */
export const halfOpen: Behaviour = async (connection) => {
  while (await connection.read(new Uint8Array(4096)) !== null);
};

/** Sends `answer` up to `at`, then one byte at a time, never its last one; `onByte` hears of each. */
export function trickle(answer: string, at: number, onByte: () => void): Behaviour {
  return async (connection) => {
    await readRequest(connection);
    await send(connection, answer.slice(0, at));
    for (const byte of encoder.encode(answer.slice(at, -1))) {
      await connection.write(Uint8Array.of(byte));
      onByte();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    await halfOpen(connection);
  };
}

/** An answer with a true, or a false, content length. */
export function http(body: string, { status = "200 OK", length = body.length } = {}): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n` +
    `content-length: ${length}\r\n\r\n${body}`;
}

async function send(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = encoder.encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** For tests alone: it is for 127.0.0.1, and signed by itself. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUEngnWBQv0iJGnhR6YuujxdAxT1IwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE5MTAzNloYDzIxMjYxMDMx
MTkxMDM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATvrX+0hikrvEZWMeVLrUcOpABeGQSErfRqGen5RJLIjxrR9Ee1g3QO
NAxdA5aOF5hvCxm/a26aJn7dbvL+yd/fo28wbTAdBgNVHQ4EFgQUWqIS3A9oA5Eb
qQv1oAGJAmZGZWAwHwYDVR0jBBgwFoAUWqIS3A9oA5EbqQv1oAGJAmZGZWAwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAJqzzQGK4s00CQwpxdZcf4wO4GIlAhjpJIbG8Zt0TKcLAiEA
9zEenLbTWdGeGb/vg8XS4D+Cy36B05zmyOC2If4l6ug=
-----END CERTIFICATE-----`;

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgERrQJ6Prg33B6zss
b9JCevL6IQ/+DT5vMQWF4X6u3nyhRANCAATvrX+0hikrvEZWMeVLrUcOpABeGQSE
rfRqGen5RJLIjxrR9Ee1g3QONAxdA5aOF5hvCxm/a26aJn7dbvL+yd/f
-----END PRIVATE KEY-----`;
