/**
 * The token endpoint and the API that the conformance suite talks to: raw TCP, so
 * that the exact bytes are kept, and a connection can be reset. The path says how it answers.
 */

import { createServer, type Server, type Socket } from "node:net";

/** A request: its exact bytes, and what they say. */
export interface CapturedRequest {
  readonly raw: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** Every token and every secret of the suite holds this word: it must never be printed. */
export const SENTINEL = "sEntineL";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, content-type",
  "access-control-allow-methods": "GET, POST",
};

const json = { "content-type": "application/json" };

/** A server on a free port of loopback. */
export class SuiteServer implements AsyncDisposable {
  readonly requests: CapturedRequest[] = [];
  /** What the suite posted to `/report`. */
  report: string | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => this.#accept(socket));

  static async start(): Promise<SuiteServer> {
    const server = new SuiteServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  #accept(socket: Socket): void {
    let received = "";
    this.#sockets.add(socket);
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (text: string) => {
      received += text;
      const request = parse(received);
      if (!request) return;
      received = "";
      if (request.method !== "OPTIONS") this.requests.push(request);
      for (const look of this.#watchers) look();
      this.#answer(request, socket);
    });
  }

  #answer(request: CapturedRequest, socket: Socket): void {
    const { method, path, headers } = request;
    const count = this.#count(path);
    if (method === "OPTIONS") return respond(socket, 204);
    const [, kind = ""] = path.split("/");
    switch (kind) {
      case "oauth":
      case "token":
        return respond(socket, 200, json, token(count));
      case "gated":
        return this.#whenAsked(`/open${path}`, () => respond(socket, 200, json, token(count)));
      case "redirect":
        return respond(socket, 307, { location: `http://127.0.0.1:${this.port}/leaked` });
      case "never":
        return;
      case "half":
        return void socket.write(head(200, { ...json, "content-length": "500" }) + '{"access_');
      case "endless":
        return pour(socket);
      case "reset":
        return void socket.resetAndDestroy();
      case "unknown-client":
        return respond(
          socket,
          401,
          json,
          { ErrorCode: "invalid_client", Error: "ClientId is Invalid" },
        );
      case "api":
        return this.#api(request, socket);
      case "count":
        return respond(socket, 200, json, this.#count(path.slice("/count".length)));
      case "open":
        return respond(socket, 200);
      case "asked":
        return this.#whenAsked(path.slice("/asked".length), () => respond(socket, 200));
      case "report":
        respond(socket, 200);
        this.report = request.body;
        return;
      case "page":
        return respond(socket, 200, { "content-type": "text/html" }, "<!doctype html>");
    }
    respond(socket, headers.has("authorization") ? 418 : 404);
  }

  /** An API that knows every token but the first of each endpoint. */
  #api(request: CapturedRequest, socket: Socket): void {
    const { method, path, headers, body } = request;
    if (path === "/api/redirect") return respond(socket, 302, { location: "/followed" });
    if (path === "/api/fault") {
      return respond(socket, 500, json, { error: { name: "Oops", message: "x".repeat(5_000) } });
    }
    if (headers.get("authorization")?.endsWith("-1")) {
      return respond(socket, 401, json, {
        fault: {
          faultstring: "Invalid access token",
          detail: { errorcode: "keymanagement.service.invalid_access_token" },
        },
      });
    }
    respond(socket, 200, json, { method, body, length: headers.get("content-length") });
  }

  #count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  #whenAsked(path: string, then: () => void): void {
    const look = () => {
      if (this.#count(path) === 0) return;
      this.#watchers.delete(look);
      then();
    };
    this.#watchers.add(look);
    look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A whole request, or nothing yet. */
function parse(raw: string): CapturedRequest | undefined {
  const end = raw.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [requestLine = "", ...lines] = raw.slice(0, end).split("\r\n");
  const headers = new Headers(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const body = raw.slice(end + 4);
  if (body.length < Number(headers.get("content-length"))) return undefined;
  const [method = "", target = ""] = requestLine.split(" ");
  return { raw, method, path: target.split("?")[0]!, headers, body };
}

function head(status: number, headers: Record<string, string>): string {
  const lines = Object.entries({ ...CORS, ...headers, connection: "close" });
  return `HTTP/1.1 ${status} Whatever\r\n${
    lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }\r\n`;
}

function respond(socket: Socket, status: number, headers = {}, body: unknown = ""): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const length = status === 204 ? undefined : { "content-length": String(text.length) };
  socket.end(head(status, { ...headers, ...length }) + text);
}

function token(count: number): Record<string, string> {
  return {
    access_token: `${SENTINEL}-token-${count}`,
    token_type: "Bearer",
    expires_in: "3599",
    level: "demo",
  };
}

/** A body without an end, as fast as it is taken. */
function pour(socket: Socket): void {
  socket.write(head(200, json));
  const write = () => {
    while (!socket.destroyed && socket.write("x".repeat(16_384)));
  };
  socket.on("drain", write);
  write();
}
