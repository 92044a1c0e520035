/** B83: the credentials' file on each Node, through the real program, as a file and as a pipe. */

import { assertEquals, assertMatch } from "../support/assert.ts";
import { sample } from "../support/amount.ts";
import { testWith } from "../support/programs.ts";
import { runToEnd } from "../support/run.ts";
import { node, type NodeMajor } from "../runtimes/programs.ts";
import { CLIENT_ID, ENVIRONMENT, RUNTIMES, SECRET, withMock } from "./kpn_auth.ts";

const NODES: readonly NodeMajor[] = [20, 22, 24, 26];
const odd = `${SECRET}#more`;
const without = { ...ENVIRONMENT, KPN_CLIENT_ID: "", KPN_CLIENT_SECRET: "" };

for (const major of sample(NODES, 1)) {
  testWith(
    ["npm", "bash"],
    `B83: --credentials on Node ${major}; what Node did to --env-file`,
    async ({ bash }) => {
      const bundle = (await RUNTIMES.find(({ name }) => name === "node")!.command([]))[1]!;
      const folder = await Deno.makeTempDir();
      const file = `${folder}/.env`;
      const program = `'${await node(major)}' '${bundle}' token`;
      const text = `KPN_CLIENT_ID=${CLIENT_ID}\nKPN_CLIENT_SECRET=${odd}\n`;
      await Deno.writeTextFile(file, text);
      try {
        await withMock(async ({ env }) => {
          const sh = (command: string) =>
            runToEnd(bash, ["-c", command], { env: { ...without, ...env } });
          for (
            const command of [
              `${program} --credentials '${file}'`,
              `${program} --credentials <(cat '${file}')`,
              `cat '${file}' | ${program} --credentials /dev/stdin`,
              `cat '${file}' | ${program} --credentials -`,
              `${program} --env-file '${file}'`,
            ]
          ) {
            const { code, stderr } = await sh(command);
            assertEquals([command, code, stderr], [command, 0, ""]);
          }
          const missing = await sh(`${program} --credentials '${folder}/none'`);
          assertEquals(missing.code, 2);
          assertMatch(missing.stderr, /Cannot read \S+\/none: ENOENT/);
          // Node has read the pipe, and cut the secret at its #: never used in silence.
          const swallowed = await sh(`${program} --env-file <(cat '${file}')`);
          assertEquals([swallowed.code, swallowed.stdout], [3, ""]);
          assertMatch(swallowed.stderr, /Node has an option --env-file itself.+ Use --credentials/);
        }, { clientSecret: odd });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}
