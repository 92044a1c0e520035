/** The small faults that `deno task mutants` puts into a module, one at a time. */

// deno-lint-ignore no-import-prefix -- in deno.json every command would download it
import ts from "npm:typescript@6.0.3";

/** One fault: what stands from `start` to `end` is replaced. */
export interface Mutation {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** `src/file.ts:12:3`. */
  readonly place: string;
  /** `a < b  →  a <= b`. */
  readonly change: string;
}

/** What an operator is mistaken for. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "+=": ["-="],
  "-=": ["+="],
};

/** Every fault that a module can have, in the order of its text. */
export function mutationsOf(path: string, text: string): Mutation[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const mutations: Mutation[] = [];
  const add = (node: ts.Node, replacement: string) => {
    const start = node.getStart();
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    const shown = (code: string) => code.replace(/\s+/g, " ").slice(0, 70) || "(nothing)";
    const place = `${path}:${line + 1}:${character + 1}`;
    const change = `${shown(node.getText())}  →  ${shown(replacement)}`;
    mutations.push({ path, start, end: node.getEnd(), replacement, place, change });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    for (const replacement of replacementsOf(node)) add(node, replacement);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(source, visit);
  return mutations;
}

function replacementsOf(node: ts.Node): readonly string[] {
  if (ts.isBinaryExpression(node)) {
    const { left, operatorToken, right } = node;
    return (OPERATORS[operatorToken.getText()] ?? [])
      .map((operator) => `(${left.getText()}) ${operator} (${right.getText()})`);
  }
  if (ts.isConditionalExpression(node)) return [node.whenTrue.getText(), node.whenFalse.getText()];
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return [`!!${node.operand.getText()}`];
  }
  if (isCondition(node)) return [`((${node.getText()}), true)`, `((${node.getText()}), false)`];
  if (ts.isPropertyAccessExpression(node) && node.questionDotToken) {
    return [`${node.expression.getText()}!.${node.name.getText()}`];
  }
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
    return [`${node.getText().slice(0, node.body.getStart() - node.getStart())}undefined!`];
  }
  if (ts.isExpressionStatement(node)) return [";"];
  if (ts.isSpreadAssignment(node)) return ["...{}"];
  return literalsFor(node);
}

/** The condition of a statement: never, or always. */
function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isIfStatement(parent) && parent.expression === node ||
    ts.isForStatement(parent) && parent.condition === node;
}

function literalsFor(node: ts.Node): readonly string[] {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return ["false"];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return ["true"];
  if (ts.isNumericLiteral(node)) return [`${Number(node.text.replaceAll("_", "")) + 1}`];
  if (ts.isRegularExpressionLiteral(node)) return ["/(?!)/"];
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
    return [node.text ? '""' : '"mutant"'];
  }
  return [];
}

/** Tells whether a module with other text still type-checks, with web types alone. */
export function typeChecker(paths: readonly string[]): (path: string, text: string) => boolean {
  const texts = new Map<string, { text: string; version: number }>();
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
    noEmit: true,
    allowImportingTsExtensions: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
  };
  const full = (path: string) => `${Deno.cwd()}/${path}`;
  const service = ts.createLanguageService({
    ...{ fileExists: ts.sys.fileExists, readFile: ts.sys.readFile, readDirectory: () => [] },
    getCompilationSettings: () => options,
    getScriptFileNames: () => paths.map(full),
    getScriptVersion: (name) => `${texts.get(name)?.version ?? 0}`,
    getScriptSnapshot: (name) => {
      const text = texts.get(name)?.text ?? ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => Deno.cwd(),
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
  });
  const put = (name: string, text: string) =>
    texts.set(name, { text, version: (texts.get(name)?.version ?? 0) + 1 });
  return (path, text) => {
    const name = full(path);
    put(name, text);
    const problems = [
      ...service.getSyntacticDiagnostics(name),
      ...service.getSemanticDiagnostics(name),
    ];
    put(name, ts.sys.readFile(name)!);
    return problems.length === 0;
  };
}
