/** No list of processes shows a secret: whatever program the command starts, its arguments are looked at. */

import { createTokenRequest } from "../../mod.ts";
import { curlCommand } from "../../src/curl/curl.ts";
import { assert } from "../support/assert.ts";
import { captureServer } from "../support/capture_server.ts";
import { findProgram, testWith } from "../support/programs.ts";
import { POSIX_SHELLS, type PosixShell } from "../support/shells.ts";
import { run } from "../support/run.ts";

/** Every program that could carry a value to another one. */
const WATCHED = ["curl", "tr", "printf", "echo", "cat"];

for (const shell of Object.keys(POSIX_SHELLS) as PosixShell[]) {
  testWith(
    [shell, "curl", "tr"],
    `B30: in ${shell} no program has a secret among its arguments`,
    async (found) => {
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
        const script = `${folder}/script`;
        await Deno.writeTextFile(script, curlCommand(request, { shell: "posix" }) + "\n");
        await run(found[shell], [...POSIX_SHELLS[shell], script], {
          env: {
            PATH: `${folder}:/usr/bin:/bin`,
            KPN_CLIENT_ID: "id",
            KPN_CLIENT_SECRET: "s3cret",
          },
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
