/** Scripted answers: what the next requests get instead of the usual answer. */

import { FAILURES, type MockFailure } from "./answers.ts";
import type { RecordedRequest } from "./record.ts";

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

/** The names of all answers that a script can ask for. */
export const ANSWER_NAMES: readonly string[] = ["ok", ...Object.keys(FAILURES), "dropped", "never"];

/** The scripts that wait for their requests, the first in the first place. */
export interface Scripts {
  /** Adds one, checked. */
  add(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /**
   * Answers `request` as scripted, or as `usual` does. `aborting` is asked for its signal
   * only where that is needed: `Deno.serve` warns of whoever touches a request's.
   */
  play(
    request: RecordedRequest,
    kind: "token" | "api",
    aborting: { readonly signal: AbortSignal },
    usual: () => Response,
  ): Promise<Response>;
}

/** An empty list of scripts. */
export function createScripts(): Scripts {
  const scripts: (Required<Omit<ScriptOptions, "to">> & {
    readonly answer: ScriptedAnswer;
    readonly to: ScriptOptions["to"];
    times: number;
  })[] = [];

  return {
    add(answer, { to, times = 1, delay = 0 } = {}) {
      check(answer, { times, delay, ...to && { to } });
      scripts.push({ answer, to, times, delay });
    },
    async play(request, kind, aborting, usual) {
      const at = scripts.findIndex(({ to }) => !to || to === kind);
      const script = scripts[at];
      if (!script) return usual();
      if (--script.times === 0) scripts.splice(at, 1);
      if (script.delay) await pause(script.delay, aborting.signal);
      return await give(script.answer, request, aborting, usual);
    },
  };
}

function check(answer: ScriptedAnswer, { to, times, delay }: ScriptOptions): void {
  const refuse = (why: string) => {
    throw new TypeError(`Cannot script an answer: ${why}`);
  };
  if (typeof answer !== "function" && !ANSWER_NAMES.includes(answer)) {
    refuse(`there is none named ${JSON.stringify(answer)}; known: ${ANSWER_NAMES.join(", ")}`);
  }
  if (to !== undefined && to !== "token" && to !== "api") refuse('to is "token" or "api"');
  if (times !== Infinity && !Number.isInteger(times) || times! < 1) {
    refuse("times is a whole number from 1");
  }
  if (!Number.isFinite(delay) || delay! < 0) refuse("delay is ms, 0 or more");
}

async function give(
  answer: ScriptedAnswer,
  request: RecordedRequest,
  aborting: { readonly signal: AbortSignal },
  usual: () => Response,
): Promise<Response> {
  if (typeof answer === "function") return await answer(request);
  if (answer === "ok") return usual();
  if (answer === "never") return await untilAbort(aborting.signal, new Promise(() => {}));
  if (answer === "dropped") {
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    throw new TypeError("fetch failed", { cause });
  }
  return answer === "stalled" ? FAILURES.stalled(aborting.signal) : FAILURES[answer]();
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
