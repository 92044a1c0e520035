/**
 * A mock of KPN's gateway, strict by default: both token endpoints and Number
 * Insight, as a `fetch` to inject and as a handler for any runtime's server.
 *
 * @module
 */

import { TOKEN_ENDPOINTS } from "../kpn.ts";
import { FAILURES, type MockFailure, ownRefusal } from "./answers.ts";

export type { MockFailure } from "./answers.ts";

/** What the mock accepts and hands out. */
export interface MockKpnOptions {
  /** The only client id that it knows. Default: `"APP_CLIENT_ID"`. */
  readonly clientId?: string;
  /** Its secret. Default: `"APP_CLIENT_SECRET"`. */
  readonly clientSecret?: string;
  /** Lifetime of the tokens in ms. Default: 3,599,000, as KPN's. */
  readonly lifetime?: number;
  /** The tier that tokens tell. Default: `"demo"`. */
  readonly level?: string;
  /** The clock: epoch ms. Default: `Date.now`. */
  readonly now?: () => number;
  /** Where the sequence of tokens starts: the same seed, the same tokens. Default: 1. */
  readonly seed?: number;
}

/** A request as the mock has seen it, secrets included. */
export interface RecordedRequest {
  /** Its method. */
  readonly method: string;
  /** Its URL. */
  readonly url: string;
  /** Its headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its body. */
  readonly body: string;
}

/** Which requests a scripted answer is for, how often, and how late it comes. */
export interface ScriptOptions {
  /** Answer the token endpoints or the APIs only. Default: whatever comes next. */
  readonly to?: "token" | "api";
  /** How many requests are answered so. Default: 1. */
  readonly times?: number;
  /** How late the answer comes, in ms. Default: 0. */
  readonly delay?: number;
}

/** What {@linkcode MockKpn.respondNext} can be told: a known failure, or an answer of one's own; `"ok"` with a `delay` is just late. */
export type ScriptedAnswer =
  | MockFailure
  | "ok"
  | ((request: RecordedRequest) => Response | Promise<Response>);

/** The mock. Its state can be read at any time. */
export interface MockKpn {
  /** `fetch`, answered without a socket. Honours `init.signal`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** A handler for `Deno.serve`, `Bun.serve`, Workers, and any other server of fetch's kind. */
  readonly handle: (request: Request) => Promise<Response>;
  /** All requests so far, the oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** How many tokens were handed out. */
  readonly mints: number;
  /** Scripts the answer to the next requests. */
  respondNext(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /** Makes all tokens that were handed out invalid, as a revocation does. */
  revoke(): void;
}

interface Script {
  readonly answer: ScriptedAnswer;
  readonly to: ScriptOptions["to"];
  readonly delay: number;
  left: number;
}

/**
 * Makes a mock of KPN's gateway. It accepts what `kpn.md` says the endpoint
 * accepts, refuses everything else with KPN's own errors (where none is known,
 * the answer says that it is the mock's own), and records every request.
 *
 * @example
 * ```ts
 * import { requestToken } from "@kpn-auth/kpn-auth";
 * import { mockKpn } from "@kpn-auth/kpn-auth/testing";
 *
 * const mock = mockKpn();
 * mock.respondNext("server_error", { to: "token" });
 * await requestToken({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 *   fetch: mock.fetch,
 * });
 * console.log(mock.requests.length); // 2: it was tried again
 * ```
 */
export function mockKpn(options: MockKpnOptions = {}): MockKpn {
  const { clientId = "APP_CLIENT_ID", clientSecret = "APP_CLIENT_SECRET", now = Date.now } =
    options;
  const { lifetime = 3_599_000, level = "demo", seed = 1 } = options;
  const requests: RecordedRequest[] = [];
  const tokens = new Map<string, number>();
  const scripts: Script[] = [];
  const nextToken = tokenSequence(seed);
  let mints = 0;

  async function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const { signal } = request;
    signal.throwIfAborted();
    return await Promise.race([answer(request, signal), rejection(signal)]);
  }

  async function answer(request: Request, signal: AbortSignal): Promise<Response> {
    const record = await recordOf(request);
    requests.push(record);
    const kind = new URL(record.url).pathname.endsWith("/accesstoken") ? "token" : "api";
    const script = scripts.find(({ to, left }) => left > 0 && (!to || to === kind));
    if (script) script.left--;
    if (script?.delay) await delay(script.delay, signal);
    if (script === undefined || script.answer === "ok") return usual(record, kind);
    return await scripted(script.answer, record, signal);
  }

  function usual(request: RecordedRequest, kind: "token" | "api"): Response {
    return kind === "token" ? tokenAnswer(request) : apiAnswer(request);
  }

