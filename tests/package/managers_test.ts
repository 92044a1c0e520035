/** The tarball as strict package managers install it. */

import { sample } from "../support/amount.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { install, npmTools } from "../support/npm.ts";
import { run } from "../support/run.ts";
import { installed } from "./installed.ts";

interface Manager {
  readonly program: string;
  readonly install: readonly string[];
  /** What a program of the project is run by, if not by Node itself. */
  readonly exec: readonly string[];
  /** Settings, so that nothing outside the project is read, written or asked. */
  readonly env: (folder: string) => Record<string, string>;
}

const MANAGERS: Readonly<Record<string, Manager>> = {
  "pnpm, strict": {
    program: "pnpm/bin/pnpm.cjs",
    install: ["install", "--offline", "--no-frozen-lockfile"],
    exec: ["exec"],
    env: (folder) => ({
      npm_config_store_dir: `${folder}/store`,
      npm_config_manage_package_manager_versions: "false",
      npm_config_update_notifier: "false",
    }),
  },
  "Yarn, Plug'n'Play": {
    program: "@yarnpkg/cli-dist/bin/yarn.js",
    install: ["install"],
    exec: [],
    env: (folder) => ({
      YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
      YARN_ENABLE_NETWORK: "false",
      YARN_ENABLE_TELEMETRY: "false",
      YARN_GLOBAL_FOLDER: `${folder}/store`,
      YARN_NODE_LINKER: "pnp",
    }),
  },
};

for (const [name, manager] of sample(Object.entries(MANAGERS), 1)) {
  Deno.test(`${name}: a project imports and requires every entry point, and runs the command`, async () => {
    const { tarball, entryPoints } = await installed();
    const tools = await install(`${await npmTools()}consumers/`);
    const folder = await Deno.makeTempDir({ prefix: "kpn-auth-manager-" });
    try {
      const dependencies = { "kpn-auth": `file:${tarball}` };
      await Deno.writeTextFile(
        `${folder}/package.json`,
        JSON.stringify({ name: "project", private: true, dependencies }),
      );
      await Deno.writeTextFile(`${folder}/yarn.lock`, "");
      await Deno.writeTextFile(`${folder}/use.mjs`, usage(entryPoints));
      const tell = (...args: string[]) =>
        run("node", [`${tools}node_modules/${manager.program}`, ...args], {
          cwd: folder,
          env: manager.env(folder),
        });

      await tell(...manager.install);
      assertEquals(
        await tell(...manager.exec, "node", "use.mjs"),
        `Bearer ${entryPoints.length}\n`,
      );
      assertMatch(await tell(...manager.exec, "kpn-auth", "help"), /token +print/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Gets a token by import, from the mock by require. */
function usage(entryPoints: readonly string[]): string {
  return `
    import { createRequire } from "node:module";
    import { requestToken } from "kpn-auth";
    const require = createRequire(import.meta.url);
    const { credentials, fetch } = require("kpn-auth/testing").mockKpn();
    const { type } = await requestToken({ ...credentials, fetch });
    let entryPoints = 0;
    for (const entry of ${JSON.stringify(entryPoints)}) {
      if (Object.keys(await import(entry)).length && Object.keys(require(entry)).length) entryPoints++;
    }
    console.log(type, entryPoints);
  `;
}
