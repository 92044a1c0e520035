/** The library's modules for a browser: from the package, or from source with the types removed. */

import { readFile, realpath } from "node:fs/promises";
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

/**
 * Makes a function that reads the library's modules.
 *
 * @param program The path of `src/cli/bin`, or of a link to it.
 * @returns A function that returns the text of the module at a path such as `mod.js`, or `undefined`
 * if it cannot be read.
 */
export function libraryBeside(program: string): (path: string) => Promise<string | undefined> {
  return async (path) => {
    try {
      const root = new URL("../../", pathToFileURL(await realpath(program)));
      const built = await readFile(new URL(path, root), "utf8").catch(() => undefined);
      if (built !== undefined && path.endsWith(".js")) return built;
      return withoutTypes(
        built ?? await readFile(new URL(path.replace(/\.js$/, ".ts"), root), "utf8"),
      );
    } catch {
      return undefined;
    }
  };
}

/** Removes the types. Deno and newer versions of Node can do this; the npm package does not need it. */
function withoutTypes(source: string): string {
  const { stripTypeScriptTypes } = nodeModule as unknown as {
    readonly stripTypeScriptTypes: (source: string) => string;
  };
  return stripTypeScriptTypes(source);
}
