/**
 * Runs the fast suites and prints what they do not run of `src`. Fails unless that is what
 * `tests/uncovered.md` lists, each with the suite that runs it.
 *
 *     deno task coverage            the fast suites, then the comparison
 *     deno task coverage --update   also rewrites the list: say there what runs what is new
 */

/** The suites, each with its permission set; `deno task test` runs them too. */
const SUITES: readonly (readonly string[])[] = [
  ["-P=unit", "tests/*_test.ts", "--ignore=tests/*_socket_test.ts"],
  ["-P=mock", "tests/mock"],
  ["-P=stores", "tests/stores/sealed_test.ts", "tests/stores/deno_kv_test.ts"],
  ["-P=curl", "tests/curl/refusals_test.ts"],
  ["-P=playground", "tests/playground/control_test.ts", "tests/playground/playground_test.ts"],
  [
    "-P=cli",
    ...["main", "completion", "doctor_api", "doctor_steps", "env_file", "habits", "proxy", "shell"]
      .map((name) => `tests/cli/${name}_test.ts`),
  ],
];

const LIST = "tests/uncovered.md";

const folder = await Deno.makeTempDir({ prefix: "kpn-auth-coverage-" });
try {
  for (const [at, suite] of SUITES.entries()) {
    await deno(
      "test",
      "--no-check",
      "--no-prompt",
      "--quiet",
      "--coverage-raw-data-only",
      `--coverage=${folder}/${at}`,
      ...suite,
    );
  }
  const data = SUITES.map((_, at) => `${folder}/${at}`);
  const found = uncovered(await deno("coverage", "--lcov", ...data));
  await compare(found);
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) {
    throw new Error(`deno ${args.join(" ")}\n${text}\n${new TextDecoder().decode(stderr)}`);
  }
  return text;
}

/** The first line of each run of lines that did not run, or of which a branch did not: `file` and its code. */
function uncovered(lcov: string): string[] {
  const found: string[] = [];
  for (const record of lcov.split("end_of_record")) {
    const path = /^SF:(.+)$/m.exec(record)?.[1]?.replace(`${Deno.cwd()}/`, "");
    if (!path?.startsWith("src/")) continue;
    const code = Deno.readTextFileSync(path).split("\n");
    const lines = new Set(
      [...record.matchAll(/^(?:DA:(\d+),0|BRDA:(\d+),\d+,\d+,0)$/gm)]
        .map(([, line, branch]) => Number(line ?? branch)),
    );
    for (const line of [...lines].sort((one, other) => one - other)) {
      if (!lines.has(line - 1)) found.push(`\`${path}\` \`${code[line - 1]!.trim()}\``);
    }
  }
  return found.sort();
}

/** Compares what was found with the list, whose lines are `- file code: what runs it`, or name a whole file. */
async function compare(found: readonly string[]): Promise<void> {
  const list = await Deno.readTextFile(LIST);
  const listed = new Map(
    [...list.matchAll(/^- (`\S+`(?: `.+`)?): (.+)$/gm)].map(([, what = "", by = ""]) => [what, by]),
  );
  const entryOf = (what: string) => [what, what.split(" ")[0]!].find((entry) => listed.has(entry));
  const missing = found.filter((what) => !entryOf(what));
  const used = new Set(found.map(entryOf));
  const stale = [...listed.keys()].filter((entry) => !used.has(entry));
  for (const what of missing) console.log(`not run, and not in ${LIST}: ${what}`);
  for (const entry of stale) console.log(`in ${LIST}, but it is run, or is gone: ${entry}`);
  console.log(`${found.length} places of src are not run by the fast suites`);
  if (!missing.length && !stale.length) return;
  if (!Deno.args.includes("--update")) Deno.exit(1);
  const [head = ""] = list.split(/^- /m);
  const entries = [...new Set(found.map((what) => entryOf(what) ?? what))].sort();
  const lines = entries.map((entry) => `- ${entry}: ${listed.get(entry) ?? "?"}\n`);
  await Deno.writeTextFile(LIST, head + lines.join(""));
}
