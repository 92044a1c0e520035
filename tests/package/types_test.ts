/** Consumers in TypeScript, old and new, in every type environment that has a `fetch`. */

import { sample } from "../support/amount.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { install, npmTools } from "../support/npm.ts";
import { run, runToEnd } from "../support/run.ts";
import { installed, link } from "./installed.ts";

/** Those that have an interface for programs: the oldest, and of the later ones usually one. */
const LATER = ["ts51", "ts52", "ts53", "ts54", "ts55", "ts56", "ts57", "ts58", "ts59", "ts60"];
const COMPILERS = ["ts50", ...sample(LATER, 1)];

/** How a consumer resolves modules; where `require` exists, it is a consumer of its own. */
const RESOLUTIONS: Readonly<Record<string, { module: string; extensions: readonly string[] }>> = {
  node10: { module: "commonjs", extensions: ["ts"] },
  node16: { module: "node16", extensions: ["mts", "cts"] },
  nodenext: { module: "nodenext", extensions: ["mts", "cts"] },
  bundler: { module: "esnext", extensions: ["mts"] },
};

/** In every environment: plain arrow functions as `fetch`, and the platform's own. */
const ANYWHERE = `
import {
  type AccessToken,
  authorizedFetch,
  createTokenRequest,
  createTokenSource,
  type Fault,
  KpnAuthError,
  type KpnAuthErrorCode,
  type Quota,
  readFault,
  readQuota,
  readTokenResponse,
  requestToken,
  type TokenSource,
} from "kpn-auth";
import { mockKpn } from "kpn-auth/testing";

export const credentials = { clientId: "id", clientSecret: () => "secret" };
export const source: TokenSource = createTokenSource({
  ...credentials,
  fetch: (url, init) => fetch(url, init),
});
export const token: Promise<AccessToken> = requestToken(
  { ...credentials, fetch: () => Promise.resolve(new Response("{}")) },
  { signal: AbortSignal.timeout(1_000) },
);
export const sources = [
  createTokenSource({ ...credentials, fetch }),
  createTokenSource({ ...credentials, fetch: async (url, init) => await fetch(url, init) }),
  createTokenSource({ ...credentials, fetch: mockKpn().fetch }),
];
export const kpn = authorizedFetch(source, { fetch: (url, init) => fetch(url, init) });
export const others = [
  authorizedFetch(source),
  authorizedFetch(source, { fetch }),
  authorizedFetch(source, { fetch: mockKpn().fetch, origins: [new URL("https://example.com")] }),
  authorizedFetch({ token: () => token }, { shouldReplay: (response) => response.status === 401 }),
];

export async function use(): Promise<string> {
  const { url, ...init } = createTokenRequest({ clientId: "id", clientSecret: "secret" });
  const { access_token } = await readTokenResponse(await fetch(url, init));
  const response = await kpn("/path", {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ number: "447700900000" }),
  });
  await kpn(new URL("https://api-prd.kpn.com/path"));
  await kpn(new Request("https://api-prd.kpn.com/path", { method: "DELETE" }));
  const fault: Fault | undefined = await readFault(response);
  const quota: Quota | undefined = readQuota(response);
  const answer: unknown = await response.json();
  return [access_token, fault?.code, quota, answer].join();
}

export function advise(error: unknown): KpnAuthErrorCode | undefined {
  return error instanceof KpnAuthError ? error.code : undefined;
}
`;

const UNDICI = `
import { fetch as undiciFetch, ProxyAgent } from "undici";

const dispatcher = new ProxyAgent("http://127.0.0.1:8080");
export const throughUndici = [
  createTokenSource({ ...credentials, fetch: undiciFetch }),
  createTokenSource({
    ...credentials,
    fetch: (url, init) => undiciFetch(url, { ...init, dispatcher }),
  }),
];
export const kpnThroughUndici = [
  authorizedFetch(source, { fetch: undiciFetch }),
  authorizedFetch(source, { fetch: (url, init) => undiciFetch(url, { ...init, dispatcher }) }),
];
export const readUndici = async () => readTokenResponse(await undiciFetch("https://example.com"));
`;

