/** No list of processes shows a secret: whatever program the command starts, its arguments are looked at. */

import { createTokenRequest } from "../../mod.ts";
import { curlCommand } from "../../src/curl/curl.ts";
import { assert } from "../support/assert.ts";
import { captureServer } from "../support/capture_server.ts";
import { findProgram, testWith } from "../support/programs.ts";
import { needed, runScript, SHELL_PROGRAMS } from "../support/shells.ts";

/** Every program that could carry a value to another one. */
const WATCHED = ["curl", "sed", "tr", "printf", "echo", "cat", "env"];

for (const [name, program] of Object.entries(SHELL_PROGRAMS)) {
  testWith(
    [...needed(program), "curl", "sed"],
    `B30: in ${name} no program has a secret among its arguments`,
    async () => {
      await using server = captureServer();
      const folder = await Deno.makeTempDir();
      try {
        for (const program of WATCHED) {
          const path = `${folder}/${program}`;
          await Deno.writeTextFile(
            path,
            `#!/bin/sh\nprintf '%s\\n' "$0" "$@" >>${folder}/seen\nexec ${
              findProgram(program)
            } "$@"\n`,
            { mode: 0o755 },
          );
        }
        const request = createTokenRequest(
          { clientId: "none", clientSecret: "none" },
          { tokenEndpoint: `${server.origin}/token` },
        );
        const command = curlCommand(request, { shell: program.shell, program: "curl" });
        await runScript(program, [command], {
          PATH: `${folder}:${Deno.env.get("PATH")}`,
          KPN_CLIENT_ID: "id",
          KPN_CLIENT_SECRET: "s3cret",
        });
        const seen = await Deno.readTextFile(`${folder}/seen`);
        assert(seen.includes(`${folder}/curl\n-X\nPOST`), seen);
        assert(!seen.includes("s3cret"), seen);
        const body = new TextDecoder().decode(server.requests[0]!.body);
        assert(body.includes("client_secret=s3cret"), body);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}
