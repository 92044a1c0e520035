/** Consumers in TypeScript, old and new, in every type environment that has a `fetch`. */

import { assert, assertEquals } from "../support/assert.ts";
import { installed, link, run, tools } from "./installed.ts";

/** Those that have an interface for programs: the oldest in every resolution, later ones in one. */
const COMPILERS: Readonly<Record<string, RegExp>> = {
  ts54: /./,
  ts56: /-nodenext/,
  ts59: /-nodenext/,
  ts60: /-nodenext/,
};

/** How a consumer resolves modules; where `require` exists, it is a consumer of its own. */
const RESOLUTIONS: Readonly<Record<string, { module: string; extensions: readonly string[] }>> = {
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

let written: ReturnType<typeof writeProjects> | undefined;

for (const [compiler, resolutions] of Object.entries(COMPILERS)) {
  Deno.test(`${compiler}: strict consumers type-check in every type environment`, async () => {
    const projects = (await (written ??= writeProjects())).filter((path) => resolutions.test(path));
    assert(projects.length >= Object.keys(ENVIRONMENTS).length);
    const { checked, problems } = JSON.parse(
      await run("node", [
        "tests/package/typecheck.mjs",
        `${await tools()}node_modules/${compiler}`,
        ...projects,
      ]),
    );
    assertEquals(problems, []);
    assert(checked >= 12 * projects.length);
  });
}

Deno.test("ts70 (native): strict consumers type-check in every type environment", async () => {
  const projects = await (written ??= writeProjects());
  const tsc = `${await tools()}node_modules/ts70/bin/tsc`;
  const problems: string[] = [];
  for (const project of projects) {
    const { stdout } = await new Deno.Command("node", {
      args: [tsc, "--project", project, "--pretty", "false"],
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout).split("\n");
    problems.push(...said.filter((line) => line && !/^ |node_modules\/(?!kpn-auth)/.test(line)));
  }
  assertEquals(problems, []);
});
