/**
 * Checks what no linter knows: that imports point one way (a room imports only what
 * stands above it), that only the command line uses `node:` modules or touches
 * a process, and that what is packed stays clear of what dnt would have to shim.
 */

/** The core, in the order in which its rooms may import each other. */
const CORE = [
  "kpn",
  "redact",
  "errors",
  "options",
  "deadline",
  "body",
  "url",
  "numbers",
  "request",
  "envelope",
  "meanings",
  "fault",
  "token",
  "response",
  "network",
  "events",
  "host",
  "grant",
  "cool_down",
  "store_key",
  "stored",
  "flight",
  "rejections",
  "wait_until",
  "cached",
  "source",
  "content",
  "init",
  "call",
  "fetch",
];

/** What hangs at the side, and what each may import beside its own folder. */
const SIDES: Readonly<Record<string, readonly string[]>> = {
  "quota": [],
  "explain": [...CORE],
  "webhook": [],
  "curl/": ["url"],
  "stores/durable_object": [...CORE],
  "stores/": ["stored", "token"],
  "mock/": ["kpn"],
  "playground/": ["kpn", "mock/"],
  "cli/": [...CORE, "explain", "webhook", "curl/", "mock/", "playground/"],
};

/** Not to stand in what is packed: dnt would have to shim it, or cannot in CommonJS. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\bimport\.meta\b/, "import.meta"],
  [/\bDeno\./, "the Deno global"],
  [/^(?:const|let|var) .*= await |^await /m, "top-level await"],
  [
    /\.(?:replaceAll|at|toSorted|toReversed|toSpliced|with|findLast|findLastIndex|groupBy)\(|\bObject\.hasOwn\b|\bArray\.fromAsync\b|\bPromise\.withResolvers\b/,
    "a member that dnt polyfills",
  ],
];

/** What Fastly Compute lacks. The mock and the command line run elsewhere; `deadline.ts` has a stand-in. */
const MISSING = /\bURL\.canParse\b|\bnew AbortController\b|\bAbortSignal\.\w/;
const ELSEWHERE = /^(?:mock|cli|playground)\/|^deadline$/;

const problems: string[] = [];

for await (const path of sources("src")) {
  const code = withoutComments(await Deno.readTextFile(path));
  const room = path.replace(/^src\//, "").replace(/\.ts$/, "");
  for (const [, specifier = ""] of code.matchAll(/^(?:import|export)\b[^"]*?from "([^"]+)";/gms)) {
    checkImport(room, specifier);
  }
  if (MISSING.test(code) && !ELSEWHERE.test(room)) {
    problems.push(`${path} uses what Fastly Compute lacks`);
  }
  if (room === "cli/bin" || room === "playground/packed") continue; // the latter is strings
  for (const [pattern, name] of FORBIDDEN) {
    if (pattern.test(code)) problems.push(`${path} uses ${name}`);
  }
}

if (problems.length) {
  console.error(problems.join("\n"));
  Deno.exit(1);
}
console.log("Imports point one way, and nothing that is packed needs a shim.");

function checkImport(room: string, specifier: string): void {
  if (specifier.startsWith("node:")) {
    if (!room.startsWith("cli/")) problems.push(`${room} imports ${specifier}`);
    return;
  }
  if (!specifier.startsWith(".")) {
    problems.push(`${room} imports ${specifier}: no dependencies`);
    return;
  }
  const target = new URL(specifier, `file:///${room}`).pathname.slice(1).replace(/\.ts$/, "");
  const own = CORE.indexOf(room);
  if (own >= 0) {
    const theirs = CORE.indexOf(target);
    if (theirs < 0 || theirs >= own) problems.push(`${room} must not import ${target}`);
    return;
  }
  const [side, allowed] =
    Object.entries(SIDES).find(([side]) =>
      side.endsWith("/") ? room.startsWith(side) : room === side
    ) ?? [];
  if (!side || !allowed) {
    problems.push(`${room} has no place: add it to scripts/check.ts`);
  } else if (
    !(side.endsWith("/") && target.startsWith(side)) &&
    !allowed.some((name) => name.endsWith("/") ? target.startsWith(name) : target === name)
  ) {
    problems.push(`${room} must not import ${target}`);
  }
}

/** Examples in docstrings import the package by its name. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts")) yield path;
  }
}
