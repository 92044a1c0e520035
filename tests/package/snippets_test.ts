/** The snippets of the documents and the declarations, in a project that has installed the package. */

import { posix } from "node:path";
import { assert, assertEquals } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { run } from "../support/run.ts";
import { installed, link } from "./installed.ts";

interface Snippet {
  /** A folder for the document or declaration file, and the name that the document gives it, if any. */
  readonly file: string;
  /** It is not run as it stands: a fragment, or a server. */
  readonly ignored: boolean;
  readonly code: string;
}

const FENCE = /^(?:<!-- example: (\S+) -->\n\n)?```(ts|js)( ignore)?\n([\s\S]*?)^```$/gm;

function snippetsOf(from: string, text: string): Snippet[] {
  return [...text.matchAll(FENCE)].map(([, name, language, ignored, code], index) => ({
    file: `${from.replace(/\W+/g, "_")}/${
      name ?? `${ignored ? "fragment" : "snippet"}_${index + 1}.${language}`
    }`,
    ignored: ignored !== undefined,
    code: code!,
  }));
}

/** README as it is packed, the documents beside it, and the docstrings as they are declared. */
async function allSnippets(): Promise<Snippet[]> {
  const { folder, files } = await installed();
  const root = `${folder}/node_modules/kpn-auth/`;
  const documents = [...Deno.readDirSync(".github")].map(({ name }) => `.github/${name}`)
    .filter((path) => path.endsWith(".md"));
  const declared = files.filter((path) => /^esm\/.*\.d\.ts$/.test(path));
  const texts = await Promise.all([
    ...["README.md", ...declared].map(async (path) => [path, await Deno.readTextFile(root + path)]),
    ...documents.map(async (path) => [path, await Deno.readTextFile(path)]),
  ]);
  return texts.flatMap(([path, text]) =>
    snippetsOf(path!, path!.endsWith(".ts") ? text!.replace(/^ *\* ?/gm, "") : text!)
  );
}

/** Without an import it is a fragment of a program, to be read. */
const isProgram = ({ code }: Snippet) => /^import /m.test(code);

/** What the snippets are written for, beside the web and Node. */
const AMBIENT = `
declare const Deno: any;
`;

async function writeSnippets(snippets: readonly Snippet[], project: string): Promise<string[]> {
  await Deno.mkdir(project);
  await Deno.writeTextFile(`${project}/package.json`, `{ "type": "module" }`);
  await Deno.writeTextFile(`${project}/ambient.d.ts`, AMBIENT);
  for (const { file, code } of snippets) {
    await Deno.mkdir(posix.dirname(`${project}/${file}`), { recursive: true });
    await Deno.writeTextFile(`${project}/${file}`, code);
  }
  return snippets.map(({ file }) => file);
}

Deno.test("every snippet type-checks in a project that has installed the package, by that name alone", async () => {
  const { folder } = await installed();
  await link(folder, ["@types/node"]);
  const snippets = (await allSnippets()).filter(isProgram);
  assert(snippets.length > 25, `${snippets.length} snippets`);
  const project = `${folder}/snippets-checked`;
  const files = await writeSnippets(snippets, project);
  const compilerOptions = {
    ...{
      target: "esnext",
      lib: ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
      types: ["node"],
    },
    ...{ module: "nodenext", moduleResolution: "nodenext", noEmit: true, skipLibCheck: true },
    moduleDetection: "force",
  };
  const programs: string[] = [];
  for (const language of ["ts", "js"]) {
    const path = `${project}/tsconfig.${language}.json`;
    const strictness = language === "ts" ? { strict: true } : { allowJs: true, checkJs: true };
    const own = files.filter((file) => file.endsWith(language));
    await Deno.writeTextFile(
      path,
      JSON.stringify({
        compilerOptions: { ...compilerOptions, ...strictness },
        files: ["ambient.d.ts", ...own],
      }),
    );
    programs.push(path);
  }
  const compiler = `${await npmTools()}node_modules/ts59`;
  const args = ["tests/package/typecheck.mjs", compiler, ...programs];
  const { checked, problems } = JSON.parse(await run("node", args));
  assert(checked > snippets.length);
  assertEquals(ours(problems), []);
});

/**
 * A framework that a recipe is for is not installed here: our own name must be found. JavaScript,
 * fragments and files of a project (the hosts' suite checks those) are held only to what they import.
 */
function ours(problems: readonly string[]): string[] {
  const foreign =
    /Cannot find (module|package) '(?!@?kpn-auth)[^'.]|could not find a declaration file/i;
  return problems.filter((problem) =>
    !foreign.test(problem) &&
    (!/\/fragment_|_md\/\S+\/|js:\d+ /.test(problem) || /module|exported member/i.test(problem))
  );
}

Deno.test("the snippets that the docs suite runs also run on Node, from the installed package", async () => {
  const { folder } = await installed();
  const snippets = (await allSnippets()).filter((snippet) =>
    snippet.file.endsWith("ts") && !snippet.ignored && isProgram(snippet) &&
    !snippet.code.includes("Deno.")
  );
  assert(snippets.length > 10, `${snippets.length} snippets`);
  const project = `${folder}/snippets-run`;
  const files = await writeSnippets(snippets, project);
  const code = `
    import { mockKpn } from "kpn-auth/testing";
    const { fetch, credentials } = mockKpn();
    globalThis.fetch = fetch;
    process.env.KPN_CLIENT_ID = credentials.clientId;
    process.env.KPN_CLIENT_SECRET = credentials.clientSecret;
    const failed = [];
    const { log } = console;
    console.log = console.info = console.error = () => {};
    for (const file of ${JSON.stringify(files)}) {
      await import("./" + file).catch((error) => failed.push(file + ": " + error));
    }
    log(JSON.stringify(failed));
    process.exit();
  `;
  await Deno.writeTextFile(`${project}/run.mjs`, code);
  const node = `${await npmTools()}node_modules/node24/bin/node`; // takes types out by itself
  assertEquals(JSON.parse(await run(node, ["--no-warnings", "run.mjs"], { cwd: project })), []);
});
