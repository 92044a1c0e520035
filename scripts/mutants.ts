/**
 * Puts small faults into the library, one at a time, and runs the fast suites against each: first the
 * tests that are likeliest to notice, then the others. What no test notices survives, and is listed.
 *
 *     deno task mutants                            a fault of each file of src, src/curl and src/stores
 *     deno task mutants --sample=7 --seed=N        seven of each, the same again
 *     deno task mutants src/fault.ts --sample=all  every fault of a file
 *     deno task mutants src/fault.ts --quick       only by the tests that are likeliest to notice
 */

import { parseArgs } from "node:util";
import { random } from "../tests/support/amount.ts";
import { run, runToEnd } from "../tests/support/run.ts";
import { type Mutation, mutationsOf, typeChecker } from "./mutations.ts";

/** What came of a fault. */
const FATES = ["killed", "survived", "equivalent", "does not compile"] as const;
type Fate = (typeof FATES)[number];

/** Arguments of `deno test`. */
type Suite = readonly string[];

/** The fast suites, each with its permissions. */
const SUITES: readonly Suite[] = [
  ["-P=unit", "tests/*_test.ts", "--ignore=tests/*_socket_test.ts"],
  ["-P=mock", "tests/mock"],
];

/** Modules that are tested beside, or under the names of, others. */
const RELATIVES: Readonly<Record<string, readonly string[]>> = {
  body: ["response", "fetch_body"],
  cached: ["source"],
  call: ["fetch"],
  cloudflare_kv: ["stores"],
  deadline: ["grant"],
  deno_kv: ["stores"],
  envelope: ["fault", "explain"],
  events: ["source"],
  fault: ["explain", "response"],
  flight: ["cached"],
  grant: ["source"],
  kpn: ["request"],
  meanings: ["fault", "explain"],
  options: ["request", "url", "numbers"],
  redact: ["response"],
  redis: ["stores"],
  rejections: ["cached"],
  response: ["token", "redact"],
  source: ["cached"],
  store_key: ["stored"],
  token: ["source", "response", "cached"],
  wait_until: ["source", "cached"],
};

/** Where an equivalent fault is listed: `- path: before  →  after: why`. */
const LIST = "tests/equivalent.md";

/** How many faults are tried at once. */
const WORKERS = 2;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    sample: { type: "string", default: "1" },
    seed: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const tracked = (await run("git", ["ls-files", "-co", "--exclude-standard"])).trim().split("\n");
const sources = tracked.filter((path) => /^src\/((curl|stores)\/)?[^/]+\.ts$/.test(path));
const paths = positionals.length ? positionals : sources;
const equivalents = await Deno.readTextFile(LIST);

const texts = new Map(paths.map((path) => [path, Deno.readTextFileSync(path)]));
const draw = random(seed);
const queue = [...texts].flatMap(([path, text]) => choose(mutationsOf(path, text)));
const compiles = typeChecker(sources);
console.log(`${queue.length} faults in ${paths.length} files, seed ${seed}`);

const fates = new Map<Mutation, Fate>();
/** How long each suite may take, in ms: an endless loop is noticed, too. */
const patience = new Map<string, Promise<number>>();
await Promise.all(Array.from({ length: WORKERS }, work));
report();

/** Draws as many of a file's as are asked for. */
function choose(all: readonly Mutation[]): Mutation[] {
  if (values.sample === "all") return [...all];
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
    for (let mutation; (mutation = queue.shift());) {
      const fate = await fateOf(mutation, folder);
      fates.set(mutation, fate);
      console.log(`${fate.padEnd(16)} ${mutation.place}  ${mutation.change}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function fateOf(
  { path, start, end, replacement, change }: Mutation,
  folder: string,
): Promise<Fate> {
  if (equivalents.includes(`\n- ${path}: ${change}: `)) return "equivalent";
  const text = texts.get(path)!;
  const mutated = text.slice(0, start) + replacement + text.slice(end);
  if (!compiles(path, mutated)) return "does not compile";
  for (const suite of suitesFor(path)) {
    const longest = patience.get(suite.join()) ?? timeOf(suite, folder);
    patience.set(suite.join(), longest);
    const ms = await longest;
    await Deno.writeTextFile(`${folder}/${path}`, mutated);
    const { code } = await test(folder, suite, ms);
    await Deno.writeTextFile(`${folder}/${path}`, text);
    if (code !== 0) return "killed";
  }
  return "survived";
}

/** Five times as long as a suite takes without a fault. Throws if a test fails then. */
async function timeOf(suite: Suite, folder: string): Promise<number> {
  const started = performance.now();
  const { code, stdout } = await test(folder, suite, 10 * 60_000);
  if (code !== 0) throw new Error(`The tests fail without a fault:\n${stdout}`);
  return 5 * (performance.now() - started) + 10_000;
}

/** The suites for a module; first the tests that are named as it, or as its relatives. */
function suitesFor(path: string): readonly Suite[] {
  const [, folder = "", name = ""] = /^src\/(?:(\w+)\/)?(\w+)\.ts$/.exec(path) ?? [];
  const others = values.quick ? [] : SUITES;
  if (folder === "curl") {
    return [
      ["-P=curl", "tests/curl/refusals_test.ts"],
      ["-P=unit", "tests/generated_commands_test.ts"],
      ...others,
    ];
  }
  if (name === "sealed") return [["-P=stores", "tests/stores/sealed_test.ts"], ...others];
  const own = [name, ...RELATIVES[name] ?? []].flatMap((name) =>
    tracked.filter((path) =>
      new RegExp(`^tests/${name}(_\\w+)?_test\\.ts$`).test(path) &&
      !path.endsWith("_socket_test.ts")
    )
  );
  return own.length ? [["-P=unit", ...own], ...others] : SUITES;
}

function test(cwd: string, suite: Suite, longest: number) {
  const flags = ["--no-check", "--no-prompt", "--fail-fast", "--quiet"];
  const args = ["test", ...flags, ...suite, "--", "--untimed"];
  return runToEnd(Deno.execPath(), args, { cwd, longest });
}

function report(): void {
  const tally = (path?: string) =>
    FATES.map((fate) =>
      [...fates].filter(([mutation, its]) =>
        its === fate && (path === undefined || mutation.path === path)
      ).length
    );
  for (const path of paths) console.log(`${path}: ${words(tally(path))}`);
  const all = tally();
  const [killed = 0, survived = 0] = all;
  const share = (100 * killed / (killed + survived || 1)).toFixed(1);
  console.log(`${words(all)}: ${share} % killed`);
}

function words(tally: readonly number[]): string {
  return tally.map((count, at) => `${count} ${FATES[at]}`).join(", ");
}
