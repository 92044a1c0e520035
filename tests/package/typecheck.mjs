/**
 * Type-checks projects with one compiler: `node typecheck.mjs COMPILER TSCONFIG…`.
 *
 * Only our declarations and the consumer's code are checked, as `skipLibCheck: false` does:
 * type packages that are newer than the compiler have mistakes of their own.
 */

import { createRequire } from "node:module";
import { dirname } from "node:path";
import process from "node:process";

const [compiler, ...projects] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(compiler);
const libraries = new Map(); // parsed once for all projects

let checked = 0;
const problems = new Set();
for (const project of projects) {
  const { config } = ts.readConfigFile(project, ts.sys.readFile);
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(
    config,
    ts.sys,
    dirname(project),
    undefined,
    project, // where `types` are looked up from
  );
  const program = ts.createProgram(fileNames, options, hostFor(options));
  const ours = program.getSourceFiles().filter(({ fileName }) =>
    !fileName.includes("/node_modules/") || fileName.includes("/node_modules/kpn-auth/")
  );
  checked += ours.length;
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...ours.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  for (const { file, start, messageText } of found) {
    const line = file && file.getLineAndCharacterOfPosition(start).line + 1;
    const text = ts.flattenDiagnosticMessageText(messageText, "\n");
    problems.add(`${file?.fileName ?? project}:${line} ${text}`);
  }
}
console.log(JSON.stringify({ version: ts.version, checked, problems: [...problems] }));

function hostFor(options) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, language, ...rest) => {
    if (!isLibrary(path, host)) return getSourceFile(path, language, ...rest);
    const key = `${path} ${language.impliedNodeFormat}`;
    if (!libraries.has(key)) libraries.set(key, getSourceFile(path, language, ...rest));
    return libraries.get(key);
  };
  return host;
}

function isLibrary(path, host) {
  return path.startsWith(host.getDefaultLibLocation()) ||
    path.includes("/node_modules/") && !path.includes("/node_modules/kpn-auth/");
}
