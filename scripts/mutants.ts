/**
 * Puts small faults into the library, one at a time, and runs the fast suites against each: what no test
 * notices survives, and is listed.
 *
 *     deno task mutants                            50 faults of src/*.ts, src/curl and src/stores
 *     deno task mutants src/fault.ts --sample=all  every fault of a file
 *     deno task mutants --sample=200 --seed=N      the same faults again
 */

import { parseArgs } from "node:util";
import { random } from "../tests/support/amount.ts";
import { run, runToEnd } from "../tests/support/run.ts";
import { type Mutation, mutationsOf, typeChecker } from "./mutations.ts";

/** What came of a fault. */
type Fate = "killed" | "survived" | "does not compile";

/** The fast suites, each with its permissions. */
const SUITES: readonly (readonly string[])[] = [
  ["-P=unit", "tests/*_test.ts", "--ignore=tests/*_socket_test.ts"],
  ["-P=mock", "tests/mock"],
];

/** The suites of a folder, which run first for a fault in it. */
const OF_FOLDER: Readonly<Record<string, readonly string[]>> = {
  curl: ["-P=curl", "tests/curl", "--ignore=tests/curl/windows"],
  stores: [
    "-P=stores",
    "tests/stores",
    "--ignore=tests/stores/redis_test.ts,tests/stores/cloudflare_kv_test.ts",
  ],
};

/** How many faults are tried at once. */
const WORKERS = 2;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { sample: { type: "string", default: "50" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const tracked = (await run("git", ["ls-files", "-co", "--exclude-standard"])).trim().split("\n");
const sources = tracked.filter((path) => /^src\/((curl|stores)\/)?[^/]+\.ts$/.test(path));
const paths = positionals.length ? positionals : sources;

const texts = new Map(paths.map((path) => [path, Deno.readTextFileSync(path)]));
const chosen = choose([...texts].flatMap(([path, text]) => mutationsOf(path, text)));
const compiles = typeChecker(sources);
console.log(`${chosen.length} faults in ${paths.length} files, seed ${seed}`);

const fates = new Map<Mutation, Fate>();
const queue = [...chosen];
await Promise.all(Array.from({ length: WORKERS }, work));
report();

/** Draws as many as are asked for. */
function choose(all: readonly Mutation[]): Mutation[] {
  if (values.sample === "all") return [...all];
  const draw = random(seed);
  return all.map((mutation) => ({ mutation, at: draw() }))
    .sort((one, other) => one.at - other.at)
    .slice(0, Number(values.sample))
    .map(({ mutation }) => mutation);
}

/** Tries faults until there is none, in a copy of the project. */
async function work(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "kpn-auth-mutants-" });
  try {
    await run("sh", [
      "-c",
      `git ls-files -coz --exclude-standard | xargs -0 cp --parents -t ${folder}`,
    ]);
    const patience = await timeOf(folder);
    for (let mutation; (mutation = queue.shift());) {
      const fate = await fateOf(mutation, folder, patience);
      fates.set(mutation, fate);
      if (fate === "survived") console.log(mutation.description);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How long a run may take, in ms: an endless loop is noticed, too. Throws if a test fails without a fault. */
async function timeOf(folder: string): Promise<number> {
  const started = performance.now();
  const suites = new Set(paths.flatMap((path) => suitesFor(path)));
  for (const suite of suites) {
    const { code, stdout } = await test(folder, suite, 10 * 60_000);
    if (code !== 0) throw new Error(`The tests fail without a fault:\n${stdout}`);
  }
  return 5 * (performance.now() - started) + 10_000;
}

async function fateOf(mutation: Mutation, folder: string, patience: number): Promise<Fate> {
  const { path, start, end, replacement } = mutation;
  const text = texts.get(path)!;
  const mutated = text.slice(0, start) + replacement + text.slice(end);
  if (!compiles(path, mutated)) return "does not compile";
  await Deno.writeTextFile(`${folder}/${path}`, mutated);
  try {
    for (const suite of suitesFor(path)) {
      if ((await test(folder, suite, patience)).code !== 0) return "killed";
    }
    return "survived";
  } finally {
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
}

/** The tests that are named as the module run first, since they are the likeliest to notice. */
function suitesFor(path: string): readonly (readonly string[])[] {
  const [, folder = "", name = ""] = /^src\/(?:(\w+)\/)?(\w+)\.ts$/.exec(path) ?? [];
  const own = folder ? OF_FOLDER[folder] : namedAs(name);
  return own ? [own, ...SUITES] : SUITES;
}

function namedAs(name: string): readonly string[] | undefined {
  const files = tracked.filter((path) =>
    path.startsWith(`tests/${name}`) && /^tests\/\w+_test\.ts$/.test(path) &&
    !path.endsWith("_socket_test.ts")
  );
  return files.length ? ["-P=unit", ...files] : undefined;
}

function test(cwd: string, suite: readonly string[], patience: number) {
  const args = ["test", "--no-check", "--no-prompt", "--fail-fast", "--quiet", ...suite];
  return runToEnd(Deno.execPath(), args, { cwd, longest: patience });
}

function report(): void {
  const count = (fate: Fate) => [...fates.values()].filter((one) => one === fate).length;
  const [killed, survived] = [count("killed"), count("survived")];
  const share = (100 * killed / (killed + survived || 1)).toFixed(1);
  console.log(
    `${killed} killed, ${survived} survived, ${
      count("does not compile")
    } do not compile: ${share} % killed`,
  );
}
