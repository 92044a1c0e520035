/**
 * Runs every suite with the permissions that it needs and no more, and ends with
 * the names of what was skipped and the line `N passed, N failed, N skipped`.
 *
 *     deno task test            all suites
 *     deno task test parity     the suites named
 *     deno task test --update   also rewrites the golden files: a change in them is for review
 */

interface Suite {
  readonly name: string;
  readonly files: readonly string[];
  readonly permissions: readonly string[];
}

const LOOPBACK = "--allow-net=127.0.0.1,localhost";
/** To find programs, and to know whether a missing one is a failure. */
const PROGRAMS = ["--allow-env=PATH,CI", "--allow-read"];

/** Real stores: their clients and their servers. */
const ENGINES = [
  LOOPBACK,
  "--allow-env",
  "--allow-read",
  "--allow-write",
  "--allow-sys",
  "--allow-run",
];

/** A suite that hangs is ended after so many ms. */
const LONGEST = 20 * 60_000;

const SUITES: readonly Suite[] = [
  {
    name: "unit",
    files: ["tests/*_test.ts", "--ignore=tests/*_socket_test.ts"],
    permissions: [],
  },
  { name: "mock", files: ["tests/mock"], permissions: [] },
  {
    name: "docs",
    files: ["--doc", "README.md", "mod.ts", "src"],
    // Examples show more than they use: their config leaves noUnusedLocals out.
    // They call KPN: a mock of it answers.
    permissions: [
      "--config=scripts/docs.json",
      "--import-map=deno.json",
      "--preload=tests/support/mock_fetch.ts",
      "--allow-env=KPN_CLIENT_ID,KPN_CLIENT_SECRET",
    ],
  },
  {
    name: "playground", // Playwright looks at /proc, which takes all permissions
    files: ["tests/playground"],
    permissions: ["--allow-all"],
  },
  {
    name: "stores",
    files: ["tests/stores"],
    permissions: ENGINES,
  },
  {
    name: "fleet",
    files: ["tests/fleet"],
    permissions: ENGINES,
  },
  {
    name: "cli",
    files: ["tests/cli"],
    permissions: [LOOPBACK, "--allow-env", "--allow-read", "--allow-write", "--allow-run"],
  },
  {
    name: "sockets",
    files: ["tests/*_socket_test.ts"],
    permissions: [`${LOOPBACK},nothing.invalid`, ...PROGRAMS, "--allow-run"],
  },
  {
    name: "runtimes",
    files: ["tests/runtimes/all.ts"],
    permissions: [LOOPBACK, "--allow-env", "--allow-read", "--allow-write", "--allow-run"],
  },
  {
    name: "package",
    files: ["tests/package"],
    permissions: ["--allow-run", "--allow-read", "--allow-write", "--allow-env"],
  },
  {
    name: "parity",
    files: ["tests/parity"],
    permissions: [
      LOOPBACK,
      "--allow-env",
      "--allow-read",
      "--allow-run",
      "--allow-write=.cache,tests/golden",
    ],
  },
  {
    name: "curl",
    files: ["tests/curl"],
    permissions: [LOOPBACK, "--allow-env", "--allow-read", "--allow-run", "--allow-write"],
  },
];

interface Tally {
  passed: number;
  failed: number;
  skipped: string[];
}

async function run(suite: Suite, extra: readonly string[]): Promise<Tally> {
  console.log(`\n=== ${suite.name}`);
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-prompt",
      `--junit-path=${report}`,
      ...suite.permissions,
      ...suite.files,
      ...extra,
    ],
    env: update ? { UPDATE_GOLDEN: "1" } : {},
    signal: AbortSignal.timeout(LONGEST),
  }).spawn().status;
  const tally = count(await Deno.readTextFile(report));
  await Deno.remove(report);
  if (code !== 0 && tally.failed === 0) tally.failed = 1; // it did not even start
  return tally;
}

/** Counts the tests of a JUnit report, and their steps. */
function count(report: string): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: [] };
  for (const [, name = "", rest = ""] of report.matchAll(CASE)) {
    if (rest.includes("<skipped")) tally.skipped.push(decode(name));
    else if (/<(failure|error)/.test(rest)) tally.failed++;
    else tally.passed++;
  }
  return tally;
}

const CASE = /<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;

function decode(text: string): string {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return text.replace(/&([a-z#0-9]+);/g, (whole, name) => entities[name] ?? whole);
}

const names = Deno.args.filter((arg) => !arg.startsWith("-"));
const update = Deno.args.includes("--update");
const extra = Deno.args.filter((arg) => arg.startsWith("-") && arg !== "--update");
const chosen = SUITES.filter(({ name }) => names.length === 0 || names.includes(name));
if (chosen.length === 0) {
  console.error(`There is no such suite. Suites: ${SUITES.map(({ name }) => name).join(", ")}`);
  Deno.exit(2);
}
const tallies: Tally[] = [];
for (const suite of chosen) tallies.push(await run(suite, extra));

const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
const skipped = tallies.flatMap((tally) => tally.skipped);
if (skipped.length) {
  console.log(`\nSkipped, since a program is missing here:\n  ${skipped.join("\n  ")}`);
}
console.log(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped`);
Deno.exit(failed ? 1 : 0);
