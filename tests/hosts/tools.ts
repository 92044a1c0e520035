/**
 * Frameworks and compilers that only `deno task test hosts --all` uses: `tests/hosts/npm/package.json`,
 * installed as its lock says when it is first needed. What every run uses is in `tests/npm`.
 */

import { install } from "../support/npm.ts";

/** The folder whose `node_modules` has all of it. */
export function hostTools(): Promise<string> {
  return installing ??= install(new URL("npm/", import.meta.url).pathname);
}

let installing: Promise<string> | undefined;
