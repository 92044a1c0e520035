/** `kpn-auth` as a person has it: a real process on Deno, Node and Bun, before a mock on loopback. */

import { build, stop } from "esbuild";
import { type MockKpn, mockKpn, type MockKpnOptions } from "../../src/mock/mock.ts";
import { sample } from "../support/amount.ts";
import { assert } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { type Programs, testWith } from "../support/programs.ts";
import { type Ended, runToEnd, spawn } from "../support/run.ts";

/** Never to be seen; every run is checked for it, as it is and as a form writes it. */
export const SECRET = "sentinel~secret*7f3a";
export const CLIENT_ID = "id-of-the-test";

/** The environment of a run: what the tests' own may hold of these is not to be seen. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "KPN_TOKEN_ENDPOINT",
      "KPN_TOKEN",
      ...["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((
        name,
      ) => [name, name.toLowerCase()]),
      "NODE_ENV",
      "APP_ENV",
      "NO_COLOR",
      "NODE_OPTIONS",
      "NODE_USE_ENV_PROXY",
    ].map((name) => [name, ""]),
  ),
  KPN_CLIENT_ID: CLIENT_ID,
  KPN_CLIENT_SECRET: SECRET,
  SHELL: "/bin/sh",
  DENO_NO_UPDATE_CHECK: "1",
};

/** The permissions that the README lists. */
const ENV = "KPN_CLIENT_ID,KPN_CLIENT_SECRET,KPN_TOKEN_ENDPOINT,KPN_TOKEN,NO_COLOR,SHELL";
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  doctor: [
    `--allow-env=${ENV},HTTPS_PROXY,https_proxy,HTTP_PROXY,http_proxy,ALL_PROXY,all_proxy,` +
    "NO_PROXY,no_proxy,NODE_ENV,APP_ENV",
  ],
  mock: ["--allow-net=127.0.0.1"],
  webhook: ["--allow-env=KPN_WEBHOOK_SECRET,NO_COLOR"],
};

/** A runtime and the command line that starts `kpn-auth` on it. */
export interface Runtime {
  readonly name: "deno" | "node" | "bun";
  /** `net` and `read` are the hosts and files that Deno may reach. */
  command(args: readonly string[], access?: Access): Promise<string[]>;
}

interface Access {
  readonly net?: string;
  readonly read?: string;
  /** Deno may do everything: it is to run a program. */
  readonly all?: boolean;
}

const here = (path: string) => new URL(path, import.meta.url).pathname;
const SOURCE = here("../../src/cli/bin.ts");

export const RUNTIMES: readonly Runtime[] = [
  {
    name: "deno",
    command(args, { net = "127.0.0.1", read, all: everything = false } = {}) {
      const permissions = PERMISSIONS[args[0] ?? ""] ?? [`--allow-env=${ENV}`];
      const reading = read === undefined ? [] : [`--allow-read=${read}`];
      const all = [
        "--no-prompt",
        ...everything ? ["--allow-all"] : permissions,
        ...reading,
        ...everything || args[0] === "mock" ? [] : [`--allow-net=${net}`],
      ];
      return Promise.resolve([Deno.execPath(), "run", ...all, SOURCE, ...args]);
    },
  },
  { name: "node", command: async (args) => ["node", await (bundle ??= makeBundle()), ...args] },
  {
    name: "bun",
    async command(args) {
      return [`${await npmTools()}node_modules/bun/bin/bun`, SOURCE, ...args];
    },
  },
];

let bundle: Promise<string> | undefined;

/** Node 20 runs no TypeScript. */
async function makeBundle(): Promise<string> {
  const outfile = here("../../.cache/cli/kpn_auth.mjs");
  await build({ entryPoints: [SOURCE], bundle: true, platform: "node", format: "esm", outfile });
  await stop();
  return outfile;
}

/** What a run is given. */
export interface Given extends Access {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** The secret is asked to be seen. */
  readonly revealing?: boolean;
}

/** Starts `kpn-auth`; its streams are the test's to end. */
export async function start(
  runtime: Runtime,
  args: readonly string[],
  { env, ...access }: Given = {},
): Promise<Deno.ChildProcess> {
  const [program = "", ...rest] = await runtime.command(args, access);
  return spawn(program, rest, { env: { ...ENVIRONMENT, ...env } });
}

/** Runs `kpn-auth` to its end, and checks that it showed no secret. */
export async function run(
  runtime: Runtime,
  args: readonly string[],
  { env, stdin = "", revealing = false, ...access }: Given = {},
): Promise<Ended> {
  const [program = "", ...rest] = await runtime.command(args, access);
  const options = { env: { ...ENVIRONMENT, ...env }, input: stdin };
  const ended = await runToEnd(program, rest, options);
  if (!revealing) assertNoSecret(ended.stdout + ended.stderr);
  return ended;
}

export function assertNoSecret(output: string): void {
  const form = new URLSearchParams({ s: SECRET }).toString().slice(2);
  assert(!output.includes(SECRET) && !output.includes(form), "the secret was shown");
}

/** A mock on a port, and the environment that leads there. */
export interface Served {
  readonly mock: MockKpn;
  readonly origin: string;
  readonly env: Readonly<Record<string, string>>;
}

export const TOKEN_PATH = "/oauth/client_credential/accesstoken";
export const BASIC = "/communication/nexmo/number-insight/basic";

/** Serves a mock while `work` lasts. */
export async function withMock(
  work: (served: Served) => Promise<void>,
  options: MockKpnOptions = {},
): Promise<void> {
  const mock = mockKpn({ clientId: CLIENT_ID, clientSecret: SECRET, ...options });
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }), // to a client that is gone
    },
    (request) => mock.handle(request),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  try {
    await work({ mock, origin, env: { KPN_TOKEN_ENDPOINT: `${origin}${TOKEN_PATH}` } });
  } finally {
    await server.shutdown();
  }
}

/** A test on a runtime that the seed draws; with `--all` one on each. */
export function onEach(name: string, test: (runtime: Runtime) => Promise<void>): void {
  onEachWith([], name, test);
}

/** The same, where programs are needed. */
export function onEachWith<Name extends string>(
  needed: readonly Name[],
  name: string,
  test: (runtime: Runtime, programs: Programs<Name>) => Promise<void>,
): void {
  for (const runtime of sample(RUNTIMES, 1, name)) {
    testWith(needed, `${name} [${runtime.name}]`, (programs) => test(runtime, programs));
  }
}
