/** A fleet of real processes on real runtimes, and the KPN that they mint at. */

import { build, stop } from "esbuild";
import { type MockKpn, mockKpn, type MockKpnOptions } from "../../src/mock/mock.ts";
import { npmTools } from "../support/npm.ts";
import { spawn } from "../support/run.ts";
import type { Member, Order, Report } from "./member.ts";

export type Runtime = "Deno" | "Node" | "Bun";

/** A process of the fleet. */
export interface Process extends AsyncDisposable {
  /** Does what it is told, and reports. */
  obey(order: Order): Promise<Report>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

/** KPN, as the fleet sees it. */
export interface Kpn extends AsyncDisposable {
  readonly tokenEndpoint: string;
  /** Answers from now on; replaced when a secret is rotated. */
  mock: MockKpn;
  /** All tokens that were minted. */
  readonly minted: { readonly value: string }[];
  /** The most token requests that were ever under way at once. */
  readonly atOnce: number;
}

/** The longest that a process may take to do what it is told, in ms. */
const LONGEST = 300_000;

/** Serves a mock that counts what is under way. */
export function serveKpn(options: MockKpnOptions): Kpn {
  const minted: { value: string }[] = [];
  let underWay = 0;
  let atOnce = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request): Promise<Response> => {
      atOnce = Math.max(atOnce, ++underWay);
      try {
        const answer = await kpn.mock.handle(request);
        const { access_token: value } = await answer.clone().json();
        if (value) minted.push({ value });
        return answer;
      } finally {
        underWay--;
      }
    },
  );
  const kpn: Kpn = {
    tokenEndpoint: `http://127.0.0.1:${server.addr.port}/oauth/client_credential/accesstoken`,
    mock: mockKpn(options),
    minted,
    get atOnce() {
      return atOnce;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return kpn;
}

/** Starts a process and waits until it is connected to its store. */
export async function startMember(runtime: Runtime, member: Member): Promise<Process> {
  const [program, ...args] = await RUNTIMES[runtime]();
  const child = spawn(program!, [...args, await bundle(), JSON.stringify(member)], {
    longest: 60 * 60_000,
  });
  const said = new Response(child.stderr).text();
  const stdin = child.stdin.getWriter();
  const reports = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";

  async function report(): Promise<Report> {
    while (!text.includes("\n")) {
      const { value, done } = await reports.read();
      if (done) throw new Error(`The ${runtime} process ended: ${await said}`);
      text += value;
    }
    const [line, ...rest] = text.split("\n");
    text = rest.join("\n");
    return JSON.parse(line!);
  }

  await report();
  return {
    async obey(order) {
      await stdin.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
      // One that hangs is ended, so that its report is an error.
      const hangs = setTimeout(() => child.kill("SIGKILL"), LONGEST);
      return await report().finally(() => clearTimeout(hangs));
    },
    async kill() {
      child.kill("SIGKILL");
      await child.status;
    },
    async [Symbol.asyncDispose]() {
      await stdin.close().catch(() => {}); // it may be dead
      await reports.cancel();
      await Promise.all([child.status, said]);
    },
  };
}

/** Several processes that do the same. */
export interface Fleet extends AsyncDisposable {
  readonly members: readonly Process[];
  /** All at once do what they are told, and report. */
  obey(order: Order): Promise<Report[]>;
}

/** Starts several, and ends them together. */
export async function startFleet(runtimes: readonly Runtime[], member: Member): Promise<Fleet> {
  const members = await Promise.all(runtimes.map((runtime) => startMember(runtime, member)));
  return {
    members,
    obey: (order) => Promise.all(members.map((member) => member.obey(order))),
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    },
  };
}

const RUNTIMES: Readonly<Record<Runtime, () => Promise<string[]>>> = {
  Deno: () => Promise.resolve([Deno.execPath(), "run", "--allow-all", "--unstable-kv"]),
  Node: () => Promise.resolve(["node"]),
  Bun: async () => {
    return [`${await npmTools()}node_modules/bun/bin/bun`];
  },
};

let bundled: Promise<string> | undefined;

/** The member as one file that every runtime runs. */
function bundle(): Promise<string> {
  return bundled ??= (async () => {
    const outfile = new URL("../../.cache/fleet/member.mjs", import.meta.url).pathname;
    const entry = new URL("member.ts", import.meta.url).pathname;
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
    });
    await stop();
    return outfile;
  })();
}
