/**
 * Runs tests against one fault after another, in one process; `deno task mutants` starts it in a copy of
 * the project whose sources hold every fault, each behind a switch. It reads a command a line, and
 * answers each with a line. A fault that matters while a module loads needs a process of its own:
 * `--mutant=N` switches it on from the start.
 */

import { cpuUsage } from "node:process";
import { setImmediate } from "node:timers";

/** Runs all tests of the files, to learn which fault each of them reaches. */
export interface Learn {
  readonly files: readonly string[];
}

/** Runs tests with a fault until one fails. */
export interface Try {
  readonly mutant: number;
  readonly tests: readonly TestId[];
}

/** A test: its file, and the how manieth it is there. */
export type TestId = readonly [file: string, nth: number];

/** What was learnt. */
export interface Learnt {
  /** The faults that are reached while modules load. */
  readonly loading: readonly number[];
  readonly tests: readonly {
    readonly id: TestId;
    /** What it takes of the processor. */
    readonly ms: number;
    readonly mutants: readonly number[];
    /** Why it fails without any fault. */
    readonly failure?: string;
  }[];
}

/** What came of a fault. */
export interface Tried {
  /** The test that failed. */
  readonly killer?: string;
  readonly failure?: string;
  /** A test did not end: this process is of no more use. */
  readonly hung?: true;
}

/** What an answer begins with: tests may print, too. */
export const MARK = "mutants: ";

/** A test hangs if it takes more than so much of the processor, in ms, or next to nothing for so many seconds. */
const LONGEST = 10_000;
const IDLE = 15;

/** In a second with less of the processor, in ms, it does nothing but look at this. */
const TICK = 20;

const HUNG = "did not end";

type Timer = ReturnType<typeof setTimeout>;

interface Test {
  readonly name: string;
  readonly run: (context: unknown) => unknown;
}

// Tests replace these.
const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
const files = new Map<string, readonly Test[]>();
const timers = new Set<Timer>();
let registered: Test[] = [];
let active = 0;
let reached = new Set<number>();
let fail: (error: unknown) => void = () => {};

if (import.meta.main) {
  const own = Number(/--mutant=(\d+)/.exec(Deno.args.join(" "))?.[1] ?? 0);
  active = own;
  Object.assign(globalThis, {
    isMutant: (id: number) => {
      reached.add(id);
      return id === active;
    },
    setTimeout: (run: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run(...given);
      }, ms);
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: Timer) => {
      timers.delete(timer);
      clearTimeout(timer);
    },
  });
  Object.defineProperty(Deno, "test", { value: Object.assign(register, { ignore: () => {} }) });
  for (const type of ["unhandledrejection", "error"]) {
    addEventListener(type, (event) => {
      event.preventDefault();
      const { reason, error } = event as PromiseRejectionEvent & ErrorEvent;
      fail(reason ?? error);
    });
  }
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  let text = "";
  for await (const chunk of lines) {
    const [...whole] = (text + chunk).split("\n");
    text = whole.pop()!;
    for (const line of whole) {
      const command: Learn | Try = JSON.parse(line);
      const answer = "files" in command ? await learn(command) : await tryOut(command, own);
      console.log(`\n${MARK}${JSON.stringify(answer)}`);
    }
  }
  Deno.exit();
}

/** In the place of `Deno.test`. */
function register(...given: unknown[]): void {
  const options = Object.assign({}, ...given.filter((one) => typeof one === "object"));
  if (options.ignore) return;
  const run = given.find((one) => typeof one === "function") ?? options.fn;
  const name = given.find((one) => typeof one === "string") ?? options.name ?? run.name;
  registered.push({ name, run });
}

async function load(file: string): Promise<readonly Test[]> {
  const known = files.get(file);
  if (known) return known;
  registered = [];
  await import(`../${file}`);
  files.set(file, registered);
  return registered;
}

/** Runs a test as `deno test` does. Returns why it failed, if it did. */
async function failureOf({ name, run }: Test): Promise<string | undefined> {
  let timer;
  const step = async (
    title: string | { name: string; fn: (its: unknown) => unknown },
    fn?: (its: unknown) => unknown,
  ) => {
    await (typeof title === "string" ? fn! : title.fn)(context);
    return true;
  };
  const context = { name, step };
  try {
    await new Promise((resolve, reject) => {
      fail = reject;
      timer = onHang(() => reject(HUNG));
      (async () => await run(context))().then(settled).then(resolve, reject);
    });
  } catch (error) {
    return String(error instanceof Error ? error.message : error) || "failed";
  } finally {
    clearInterval(timer);
    for (const left of timers) clearTimeout(left);
    timers.clear();
  }
}

/** Calls `hung` when a test hangs, however busy the machine is with other things. */
function onHang(hung: () => void) {
  const started = used();
  let before = started;
  let idle = 0;
  return setInterval(() => {
    idle = used() - before < TICK ? idle + 1 : 0;
    before = used();
    if (idle === IDLE || before - started > LONGEST) hung();
  }, 1_000);
}

/** How many ms of the processor this process has taken. */
function used(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

/** Nothing that a test began may go on after it. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  if (timers.size) throw new Error("a timer is left behind");
}

async function learn({ files }: Learn): Promise<Learnt> {
  reached = new Set();
  for (const file of files) await load(file);
  const loading = [...reached];
  const tests = [];
  for (const file of files) {
    for (const [nth, test] of (await load(file)).entries()) {
      reached = new Set();
      const started = used();
      const failure = await failureOf(test);
      console.log();
      const ms = used() - started;
      const id: TestId = [file, nth];
      tests.push({ id, ms, mutants: [...reached], ...failure && { failure } });
    }
  }
  return { loading, tests };
}

async function tryOut({ mutant, tests }: Try, own: number): Promise<Tried> {
  for (const [file, nth] of tests) {
    active = own;
    const test = await load(file).then((all) => all[nth], (error) => {
      if (own) return { name: file, run: () => Promise.reject(error) };
      throw error;
    });
    if (!test) throw new Error(`${file} has no ${nth}th test any more`);
    active = mutant;
    const failure = await failureOf(test);
    active = own;
    console.log(); // a sign of life
    if (failure) return { killer: test.name, failure, ...failure === HUNG && { hung: true } };
  }
  return {};
}