const WORKERS = `
import { cloudflareKvStore } from "kpn-auth/stores/cloudflare-kv";
import { durableObjectSource } from "kpn-auth/stores/durable-object";

export const shared = (env: { TOKENS: KVNamespace; KPN: DurableObjectNamespace }) => [
  createTokenSource({ ...credentials, store: cloudflareKvStore(env.TOKENS) }),
  durableObjectSource(() => env.KPN.get(env.KPN.idFromName("kpn"))),
];

export default {
  async fetch(request, env, ctx) {
    await source.token(ctx);
    await source.token({ waitUntil: ctx });
    const proxied = createTokenSource({
      ...credentials,
      fetch: (url, init) => env.PROXY.fetch(url, init),
      waitUntil: (promise) => ctx.waitUntil(promise),
    });
    return await authorizedFetch(proxied, { fetch: env.PROXY.fetch.bind(env.PROXY) })(request);
  },
} satisfies ExportedHandler<{ PROXY: Fetcher }>;
`;

/** What types are there, beside the language's; and what is written only there. */
const ENVIRONMENTS: Readonly<
  Record<string, { lib: readonly string[]; types: readonly string[]; more: string }>
> = {
  dom: { lib: ["ES2022", "DOM"], types: [], more: "" },
  node: { lib: ["ES2022"], types: ["node"], more: UNDICI },
  workers: { lib: ["ES2022"], types: ["@cloudflare/workers-types"], more: WORKERS },
  bun: { lib: ["ES2022"], types: ["bun-types"], more: UNDICI },
};

/** One project for each environment and resolution, beside what they import. */
async function writeProjects(): Promise<readonly string[]> {
  const { folder, entryPoints } = await installed();
  await link(folder, ["undici", "@types/node", "@cloudflare/workers-types", "bun-types"]);
  const everything = entryPoints.map((entry, index) =>
    `export type * as entry${index} from ${JSON.stringify(entry)};`
  );
  const projects: string[] = [];
  for (const [environment, { lib, types, more }] of Object.entries(ENVIRONMENTS)) {
    for (const [moduleResolution, { module, extensions }] of Object.entries(RESOLUTIONS)) {
      const project = `${folder}/${environment}-${moduleResolution}`;
      await Deno.mkdir(project);
      const code = [ANYWHERE, more, ...everything].join("\n");
      const files = extensions.map((extension) => `consumer.${extension}`);
      for (const file of files) await Deno.writeTextFile(`${project}/${file}`, code);
      const compilerOptions = {
        ...{ target: "es2022", lib, types, module, moduleResolution },
        ...{ strict: true, skipLibCheck: false, noEmit: true },
      };
      await Deno.writeTextFile(
        `${project}/tsconfig.json`,
        JSON.stringify({ compilerOptions, files }),
      );
      projects.push(`${project}/tsconfig.json`);
    }
  }
  return projects;
}

/** What a compiler finds in the projects. */
async function problemsOf(compiler: string, projects: readonly string[]): Promise<string[]> {
  const tools = await npmTools();
  const folder = await isThere(`${tools}node_modules/${compiler}`)
    ? tools
    : await install(`${tools}compilers/`);
  const program = `${folder}node_modules/${compiler}`;
  const args = ["tests/package/typecheck.mjs", program, ...projects];
  const { checked, problems } = JSON.parse(await run("node", args));
  assert(projects.length >= LOOKED);
  assert(checked >= 12 * projects.length);
  return problems;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** The native compiler has no interface for programs. */
async function nativeProblemsOf(projects: readonly string[]): Promise<string[]> {
  const tsc = `${await npmTools()}node_modules/ts70/bin/tsc`;
  const problems: string[] = [];
  for (const project of projects) {
    const { stdout } = await runToEnd("node", [tsc, "--project", project, "--pretty", "false"]);
    problems.push(
      ...stdout.split("\n").filter((line) => line && !/^ |node_modules\/(?!kpn-auth)/.test(line)),
    );
  }
  return problems;
}

/** How many projects a compiler usually looks at. */
const LOOKED = 2;

Deno.test("B78: strict consumers type-check in every type environment", async (context) => {
  const projects = await writeProjects();
  // TypeScript 6 calls node10 an error, 7 has removed it.
  const modern = projects.filter((path) => !path.includes("-node10"));
  for (const compiler of COMPILERS) {
    const looked = sample(compiler === "ts60" ? modern : projects, LOOKED, compiler);
    await context.step(
      compiler,
      async () => assertEquals(await problemsOf(compiler, looked), []),
    );
  }
  await context.step("ts70 (native)", async () => {
    assertEquals(await nativeProblemsOf(sample(modern, LOOKED, "ts70")), []);
  });
});
