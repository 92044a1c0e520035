/**
 * Checks that documents and code cite only what is there: each relative link leads to a file, each
 * behaviour that is cited (B12) stands in `.github/BEHAVIOURS.md`, and a test cites each of those.
 */

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    name === "node_modules" ? [] : isDirectory ? filesIn(`${folder}/${name}`) : `${folder}/${name}`
  );
}

function exists(path: string): boolean {
  try {
    return Boolean(Deno.statSync(path));
  } catch {
    return false;
  }
}

/** The behaviours that a file cites, as numbers. */
function cited(path: string): string[] {
  return Deno.readTextFileSync(path).match(/\bB[1-9]\d?\b(?!-)/g) ?? [];
}

const documents = ["README.md", "CHANGELOG.md", ...filesIn(".github")]
  .filter((path) => path.endsWith(".md"));
const tests = filesIn("tests").filter((path) => path.endsWith(".ts"));
const sources = ["mod.ts", ...filesIn("src")].filter((path) => path.endsWith(".ts"));
const faults: string[] = [];

for (const path of documents) {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  for (const [, link = ""] of Deno.readTextFileSync(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
    if (!/^[a-z]+:/.test(link) && !exists(folder + link)) faults.push(`${path}: no file ${link}`);
  }
}

const BEHAVIOURS = ".github/BEHAVIOURS.md";
const defined: string[] = Deno.readTextFileSync(BEHAVIOURS).match(/(?<=^- \*\*)B\d+/gm) ?? [];
for (const path of [...documents, ...tests, ...sources]) {
  for (const behaviour of new Set(cited(path))) {
    if (!defined.includes(behaviour)) {
      faults.push(`${path}: cites ${behaviour}, which is not in ${BEHAVIOURS}`);
    }
  }
}
const proven = new Set(tests.flatMap(cited));
for (const behaviour of defined) {
  if (!proven.has(behaviour)) faults.push(`${BEHAVIOURS}: no test cites ${behaviour}`);
}

console.log(faults.join("\n") || "Documents and code cite only what is there.");
if (faults.length) Deno.exit(1);
