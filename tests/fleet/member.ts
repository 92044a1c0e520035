/**
 * One process of a fleet, on Deno, Node or Bun. Its first argument is a `Member`; then each line
 * on its standard input is an `Order`, and each line that it prints a `Report`.
 */

import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";
import { createTokenSource, type TokenSource, type TokenStore } from "../../mod.ts";
import { type DenoKv, denoKvStore } from "../../src/stores/deno_kv.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { watchStalls } from "./disturbed.ts";

/** How a process takes part. */
export interface Member {
  readonly tokenEndpoint: string;
  /** Where node-redis is installed, and on which port its server listens. */
  readonly redis?: { readonly folder: string; readonly port: number };
  /** The SQLite file of a Deno KV. */
  readonly kv?: string;
  /** Of a token request, in ms. Default: 120,000, so that no stall makes a process mint alone. */
  readonly timeout?: number;
}

/** What a process is told to do. */
export type Order =
  /** So many callers at once; `reject` says that the token of the last report was rejected. */
  | { readonly callers: number; readonly reject?: boolean }
  /** A caller every 10 ms, until they got so many different tokens, for so many ms at most. */
  | { readonly different: number; readonly within: number }
  /** Wait until the store answers. */
  | { readonly connected: true }
  /** Use another secret from now on. */
  | { readonly secret: string };

/** What came of it. */
export interface Report {
  /** The different tokens that the callers got, in order. */
  readonly tokens: readonly string[];
  /** When each of them was asked for: epoch ms. */
  readonly askedAt: Readonly<Record<string, number>>;
  /** The different codes of the errors that they got instead. */
  readonly errors: readonly string[];
  /** The types of all events since the last report. */
  readonly events: readonly string[];
  /** The longest that the process stood still, or that a caller was not followed by the next: ms. */
  readonly stalled: number;
}

const member = JSON.parse(process.argv[2]!) as Member;
let clientSecret = "APP_CLIENT_SECRET";
const events: string[] = [];
let last: string | undefined;
/** What goes on behind a token. */
const behind: Promise<unknown>[] = [];
const store = await connect();
const { timeout = 120_000 } = member;
const source = createTokenSource({
  clientId: "APP_CLIENT_ID",
  clientSecret: () => clientSecret,
  tokenEndpoint: member.tokenEndpoint,
  timeout,
  attemptTimeout: timeout,
  store,
  onEvent: ({ type }) => events.push(type),
  waitUntil: (promise) => behind.push(promise),
});

const watch = watchStalls();
print({ tokens: [], askedAt: {}, errors: [], events: [], stalled: 0 }); // ready
for await (const line of createInterface({ input: process.stdin })) {
  print(await obey(JSON.parse(line)));
}
process.exit();

async function connect(): Promise<TokenStore> {
  if (member.kv) {
    const { Deno } = globalThis as unknown as {
      Deno: { openKv(path: string): Promise<DenoKv> };
    };
    return denoKvStore(await Deno.openKv(member.kv));
  }
  const { folder, port } = member.redis!;
  const client = createRequire(folder)("redis").createClient({ url: `redis://127.0.0.1:${port}` });
  client.on("error", () => {}); // it reconnects
  await client.connect();
  return redisStore((args) => client.sendCommand(args));
}

async function obey(order: Order): Promise<Report> {
  const tokens = new Set<string>();
  const askedAt: Record<string, number> = {};
  const errors = new Set<string>();
  const call = async (rejected?: string) => {
    const asked: Parameters<TokenSource["token"]>[0] = rejected
      ? { rejected: { value: rejected } }
      : {};
    await source.token(asked).then(
      ({ value, requestedAt }) => {
        tokens.add(last = value);
        askedAt[value] = requestedAt;
      },
      (error) => void errors.add(error.code ?? error.name),
    );
  };
  if ("secret" in order) clientSecret = order.secret;
  if ("connected" in order) await store.get("connected"); // its client waits until it has a connection
  if ("callers" in order) {
    const rejected = order.reject ? last : undefined;
    await Promise.all(Array.from({ length: order.callers }, () => call(rejected)));
  }
  if ("different" in order) {
    const end = performance.now() + order.within;
    while (tokens.size < order.different && performance.now() < end) {
      watch.mark();
      await call();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    watch.mark();
  }
  while (behind.length) await Promise.all(behind.splice(0));
  return {
    tokens: [...tokens],
    askedAt,
    errors: [...errors],
    events: events.splice(0),
    stalled: watch.longest(),
  };
}

function print(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
