/** The library's own modules for a browser: as the package has them, or from source without their types. */

import { readFile, realpath } from "node:fs/promises";
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

/**
 * Reads modules beside a program.
 *
 * @param program The path of `src/cli/bin`, or of a link to it.
 * @returns The text of the module at a path such as `mod.js`, or `undefined` if it cannot be read.
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

/** Deno and newer Nodes can; what is installed from npm does not need it. */
function withoutTypes(source: string): string {
  const { stripTypeScriptTypes } = nodeModule as unknown as {
    readonly stripTypeScriptTypes: (source: string) => string;
  };
  return stripTypeScriptTypes(source);
}
