/** The runtimes as programs, and how to run them beside the packed package. */

import { installed } from "../package/installed.ts";
import { npmTools } from "../support/npm.ts";
import { runToEnd } from "../support/run.ts";

/** A major version of Node: the newest release of each line that is maintained. */
export type NodeMajor = 20 | 22 | 24 | 26;

/** The path of a Node. */
export async function node(major: NodeMajor): Promise<string> {
  return `${await npmTools()}node_modules/node${major}/bin/node`;
}

/** The path of Bun. */
export async function bun(): Promise<string> {
  return `${await npmTools()}node_modules/bun/bin/bun`;
}

/** The folder of Vercel's edge runtime, for Node to import. */
export async function edgeRuntime(): Promise<string> {
  return `${await npmTools()}node_modules/@edge-runtime/vm`;
}

/** Runs a program to its end: all that it printed. Throws if it fails. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(program, args, {
    env: { NO_COLOR: "1", ...env },
  });
  if (code !== 0) throw new Error(`it ended with ${code}: ${stdout}${stderr}`);
  return stdout + stderr;
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
