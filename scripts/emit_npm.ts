/**
 * Emits what dnt 0.43 emits, with the compiler that it uses, but from npm: for where JSR
 * does not answer. `tests/golden/package.json` holds both to the same result.
 */

// deno-lint-ignore no-import-prefix -- in deno.json every command would download it
import ts from "npm:typescript@6.0.3";
import type { PackagePlan } from "./build_npm.ts";

/** Writes `esm/`, `script/`, `package.json` and `.npmignore`; throws what does not type-check. */
export async function emitPackage(plan: PackagePlan): Promise<void> {
  const { outDir, entryPoints } = plan;
  const write = (path: string, text: string) => Deno.writeTextFileSync(`${outDir}/${path}`, text);

  write("package.json", JSON.stringify(manifestOf(plan), null, 2));
  write(".npmignore", "/src/\n/test_runner.cjs\nyarn.lock\npnpm-lock.yaml\n");
  await npmInstall(outDir);

  compile(plan, "esm", entryPoints.map(({ path }) => path));
  write("esm/package.json", `{\n  "type": "module"\n}\n`);
  // A command is only ever run by Node, so that its ESM does.
  const exported = entryPoints.filter(({ kind }) => kind === "export");
  compile(plan, "script", exported.map(({ path }) => path));
  write("script/package.json", `{\n  "type": "commonjs"\n}\n`);
}

/** `package.json`, its fields in dnt's order. */
function manifestOf(plan: PackagePlan): Record<string, unknown> {
  const { name, version, description, keywords, license, devDependencies, ...rest } = plan.package;
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
    exports: Object.fromEntries(
      exports.map(({ name, path }) => [
        name,
        { import: built("esm", path), require: built("script", path) },
      ]),
    ),
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
    skipLibCheck: true,
    typeRoots: [`${outDir}/node_modules/@types`],
    types: ["node"],
    rootDir: ".",
    outDir: `${outDir}/${format}`,
  }, Deno.cwd()).options;
  const program = ts.createProgram([...roots], options, hostFor(options, plan));
  const { diagnostics } = program.emit();
  report([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
}

/** A compiler host that reads our modules as dnt rewrites them. */
function hostFor(options: ts.CompilerOptions, plan: PackagePlan): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const bins = plan.entryPoints.filter(({ kind }) => kind === "bin")
    .map(({ path }) => path.replace("./", ""));
  const readFile = host.readFile;
  host.readFile = (path) => {
    const text = readFile(path);
    if (!text || path.endsWith(".d.ts") || !path.endsWith(".ts")) return text;
    const code = withJsSpecifiers(text);
    const isBin = bins.some((bin) => path.endsWith(bin));
    return isBin ? `#!/usr/bin/env node\n${code.replace(/^#!.*\n/, "")}` : code;
  };
  return host;
}

/** Relative imports by the name of the file that is emitted. */
function withJsSpecifiers(text: string): string {
  const imports = ts.preProcessFile(text).importedFiles
    .filter(({ fileName }) => fileName.startsWith(".") && fileName.endsWith(".ts"));
  // From the end, so that the positions before stay true.
  return imports.reverse().reduce((text, { fileName, pos }) => {
    const at = text.indexOf(fileName, pos);
    return text.slice(0, at) + fileName.replace(/ts$/, "js") + text.slice(at + fileName.length);
  }, text);
}

function report(diagnostics: readonly ts.Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  throw new Error(ts.formatDiagnostics(diagnostics, {
    getCurrentDirectory: () => Deno.cwd(),
    getCanonicalFileName: (name) => name,
    getNewLine: () => "\n",
  }));
}
