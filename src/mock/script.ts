/** Scripted answers: what the next requests get instead of the usual answer. */

import { FAILURES, type MockFailure, type Outcome } from "./answers.ts";
import { nearest } from "./nearest.ts";
import { pathMatches } from "./path.ts";
import type { Received } from "./received.ts";
import type { RecordedRequest } from "./record.ts";

/** Which requests a scripted answer is for, how often, and how late it comes. */
export interface ScriptOptions {
  /** Answer the token endpoints or the APIs only. Default: whatever comes next. */
  readonly to?: "token" | "api" | undefined;
  /** Answer requests with this method only. */
  readonly method?: string | undefined;
  /** Answer requests for this path only; a `*` at its end stands for any rest. */
  readonly path?: string | undefined;
  /** Answer token requests with this client id, and calls with its tokens, only. */
  readonly client?: string | undefined;
  /** Answer requests with this `x-request-id` only. */
  readonly requestId?: string | undefined;
  /** How many requests are answered so. Default: 1. */
  readonly times?: number | undefined;
  /** How late the answer comes, in ms. Default: 0. */
  readonly delay?: number | undefined;
}

/** What {@linkcode MockKpn.respondNext} can be told: a known failure, or an answer of one's own; `"ok"` with a `delay` is just late. */
export type ScriptedAnswer =
  | MockFailure
  | "ok"
  | ((request: RecordedRequest) => Response | Promise<Response>);

/** The names of all answers that a script can ask for. */
export const ANSWER_NAMES: readonly string[] = ["ok", ...Object.keys(FAILURES), "dropped", "never"];

/** What a timer can hold. */
const LONGEST_DELAY = 2 ** 31 - 1;

const OPTION_NAMES = ["to", "method", "path", "client", "requestId", "times", "delay"];

/** A request as scripts are aimed at it. */
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

/** The scripts that wait for their requests, the first in the first place. */
export interface Scripts {
  /** Adds one, checked. */
  add(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /** Answers a request as scripted, or as `usual` does. */
  play(target: Target, usual: () => Outcome | Promise<Outcome>): Promise<Outcome>;
  /** Forgets them all. */
  clear(): void;
}

/** An empty list of scripts. */
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
    refuse(`there is none named ${quoted(answer)}${hint(answer, ANSWER_NAMES, "known")}`);
  }
  const unknown = unknownField(options, OPTION_NAMES);
  if (unknown) refuse(unknown);
  const { to, method, path, client, requestId, times = 1, delay = 0 } = options;
  if (to !== undefined && to !== "token" && to !== "api") {
    refuse(`to is "token" or "api", not ${quoted(to)}`);
  }
  if (path !== undefined && !`${path}`.startsWith("/")) {
    refuse(`path begins with "/", but is ${quoted(path)}`);
  }
  for (const [name, value] of Object.entries({ method, path, client, requestId })) {
    if (value !== undefined && typeof value !== "string") {
      refuse(`${name} is a string, not ${quoted(value)}`);
    }
  }
  if (!(times === Infinity || Number.isInteger(times) && times >= 1)) {
    refuse(`times is a whole number from 1, not ${quoted(times)}`);
  }
  if (!(Number.isFinite(delay) && delay >= 0 && delay <= LONGEST_DELAY)) {
    refuse(`delay is ms, 0 to ${LONGEST_DELAY}, not ${quoted(delay)}`);
  }
}

function refuse(why: string): never {
  throw new TypeError(`Cannot script an answer: ${why}`);
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

/** What to say of a field that nobody knows: a slip of the finger must not be lost in silence. */
export function unknownField(options: object, known: readonly string[]): string | undefined {
  const name = Object.keys(options).find((name) => !known.includes(name));
  return name && `there is no field ${quoted(name)}${hint(name, known, "known")}`;
}

/** The nearest name, or all of them. */
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

/** Waits for `work`, but not beyond an abort; leaves no listener behind. */
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
