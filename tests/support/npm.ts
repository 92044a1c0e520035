/** What the tests use of npm: `tests/npm/package.json`, installed as its lock says when it is first needed. */

import { run } from "./run.ts";

/** The folder whose `node_modules` has all of it. No install script runs. */
export function npmTools(): Promise<string> {
  return installing ??= install(new URL("../npm/", import.meta.url).pathname);
}

let installing: Promise<string> | undefined;

/** Deno keeps one copy of a package for all projects, and lets one process install at a time. */
export async function install(folder: string): Promise<string> {
  await run(Deno.execPath(), ["install", "--frozen"], { cwd: folder });
  return folder;
}
