/**
 * Puts small faults into the library, one at a time, and runs the fast suites against each. What no
 * test notices survives, and is listed. Fails if less than 95 % are killed of those that compile and are not
 * equivalent (`tests/equivalent.md`).
 *
 *     deno task mutants                         every fault of src, src/curl and src/stores
 *     deno task mutants src/fault.ts            every fault of a file
 *     deno task mutants --sample=7 --seed=N     seven of each file, the same again
 *     deno task mutants src/fault.ts --tests='fault|explain'   only by tests whose file's name begins so
 *
 * All faults stand in one copy of the sources, each behind a switch, so that a process boots once and
 * tries many (`mutant_tests.ts`). A fault is tried only by the tests that reach it: the module's own,
 * then the others that are cheap. A dear test of another module is no proof of this one.
 */

import { parseArgs } from "node:util";
import { random } from "../tests/support/amount.ts";
import { run } from "../tests/support/run.ts";
import { startTester } from "./mutant_tester.ts";
import type { Learnt, TestId, Tried } from "./mutant_tests.ts";
import { type Mutation, mutationsOf, typeChecker, withSwitches } from "./mutations.ts";

/** What came of a fault. */
const FATES = ["killed", "survived", "equivalent", "does not compile"] as const;
type Fate = (typeof FATES)[number];

/** The fast suites. */
const TESTS =
  /^tests\/(\w+(?<!_socket)|mock\/\w+|curl\/(refusals|table)|stores\/(sealed|deno_kv))_test\.ts$/;

/** Where an equivalent fault is listed: a line ``- `path` `line` `before  →  after`: why``. */
const LIST = "tests/equivalent.md";

/** How many processes try faults at once. */
const WORKERS = 2;

/** A test is dear if it takes more of the processor, in ms. */
const DEAR = 500;

/** How many are to be killed of 100 that can be. */
const AIM = 95;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string" },
    tests: { type: "string", default: "" },
  },
});
const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const tracked = (await run("git", ["ls-files", "-co", "--exclude-standard"])).trim().split("\n");
const sources = tracked.filter((path) => /^src\/((curl|stores)\/)?[^/]+\.ts$/.test(path));
const paths = positionals.length ? positionals : sources;
const testFiles = tracked.filter((path) =>
  TESTS.test(path) && new RegExp(`^(${values.tests})`).test(path.split("/").pop()!)
);
const equivalents = new Set(
  [...(await Deno.readTextFile(LIST)).matchAll(/^- `(\S+)` (`.+` `.+`): ./gm)]
    .map(([, path, change]) => `${path} ${change}`),
);

const texts = new Map(sources.map((path) => [path, Deno.readTextFileSync(path)]));
const all = new Map(sources.map((path) => [path, mutationsOf(path, texts.get(path)!)]));
const ids = new Map([...all.values()].flat().map((mutation, at) => [mutation, at + 1]));
const draw = random(seed);
const queue = paths.flatMap((path) => choose(all.get(path) ?? []));
const compiles = typeChecker(sources);
const started = performance.now();
console.log(`${queue.length} faults in ${paths.length} files, seed ${seed}`);

const fates = new Map<Mutation, Fate>();
const folder = await copy();
try {
  const learnt = await learn();
  await Promise.all(Array.from({ length: WORKERS }, () => work(learnt)));
} finally {
  await Deno.remove(folder, { recursive: true });
}
report();

/** Draws as many of a file's as are asked for. */
function choose(all: readonly Mutation[]): Mutation[] {
  if (values.sample === undefined) return [...all];
  return all.map((mutation) => ({ mutation, at: draw() }))
    .sort((one, other) => one.at - other.at)
    .slice(0, Number(values.sample))
    .map(({ mutation }) => mutation);
}

/** A copy of the project, whose sources hold every fault. */
async function copy(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "kpn-auth-mutants-" });
  const files = "git ls-files -coz --exclude-standard";
  await run("sh", ["-c", `${files} | xargs -0 cp --parents -t ${folder}`]);
  await Deno.symlink(`${Deno.cwd()}/node_modules`, `${folder}/node_modules`);
  for (const [path, mutations] of all) {
    const switched = withSwitches(texts.get(path)!, mutations, (mutation) => ids.get(mutation)!);
    await Deno.writeTextFile(`${folder}/${path}`, switched);
  }
  return folder;
}

