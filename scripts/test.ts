/**
 * Runs every suite with the permissions that it needs and no more (`permissions` in `deno.json`), and
 * ends with the names of what was skipped and the line `N passed, N failed, N skipped`.
 *
 *     deno task test              all suites
 *     deno task test parity cli   the suites named
 *     deno task test --all        also what is exhaustive or heavy, which is sampled otherwise
 *     deno task test --seed=N     random values and samples as in the run that printed this seed
 *     deno task test package --require-dnt    fails if the package was not built as a release is
 *     deno task test --update     also rewrites the golden files: a change in them is for review
 */

interface Suite {
  readonly name: string;
  /** Files, and flags beside `--permission-set`, which is named as the suite. */
  readonly args: readonly string[];
}

/** The longest first, so that all lanes end together. */
const SUITES: readonly Suite[] = [
  { name: "fleet", args: ["tests/fleet"] }, // which waits most of the time
  { name: "curl", args: ["--parallel", "tests/curl", "--ignore=tests/curl/windows"] },
  { name: "runtimes", args: ["--parallel", "tests/runtimes"] },
  { name: "cli", args: ["--parallel", "tests/cli"] },
  { name: "hosts", args: ["--parallel", "tests/hosts"] },
  { name: "package", args: ["--parallel", "tests/package"] },
  { name: "playground", args: ["--parallel", "tests/playground"] },
  { name: "stores", args: ["--parallel", "tests/stores"] },
  { name: "sockets", args: ["--parallel", "tests/*_socket_test.ts"] },
  {
    name: "docs", // examples show more than they use, and call KPN: a mock of it answers
    args: [
      "--config=scripts/docs.json",
      "--import-map=deno.json",
      "--preload=tests/support/mock_fetch.ts",
      "--doc",
      ...["README.md", ".github/COOKBOOK.md", ".github/WEBHOOKS.md", "mod.ts", "src"],
    ],
  },
  { name: "unit", args: ["--parallel", "tests/*_test.ts", "--ignore=tests/*_socket_test.ts"] },
  { name: "parity", args: ["tests/parity"] },
  { name: "mock", args: ["--parallel", "tests/mock"] },
];

/** How many suites run at once: one more than the cores that this is measured on, since each waits at times. */
const LANES = 3;

const flags = Deno.args.filter((arg) => arg.startsWith("--"));
const all = flags.includes("--all");
const seed = flags.find((flag) => flag.startsWith("--seed="))?.slice("--seed=".length) ??
  `${crypto.getRandomValues(new Uint32Array(1))[0]}`;
/** What is ours is for the tests, not for `deno test`. */
const OURS = /^--(all|update|require-dnt|seed=.*)$/;
const extra = flags.filter((flag) => !OURS.test(flag));
/** What the tests read from `Deno.args`. */
const told = [
  "--",
  `--seed=${seed}`,
  ...flags.filter((flag) => /^--(all|update|require-dnt)$/.test(flag)),
];

/** A suite that hangs is ended after so many ms. */
const LONGEST = (all ? 60 : 20) * 60_000;

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** Runs a suite, and prints what it said when it has ended: lanes do not mix. */
async function run({ name, args }: Suite): Promise<Tally> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-prompt",
      ...name === "docs" ? [] : ["--no-check"], // `deno task types` checks the rest, all at once
      `-P=${name}`,
      `--junit-path=${report}`,
      ...args,
      ...extra,
      ...told,
    ],
    env: Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" },
    signal: AbortSignal.timeout(LONGEST),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output: Uint8Array[] = [];
  const reading = [child.stdout, child.stderr].map((stream) =>
    stream.pipeTo(new WritableStream({ write: (chunk) => void output.push(chunk) }))
  );
  const { success, signal } = await child.status;
  // What a suite has left behind may hold its streams open.
  await Promise.race([Promise.all(reading), new Promise((resolve) => setTimeout(resolve, 1_000))]);

  const seconds = Math.round((performance.now() - started) / 1_000);
  console.log(`\n=== ${name}, ${seconds} s`);
  console.log(new TextDecoder().decode(await new Blob(output as BlobPart[]).arrayBuffer()));
  if (signal) console.log(`${name} was ended by ${signal}`);
  const tally = count(await Deno.readTextFile(report));
  await Deno.remove(report);
  // Without a failed test it did not start, or did not end.
  return success || tally.failed ? tally : { ...tally, failed: 1 };
}

/** Counts the tests of a JUnit report, and their steps. */
function count(report: string): Tally {
  const tally = { passed: 0, failed: 0, skipped: [] as string[] };
  for (const [, name = "", rest = ""] of report.matchAll(CASE)) {
    if (rest.includes("<skipped")) tally.skipped.push(decode(name));
    else if (/<(failure|error)/.test(rest)) tally.failed++;
    else tally.passed++;
  }
  return tally;
}

const CASE = /<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;

function decode(text: string): string {
  const entities: Record<string, string> = {
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    "#39": "'",
  };
  return text.replace(/&([a-z#0-9]+);/g, (whole, name) => entities[name] ?? whole);
}

/** Takes the next suite until there is none. */
async function lane(queue: Suite[], tallies: Tally[]): Promise<void> {
  for (let suite; (suite = queue.shift());) tallies.push(await run(suite));
}

const names = Deno.args.filter((arg) => !arg.startsWith("-"));
const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length) {
  console.error(
    `There is no suite ${unknown.join(", ")}. Suites: ${SUITES.map(({ name }) => name).join(", ")}`,
  );
  Deno.exit(2);
}
const chosen = SUITES.filter(({ name }) => names.length === 0 || names.includes(name));
console.log(`seed ${seed} (the same again: deno task test --seed=${seed})`);
const tallies: Tally[] = [];
await Promise.all(Array.from({ length: LANES }, () => lane(chosen, tallies)));

const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
const skipped = tallies.flatMap((tally) => tally.skipped);
const needs = (name: string) => name.includes(" [needs ");
for (
  const [why, names] of [
    ["Heavy, run by --all", skipped.filter((name) => !needs(name))],
    ["Skipped, since a program is missing here", skipped.filter(needs)],
  ] as const
) {
  if (names.length) console.log(`\n${why}:\n  ${names.join("\n  ")}`);
}
console.log(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped`);
Deno.exit(failed ? 1 : 0);
