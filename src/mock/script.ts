/** Scripted answers, which the next requests get instead of the usual ones. */

import { FAILURES, type MockFailure, type Outcome } from "./answers.ts";
import { nearest } from "./nearest.ts";
import { pathMatches } from "./path.ts";
import type { Received } from "./received.ts";
import type { RecordedRequest } from "./record.ts";

/** Which requests get a scripted answer, how many of them, and how late. */
export interface ScriptOptions {
  /** Only requests to the token endpoints, or only API calls. Default: both. */
  readonly to?: "token" | "api" | undefined;
  /** Only requests with this method. Default: any. */
  readonly method?: string | undefined;
  /** Only requests for this path; a `*` at the end matches any rest. Default: any. */
  readonly path?: string | undefined;
  /** Only token requests with this client id, and API calls with its tokens. Default: any. */
  readonly client?: string | undefined;
  /** Only requests with this `x-request-id`. Default: any. */
  readonly requestId?: string | undefined;
  /** How many requests get the answer. Default: 1. */
  readonly times?: number | undefined;
  /** How long the answer is delayed, in ms. Default: 0. */
  readonly delay?: number | undefined;
}

/** An answer for {@linkcode MockKpn.respondNext}: a known failure, your own function, or `"ok"`, the usual answer (for a `delay`). */
export type ScriptedAnswer =
  | MockFailure
  | "ok"
  | ((request: RecordedRequest) => Response | Promise<Response>);

/** The names of all answers that can be scripted. */
export const ANSWER_NAMES: readonly string[] = ["ok", ...Object.keys(FAILURES), "dropped", "never"];

/** The longest time that `setTimeout` accepts, in ms. */
const LONGEST_DELAY = 2 ** 31 - 1;

const OPTION_NAMES = ["to", "method", "path", "client", "requestId", "times", "delay"];

/** What scripts know of a request. */
export interface Target {
  readonly kind: "token" | "api";
  readonly clientId: string | undefined;
  readonly record: RecordedRequest;
  readonly received: Received;
}

interface Script extends ScriptOptions {
  readonly answer: ScriptedAnswer;
  times: number;
  readonly delay: number;
}

/** The scripts that wait for their requests, the oldest first. */
export interface Scripts {
  /** Checks and adds a script. */
  add(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /** Answers a request with the first script that matches, or else as `usual` does. */
  play(target: Target, usual: () => Outcome | Promise<Outcome>): Promise<Outcome>;
  /** Removes all scripts. */
  clear(): void;
}

/** Makes an empty list of scripts. */
export function createScripts(): Scripts {
  const scripts: Script[] = [];
  return {
    add(answer, options = {}) {
      check(answer, options);
      scripts.push({ ...options, answer, times: options.times ?? 1, delay: options.delay ?? 0 });
    },
    async play(target, usual) {
      const at = scripts.findIndex((script) => isFor(target, script));
      const script = scripts[at];
      if (!script) return await usual();
      if (--script.times === 0) scripts.splice(at, 1);
      const { answer, delay } = script;
      if (delay) await pause(delay, target.received.signal);
      const name = typeof answer === "function" ? "a function" : answer;
      const why = `scripted: ${name}${delay ? `, ${delay} ms late` : ""}`;
      if (answer === "ok") {
        const outcome = await usual();
        return { ...outcome, why: `${why}; ${outcome.why}` };
      }
      return { response: await give(answer, target), why };
    },
    clear: () => void (scripts.length = 0),
  };
}

function isFor(
  { kind, clientId, record, received }: Target,
  { to, method, path, client, requestId }: Script,
): boolean {
  return (to === undefined || to === kind) &&
    (method === undefined || method.toUpperCase() === record.method) &&
    (path === undefined || pathMatches(path, received.url.pathname)) &&
    (client === undefined || client === clientId) &&
    (requestId === undefined || requestId === record.headers["x-request-id"]);
}

function check(answer: ScriptedAnswer, options: ScriptOptions): void {
  if (typeof answer !== "function" && !ANSWER_NAMES.includes(answer)) {
    refuse(`there is no answer ${quoted(answer)}${hint(answer, ANSWER_NAMES, "known")}`);
  }
  const unknown = unknownField(options, OPTION_NAMES);
  if (unknown) refuse(unknown);
  const { to, method, path, client, requestId, times = 1, delay = 0 } = options;
  if (to !== undefined && to !== "token" && to !== "api") {
    refuse(`to must be "token" or "api", not ${quoted(to)}`);
  }
  if (path !== undefined && !`${path}`.startsWith("/")) {
    refuse(`path must begin with "/", but is ${quoted(path)}`);
  }
  for (const [name, value] of Object.entries({ method, path, client, requestId })) {
    if (value !== undefined && typeof value !== "string") {
      refuse(`${name} must be a string, not ${quoted(value)}`);
    }
  }
  if (!(times === Infinity || Number.isInteger(times) && times >= 1)) {
    refuse(`times must be a whole number from 1, not ${quoted(times)}`);
  }
  if (!(Number.isFinite(delay) && delay >= 0 && delay <= LONGEST_DELAY)) {
    refuse(`delay must be from 0 to ${LONGEST_DELAY} ms, not ${quoted(delay)}`);
  }
}

function refuse(why: string): never {
  throw new TypeError(`Cannot script an answer: ${why}`);
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

/** The message for an unknown field, if there is one: a typing error must not be ignored silently. */
export function unknownField(options: object, known: readonly string[]): string | undefined {
  const name = Object.keys(options).find((name) => !known.includes(name));
  return name && `there is no field ${quoted(name)}${hint(name, known, "known")}`;
}

/** Suggests the nearest name, or lists all of them. */
function hint(word: unknown, names: readonly string[], all: string): string {
  const meant = typeof word === "string" ? nearest(word, names) : undefined;
  return meant ? `; did you mean ${quoted(meant)}?` : `; ${all}: ${names.join(", ")}`;
}

async function give(
  answer: Exclude<ScriptedAnswer, "ok">,
  { record, received }: Target,
): Promise<Response> {
  if (typeof answer === "function") return await answer(record);
  if (answer === "never") return await untilAbort(received.signal, new Promise(() => {}));
  if (answer === "dropped") {
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    throw new TypeError("fetch failed", { cause });
  }
  return answer === "stalled" ? FAILURES.stalled(received.signal) : FAILURES[answer]();
}

/** Waits for `work` until `signal` aborts; leaves no listener behind. */
export function untilAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let leave: () => void;
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave);
      if (signal.aborted) leave();
    }),
  ]).finally(() => signal.removeEventListener("abort", leave));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await untilAbort(signal, late).finally(() => clearTimeout(timer));
}
