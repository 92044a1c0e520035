/**
 * The token endpoint and the API that the conformance suite talks to. The path says how it answers.
 */

import {
  type CapturedRequest,
  type CaptureServer,
  captureServer,
  header,
  latin1,
} from "../support/capture_server.ts";

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
  /** What the suite posted to `/report`. */
  report: string | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #server: CaptureServer = captureServer(
    (request, connection) => this.#answer(request, connection),
    { resets: (target) => target.split("?")[0] === "/reset" },
  );

  get origin(): string {
    return this.#server.origin;
  }

  /** The exact bytes of the first request to KPN's path. */
  get post(): string | undefined {
    const post = this.#server.requests.find(({ target }) => target.startsWith("/oauth/"));
    return post && post.head + latin1(post.body);
  }

  async #answer(request: CapturedRequest, connection: Deno.Conn): Promise<string | undefined> {
    const { method, target, body } = request;
    if (method === "OPTIONS") return response(204);
    for (const look of this.#watchers) look();
    const path = pathOf(request);
    const count = this.#count(path);
    const [, kind = ""] = path.split("/");
    switch (kind) {
      case "oauth":
      case "token":
        return response(200, json, token(count));
      case "gated":
        await this.#asked(`/open${path}`);
        return response(200, json, token(count));
      case "redirect":
        return response(307, { location: `${this.origin}/leaked` });
      case "never":
        return undefined;
      case "half":
        await write(connection, head(200, { ...json, "content-length": "500" }) + '{"access_');
        return undefined;
      case "endless":
        return await pour(connection);
      case "unknown-client":
        return response(401, json, { ErrorCode: "invalid_client", Error: "ClientId is Invalid" });
      case "api":
        return apiAnswer(request);
      case "count":
        return response(200, json, this.#count(path.slice("/count".length)));
      case "open":
        return response(200);
      case "asked":
        await this.#asked(path.slice("/asked".length));
        return response(200);
      case "report":
        this.report = new TextDecoder().decode(body);
        return response(200);
      case "page":
        return response(200, { "content-type": "text/html" }, "<!doctype html>");
    }
    return response(header(request, "authorization") ? 418 : 404, {}, target);
  }

  #count(path: string): number {
    return this.#server.requests.filter((request) =>
      request.method !== "OPTIONS" && pathOf(request) === path
    ).length;
  }

  /** Waits until a path has been asked for. */
  async #asked(path: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => this.#count(path) && resolve();
    this.#watchers.add(look);
    look();
    await promise;
    this.#watchers.delete(look);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

/** An API that knows every token but the first of each endpoint. */
function apiAnswer(request: CapturedRequest): string {
  const path = pathOf(request);
  if (path === "/api/redirect") return response(302, { location: "/followed" });
  if (path === "/api/fault") {
    return response(500, json, { error: { name: "Oops", message: "x".repeat(5_000) } });
  }
  if (header(request, "authorization")?.endsWith("-1")) {
    return response(401, json, {
      fault: {
        faultstring: "Invalid access token",
        detail: { errorcode: "keymanagement.service.invalid_access_token" },
      },
    });
  }
  const length = header(request, "content-length") ?? null;
  return response(200, json, { method: request.method, body: latin1(request.body), length });
}

function pathOf({ target }: CapturedRequest): string {
  return target.split("?")[0]!;
}

function head(status: number, headers: Record<string, string>): string {
  const lines = Object.entries({ ...CORS, ...headers, connection: "close" });
  return `HTTP/1.1 ${status} Whatever\r\n${
    lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }\r\n`;
}

function response(status: number, headers = {}, body: unknown = ""): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const length = status === 204 ? undefined : { "content-length": String(text.length) };
  return head(status, { ...headers, ...length }) + text;
}

function token(count: number): Record<string, string> {
  return {
    access_token: `${SENTINEL}-token-${count}`,
    token_type: "Bearer",
    expires_in: "3599",
    level: "demo",
  };
}

async function write(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/**
 * A body that does not end, of which 16 MiB come. More would stall WebKit: it goes on downloading what
 * was cancelled.
 */
async function pour(connection: Deno.Conn): Promise<undefined> {
  await write(connection, head(200, json));
  for (let n = 0; n < 1_024; n++) await write(connection, "x".repeat(16_384));
}