/** Learns which tests reach which faults: each process runs its part of the tests. */
async function learn(): Promise<Learnt> {
  const parts = await Promise.all(Array.from({ length: WORKERS }, async (_, nth) => {
    await using process = startTester(folder);
    const learnt = await process.ask({ files: testFiles.filter((_, at) => at % WORKERS === nth) });
    if (!learnt) throw new Error("The tests do not end without a fault.");
    return learnt;
  }));
  const tests = parts.flatMap(({ tests }) => tests);
  for (const { id, failure } of tests) {
    if (failure) console.log(`fails without a fault, and is not used: ${id.join(" ")}: ${failure}`);
  }
  return {
    loading: parts.flatMap(({ loading }) => loading),
    tests: tests.filter(({ failure }) => !failure).sort((one, other) => one.ms - other.ms),
  };
}

/** Which tests to try a fault by: the module's own that reach it, then the cheap ones of others. */
function chooser({ loading, tests }: Learnt) {
  const early = new Set(loading);
  const reaching = (path: string, ids: ReadonlySet<number>): TestId[] => {
    const name = /(\w+)\.ts$/.exec(path)![1]!;
    const isOwn = ({ id: [file] }: { id: TestId }) => file.split("/").pop()!.startsWith(name);
    const its = tests.filter(({ mutants }) => mutants.some((id) => ids.has(id)));
    const others = its.filter((test) => !isOwn(test) && test.ms <= DEAR);
    return [...its.filter(isOwn), ...others].map(({ id }) => id);
  };
  const inFile = new Map(
    [...all].map(([path, its]) => [path, reaching(path, new Set(its.map((one) => ids.get(one)!)))]),
  );
  return {
    testsFor: ({ path }: Mutation, id: number) => reaching(path, new Set([id])),
    /** Those for a fault that matters while modules load. */
    testsAlone: ({ path }: Mutation, id: number) =>
      !early.has(id)
        ? []
        : inFile.get(path)!.length
        ? inFile.get(path)!
        : tests.map(({ id }) => id),
  };
}

/** Tries faults until there is none. */
async function work(learnt: Learnt): Promise<void> {
  const { testsFor, testsAlone } = chooser(learnt);
  let shared = startTester(folder);
  const tryOut = async (mutation: Mutation): Promise<[Fate, why: string]> => {
    if (equivalents.has(`${mutation.path} ${mutation.change}`)) return ["equivalent", ""];
    if (!compiles(mutation)) return ["does not compile", ""];
    const mutant = ids.get(mutation)!;
    const tests = testsFor(mutation, mutant);
    const tried = await shared.ask({ mutant, tests });
    if (!tried || tried.hung) {
      await shared[Symbol.asyncDispose]();
      shared = startTester(folder);
    }
    if (!tried || tried.killer) return ["killed", whyOf(tried)];
    const alone = testsAlone(mutation, mutant);
    if (!alone.length) return ["survived", `${tests.length} tests`];
    await using process = startTester(folder, mutant);
    const again = await process.ask({ mutant, tests: alone });
    return !again || again.killer
      ? ["killed", whyOf(again)]
      : ["survived", `${alone.length} tests`];
  };
  try {
    for (let mutation; (mutation = queue.shift());) {
      const [fate, why] = await tryOut(mutation);
      fates.set(mutation, fate);
      console.log(`${fate.padEnd(16)} ${mutation.place}  ${mutation.change} ${why}`);
    }
  } finally {
    await shared[Symbol.asyncDispose]();
  }
}

function whyOf(tried: Tried | undefined): string {
  if (!tried) return "it hangs";
  return `by ${tried.killer}: ${tried.failure?.split("\n")[0]?.slice(0, 80)}`;
}

function report(): void {
  const tally = (path?: string) =>
    FATES.map((fate) =>
      [...fates].filter(([mutation, its]) =>
        its === fate && (path === undefined || mutation.path === path)
      ).length
    );
  for (const path of paths) console.log(`${path}: ${words(tally(path))}`);
  const total = tally();
  const [killed = 0, survived = 0] = total;
  const share = 100 * killed / (killed + survived || 1);
  console.log(
    `${words(total)}: ${share.toFixed(1)} % killed, in ${
      Math.round((performance.now() - started) / 1_000)
    } s`,
  );
  if (share < AIM) Deno.exit(1);
}

function words(tally: readonly number[]): string {
  return tally.map((count, at) => `${count} ${FATES[at]}`).join(", ");
}
