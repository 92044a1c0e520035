/**
 * Builds the npm package into `npm/`: ESM and CommonJS, declarations beside each, no shims.
 *
 *     deno task build:npm                  with dnt; where JSR does not answer, with TypeScript from npm
 *     deno task build:npm --require-dnt    the same, but never without dnt: for a release
 *     deno task build:npm --out=FOLDER     into another folder
 */

import { parseArgs } from "node:util";
import { llmsText } from "./llms.ts";

/** What is built: read from `deno.json`, and handed alike to dnt and to our own emitter. */
export interface PackagePlan {
  /** Where to, an absolute path. */
  readonly outDir: string;
  readonly entryPoints: readonly EntryPoint[];
  /** What is said in `package.json` beside what follows from the entry points. */
  readonly package: {
    readonly name: string;
    readonly version: string;
    /** What is exported beside the entry points. */
    readonly exports: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly compilerOptions: {
    readonly target: "ES2022";
    readonly lib: ("ES2022" | "DOM" | "DOM.Iterable")[];
    readonly noUncheckedIndexedAccess: true;
    readonly useUnknownInCatchVariables: true;
  };
}

/** A module that the package offers: under `name` in `exports`, or as the command `name`. */
export interface EntryPoint {
  readonly kind: "export" | "bin";
  readonly name: string;
  readonly path: string;
}

/** In `deno.json` a module as others are; on npm the command. */
const BIN = "./bin";

async function plan(outDir: string): Promise<PackagePlan> {
  const { name, version, license, exports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const command: string = name.split("/").pop();
  const entryPoints = Object.entries<string>(exports).map(([name, path]): EntryPoint =>
    name === BIN ? { kind: "bin", name: command, path } : { kind: "export", name, path }
  );
  return {
    outDir,
    entryPoints,
    package: {
      name: command,
      version,
      description: "Get, keep and use an access token for KPN's APIs, on any JavaScript runtime",
      keywords: KEYWORDS,
      license,
      exports: { "./package.json": "./package.json" }, // beside the entry points
      type: "module",
      sideEffects: false,
      engines: { node: ">=20" },
      typesVersions: { "*": typesVersions(entryPoints) },
      devDependencies: { "@types/node": "^20.9.0" }, // to type-check the command line
    },
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2022", "DOM", "DOM.Iterable"],
      noUncheckedIndexedAccess: true,
      useUnknownInCatchVariables: true,
    },
  };
}

const KEYWORDS = [
  "kpn",
  "oauth2",
  "client-credentials",
  "access-token",
  "fetch",
  "number-insight",
  "mock",
  "curl",
  "webhook",
  "node",
  "deno",
  "bun",
  "cloudflare-workers",
  "edge",
];

/** Where TypeScript finds the subpaths if it knows no `exports`: `moduleResolution: node`. */
function typesVersions(entryPoints: readonly EntryPoint[]): Record<string, string[]> {
  return Object.fromEntries(
    entryPoints
      .filter(({ kind, name }) => kind === "export" && name !== ".")
      .map(({ name, path }) => [
        name.replace("./", ""),
        [path.replace("./", "./script/").replace(/\.ts$/, ".d.ts")],
      ]),
  );
}

/** dnt, or why it is missing. */
async function loadDnt() {
  try {
    // deno-lint-ignore no-import-prefix -- literal, and here, so that its failure can be caught
    return { dnt: await import("jsr:@deno/dnt@0.43.2") };
  } catch (error) {
    return { reason: String(error).split("\n", 1)[0] };
  }
}

/** Empties a folder, the committed `.gitignore` aside. */
async function emptyFolder(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (name !== ".gitignore") await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { out: { type: "string", default: "npm" }, "require-dnt": { type: "boolean" } },
  });
  const outDir = await Deno.mkdir(values.out, { recursive: true })
    .then(() => Deno.realPath(values.out));
  const work = await plan(outDir);
  const { dnt, reason } = await loadDnt();
  if (!dnt && values["require-dnt"]) {
    console.error(`Cannot build a release: JSR does not give dnt (${reason})`);
    Deno.exit(1);
  }
  await emptyFolder(outDir);
  if (dnt) {
    await dnt.build({
      ...work,
      entryPoints: [...work.entryPoints],
      scriptModule: "cjs",
      declaration: "inline",
      declarationMap: true, // "go to definition" reaches src/, which is packed for it
      typeCheck: "both",
      test: false,
      configFile: false, // nothing that is packed needs an import map
      shims: {},
      polyfills: {
        arrayFindLast: false,
        arrayFromAsync: false,
        errorCause: false,
        objectHasOwn: false,
        promiseWithResolvers: false,
        stringReplaceAll: false,
      },
    });
  } else {
    console.error(
      `WITHOUT DNT, built by TypeScript from npm: it works the same, but only dnt's is released. ${reason}`,
    );
    const { emitPackage } = await import("./emit_npm.ts");
    await emitPackage(work);
  }
  for (const file of ["README.md", "CHANGELOG.md", "LICENSE"]) {
    await Deno.copyFile(file, `${outDir}/${file}`);
  }
  const modules = work.entryPoints.filter(({ kind }) => kind === "export");
  await Deno.writeTextFile(`${outDir}/llms.txt`, await llmsText(work.package.name, modules));
}