  function tokenAnswer(request: RecordedRequest): Response {
    const url = new URL(request.url);
    const realm = realmOf(url);
    if (!realm) return FAILURES.unknown_path();
    if (request.method !== "POST") return ownRefusal(405, "Only POST is accepted.");
    const type = request.headers["content-type"] ?? "";
    if (!/^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i.test(type)) {
      return ownRefusal(415, "The content type must be application/x-www-form-urlencoded.");
    }
    const form = new URLSearchParams(request.body);
    const grantType = url.searchParams.get("grant_type") ?? form.get("grant_type");
    if (grantType === null) return FAILURES.missing_grant_type();
    if (grantType !== "client_credentials") return ownRefusal(400, "Unknown grant_type.");
    const given = basicCredentials(request) ?? {
      id: form.get("client_id"),
      secret: form.get("client_secret"),
    };
    if (given.id === null) return FAILURES.missing_client_id();
    if (given.secret === null) {
      return Response.json({
        ErrorCode: "invalid_request",
        Error: "The request is missing a required parameter : client_secret",
      }, { status: 400 });
    }
    if (given.id !== clientId || given.secret !== clientSecret) {
      return realm === "msm" ? FAILURES.invalid_client_500() : FAILURES.invalid_client();
    }
    return Response.json(mint());
  }

  /** KPN's documented answer: every value is a string. */
  function mint(): Record<string, string> {
    const access_token = nextToken();
    const issuedAt = now();
    mints++;
    tokens.set(access_token, issuedAt + lifetime);
    return {
      refresh_token_expires_in: "0",
      api_product_list: "[number-insight]",
      organization_name: "kpn",
      developer_email: "demo123@kpn.com",
      token_type: "Bearer",
      issued_at: String(issuedAt),
      client_id: clientId,
      access_token,
      application_name: "test_application",
      level,
      scope: "",
      expires_in: String(Math.floor(lifetime / 1000)),
      refresh_token: "",
      refresh_count: "0",
      status: "approved",
    };
  }

  function apiAnswer(request: RecordedRequest): Response {
    const { pathname } = new URL(request.url);
    if (pathname !== "/communication/nexmo/number-insight/basic") return FAILURES.unknown_path();
    const token = /^Bearer (\S+)$/.exec(request.headers["authorization"] ?? "")?.[1] ?? "";
    const expiresAt = tokens.get(token);
    if (expiresAt === undefined) return FAILURES.invalid_access_token();
    if (now() >= expiresAt) return FAILURES.access_token_expired();
    if (request.method !== "POST") return ownRefusal(405, "Only POST is accepted.");
    const number = new URLSearchParams(request.body).get("number");
    if (number === null) return FAILURES.kpn_flat();
    return Response.json(numberInsight(number, requests.length));
  }

  return {
    fetch,
    handle: (request) => answer(request, request.signal),
    requests,
    get mints() {
      return mints;
    },
    respondNext(answer, { to, times = 1, delay = 0 } = {}) {
      scripts.push({ answer, to, delay, left: times });
    },
    revoke: () => tokens.clear(),
  };
}

async function scripted(
  answer: Exclude<ScriptedAnswer, "ok">,
  request: RecordedRequest,
  signal: AbortSignal,
): Promise<Response> {
  if (typeof answer === "function") return await answer(request);
  if (answer === "never") return await rejection(signal);
  if (answer === "dropped") {
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    throw new TypeError("fetch failed", { cause });
  }
  return FAILURES[answer]();
}

async function recordOf(request: Request): Promise<RecordedRequest> {
  const { method, url } = request;
  const headers = Object.fromEntries(request.headers);
  return { method, url, headers, body: await request.text() };
}

function realmOf(url: URL): string | undefined {
  const paths = Object.entries(TOKEN_ENDPOINTS);
  return paths.find(([, endpoint]) => new URL(endpoint).pathname === url.pathname)?.[0];
}

/** `Authorization: Basic`, as Swagger UI sends it: raw, not form-encoded first. */
function basicCredentials(
  { headers }: RecordedRequest,
): { id: string; secret: string } | undefined {
  const encoded = /^Basic (\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
  if (!encoded) return undefined;
  const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  const [id = "", ...secret] = new TextDecoder().decode(bytes).split(":");
  return { id, secret: secret.join(":") };
}

/** KPN's own example for 447700900000. */
function numberInsight(number: string, request: number): Record<string, unknown> {
  const digits = number.replace(/\D/g, "");
  return {
    status: 0,
    status_message: "Success",
    request_id: `mock-request-${request}`,
    international_format_number: digits,
    national_format_number: digits.replace(/^44(\d{4})(\d{6})$/, "0$1 $2"),
    country_code: "GB",
    country_code_iso3: "GBR",
    country_name: "United Kingdom",
    country_prefix: "44",
  };
}

/** Tokens that look like KPN's: 28 letters and digits, the same sequence for the same seed. */
function tokenSequence(seed: number): () => string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  let state = seed;
  const letter = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return alphabet[Math.floor(state / 2 ** 32 * alphabet.length)]!;
  };
  return () => Array.from({ length: 28 }, letter).join("");
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}
