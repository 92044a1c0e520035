/**
 * Emits what dnt 0.43 emits, with the compiler that it uses, but from npm: for where JSR
 * does not answer. `tests/golden/package.json` holds both to the same result.
 */

// deno-lint-ignore no-import-prefix -- in deno.json every command would download it
import ts from "npm:typescript@6.0.3";
import { posix } from "node:path";
import type { EntryPoint, PackagePlan } from "./build_npm.ts";

/** Writes `src/`, `esm/`, `script/`, `package.json` and `.npmignore`; throws what does not type-check. */
export async function emitPackage(plan: PackagePlan): Promise<void> {
  const { outDir, entryPoints } = plan;
  const write = (path: string, text: string) => Deno.writeTextFileSync(`${outDir}/${path}`, text);

  write("package.json", JSON.stringify(manifestOf(plan), null, 2));
  write(".npmignore", "/test_runner.cjs\nyarn.lock\npnpm-lock.yaml\n");
  await npmInstall(outDir);
  writeSources(plan);

  compile(plan, "esm", entryPoints.map(({ path }) => path));
  write("esm/package.json", `{\n  "type": "module"\n}\n`);
  // A command is only ever run by Node, so that its ESM does.
  const exported = entryPoints.filter(({ kind }) => kind === "export");
  compile(plan, "script", exported.map(({ path }) => path));
  write("script/package.json", `{\n  "type": "commonjs"\n}\n`);
}

/** `package.json`, its fields in dnt's order. */
function manifestOf(plan: PackagePlan): Record<string, unknown> {
  const {
    name,
    version,
    description,
    keywords,
    license,
    exports: others,
    devDependencies,
    ...rest
  } = plan.package;
  const exports = plan.entryPoints.filter(({ kind }) => kind === "export");
  const bins = plan.entryPoints.filter(({ kind }) => kind === "bin");
  const [main] = exports;
  return {
    name,
    version,
    description,
    keywords,
    license,
    main: built("script", main!.path),
    module: built("esm", main!.path),
    exports: {
      ...Object.fromEntries(
        exports.map(({ name, path }) => [
          name,
          { import: built("esm", path), require: built("script", path) },
        ]),
      ),
      ...others,
    },
    scripts: {},
    ...bins.length && {
      bin: Object.fromEntries(bins.map(({ name, path }) => [name, built("esm", path)])),
    },
    ...rest,
    devDependencies,
    _generatedBy: `typescript@${ts.version}`,
  };
}

function built(folder: "esm" | "script", path: string): string {
  return path.replace("./", `./${folder}/`).replace(/\.ts$/, ".js");
}

async function npmInstall(cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--ignore-scripts", "--no-audit", "--no-fund"],
    cwd,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`npm install failed: ${new TextDecoder().decode(stderr)}`);
}

/** Writes to `src/` what the entry points reach, each import by the name of the file that is emitted. */
function writeSources({ outDir, entryPoints }: PackagePlan): void {
  const files = (points: readonly EntryPoint[]) => points.map(({ path }) => posix.normalize(path));
  const bins = files(entryPoints.filter(({ kind }) => kind === "bin"));
  const reached = new Set(files(entryPoints));
  for (const file of reached) { // grows meanwhile
    const text = Deno.readTextFileSync(file);
    const code = bins.includes(file) ? withNodeShebang(text) : text;
    const imports = ts.preProcessFile(code).importedFiles
      .filter(({ fileName }) => fileName.startsWith(".") && fileName.endsWith(".ts"));
    for (const { fileName } of imports) reached.add(posix.join(posix.dirname(file), fileName));
    const target = `${outDir}/src/${file}`;
    Deno.mkdirSync(posix.dirname(target), { recursive: true });
    Deno.writeTextFileSync(target, withJsSpecifiers(code, imports));
  }
}

function withNodeShebang(text: string): string {
  return `#!/usr/bin/env node\n${text.replace(/^#!.*\n/, "")}`;
}

function withJsSpecifiers(text: string, imports: readonly ts.FileReference[]): string {
  // From the end, so that the positions before stay true.
  return [...imports].reverse().reduce((text, { fileName, pos }) => {
    const at = text.indexOf(fileName, pos);
    return text.slice(0, at) + fileName.replace(/ts$/, "js") + text.slice(at + fileName.length);
  }, text);
}

function compile(plan: PackagePlan, format: "esm" | "script", roots: readonly string[]): void {
  const { outDir } = plan;
  const options = ts.convertCompilerOptionsFromJson({
    ...plan.compilerOptions,
    strict: true,
    module: format === "esm" ? "esnext" : "commonjs",
    moduleResolution: format === "esm" ? "bundler" : "node10",
    ignoreDeprecations: "6.0", // node10
    esModuleInterop: format === "script",
    isolatedModules: true,
    declaration: true,
    declarationMap: true,
    skipLibCheck: true,
    typeRoots: [`${outDir}/node_modules/@types`],
    types: ["node"],
    rootDir: `${outDir}/src`,
    outDir: `${outDir}/${format}`,
  }, Deno.cwd()).options;
  const program = ts.createProgram(roots.map((path) => `${outDir}/src/${path}`), options);
  const { diagnostics } = program.emit();
  report([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
}

function report(diagnostics: readonly ts.Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  throw new Error(ts.formatDiagnostics(diagnostics, {
    getCurrentDirectory: () => Deno.cwd(),
    getCanonicalFileName: (name) => name,
    getNewLine: () => "\n",
  }));
}
