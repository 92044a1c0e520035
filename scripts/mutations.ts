/** The small faults that `deno task mutants` puts into a module, one at a time. */

// deno-lint-ignore no-import-prefix -- in deno.json every command would download it
import ts from "npm:typescript@6.0.3";

/** One fault: what stands from `start` to `end` is replaced. */
export interface Mutation {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** The node that a switch can stand around. */
  readonly switched: Switched;
  /** `src/file.ts:12:3`. */
  readonly place: string;
  /** The line, and `a < b  →  a <= b`. */
  readonly change: string;
}

/** A part of the text that can be there or not. */
interface Switched {
  readonly start: number;
  readonly end: number;
  readonly kind: "expression" | "statement" | "name";
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
  const lines = text.split("\n");
  const mutations: Mutation[] = [];
  const add = (node: ts.Node, replacement: string) => {
    const start = node.getStart();
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    const shown = (code: string) => code.replace(/\s+/g, " ").slice(0, 70) || "(nothing)";
    const place = `${path}:${line + 1}:${character + 1}`;
    const change = `\`${lines[line]!.trim()}\` \`${shown(node.getText())}  →  ${
      shown(replacement)
    }\``;
    const switched = switchedFor(node);
    mutations.push({ path, start, end: node.getEnd(), replacement, switched, place, change });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    const faulty = mutated(node);
    for (const replacement of replacementsOf(node)) add(faulty, replacement);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(source, visit);
  return mutations;
}

/** The node that is replaced for the fault of a node: of an arrow function the body, of a spread what is spread. */
function mutated(node: ts.Node): ts.Node {
  if (ts.isArrowFunction(node)) return node.body;
  return ts.isSpreadAssignment(node) ? node.expression : node;
}

/** What a switch can stand around: a name, a statement, or an expression, of `a?.b.c()` the whole. */
function switchedFor(node: ts.Node): Switched {
  const { parent } = node;
  let whole = node;
  while (isPartOfChain(whole)) whole = whole.parent;
  const kind = ts.isExpressionStatement(node)
    ? "statement"
    : ts.isPropertyAssignment(parent) && parent.name === node
    ? "name"
    : "expression";
  return { start: whole.getStart(), end: whole.getEnd(), kind };
}

function isPartOfChain(node: ts.Node): boolean {
  const { parent } = node;
  return (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent) ||
    ts.isCallExpression(parent) || ts.isNonNullExpression(parent)) &&
    parent.expression === node;
}

/** A module with all its faults, each of which `globalThis.isMutant(id)` switches on. */
export function withSwitches(
  text: string,
  mutations: readonly Mutation[],
  idOf: (mutation: Mutation) => number,
): string {
  const inserted: { at: number; size: number; code: string }[] = [];
  const add = (at: number, size: number, code: string) => void inserted.push({ at, size, code });
  for (const group of Map.groupBy(mutations, ({ switched }) => keyOf(switched)).values()) {
    const { start, end, kind } = group[0]!.switched;
    const size = end - start;
    const isOn = (mutation: Mutation) => `globalThis.isMutant(${idOf(mutation)})`;
    if (kind === "statement") {
      add(start, -size, `{if(!${isOn(group[0]!)})`);
      add(end, size, "}");
      continue;
    }
    const choices = group.map((mutation) =>
      `${isOn(mutation)}?(${text.slice(start, mutation.start)}${mutation.replacement}${
        text.slice(mutation.end, end)
      }):`
    ).join("");
    const [open, close] = kind === "name" ? ["[", "]"] : ["(", ")"];
    add(start, -size, open + choices);
    add(end, size, close);
  }
  // Where several begin, the longest is the outermost; where several end, it ends last, after which others begin.
  inserted.sort((one, other) =>
    one.at - other.at || Number(one.size < 0) - Number(other.size < 0) || one.size - other.size
  );
  let at = 0;
  const parts = inserted.map((one) => text.slice(at, at = one.at) + one.code);
  return parts.join("") + text.slice(at);
}

function keyOf({ start, end, kind }: Switched): string {
  return `${start} ${end} ${kind}`;
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
    return ["undefined!"];
  }
  if (ts.isExpressionStatement(node)) return [";"];
  if (ts.isSpreadAssignment(node)) return ["{}"];
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

/** Tells whether a module with a fault still type-checks, with web types alone. */
export function typeChecker(paths: readonly string[]): (mutation: Mutation) => boolean {
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
  return ({ path, start, end, replacement }) => {
    const name = full(path);
    const text = ts.sys.readFile(name)!;
    put(name, text.slice(0, start) + replacement + text.slice(end));
    const problems = [
      ...service.getSyntacticDiagnostics(name),
      ...service.getSemanticDiagnostics(name),
    ];
    put(name, text);
    return problems.length === 0;
  };
}
