/** curl 8.3 and later take the secrets from the environment themselves: `scripts/curl8.sh` installs one. */

import { createTokenRequest } from "../../mod.ts";
import { curlCommand } from "../../src/curl/curl.ts";
import { HARD_VALUES } from "../support/cases.ts";
import { assertEquals } from "../support/assert.ts";
import { captureServer, header } from "../support/capture_server.ts";
import { testWith } from "../support/programs.ts";
import { run } from "../support/run.ts";
import { windowsArguments } from "../support/windows_args.ts";

const VALUES = HARD_VALUES.filter((_, index) => index >= 32);

testWith(
  ["dash", "curl8"],
  "B30: curl 8.3 takes credentials from the environment",
  async (found) => {
    await using server = captureServer();
    const tokenEndpoint = `${server.origin}/token`;
    const request = createTokenRequest({ clientId: "none", clientSecret: "none" }, {
      tokenEndpoint,
    });
    const command = curlCommand(request, { shell: "posix", expand: "curl" }).replace(
      "curl",
      found.curl8,
    );
    for (const value of VALUES) {
      await run(found.dash, ["-c", command], {
        env: { KPN_CLIENT_ID: "the id", KPN_CLIENT_SECRET: value },
      });
    }
    assertEquals(
      server.requests.map(({ body }) => [...new URLSearchParams(new TextDecoder().decode(body))]),
      VALUES.map((value) => [["client_id", "the id"], ["client_secret", value]]),
    );
  },
);

for (const shell of ["cmd", "batch"] as const) {
  testWith(["curl8"], `B30: curl 8.3 gets what ${shell} hands it`, async (found) => {
    await using server = captureServer();
    const env = { KPN_TOKEN: 'a"&b%PATH%', PATH: "C:\\windows" };
    const line = curlCommand({
      url: `${server.origin}/x`,
      headers: { authorization: "Bearer none" },
    }, { shell });
    const args = windowsArguments(line, { batch: shell === "batch", env });
    await run(found.curl8, args.slice(1), { env: { KPN_TOKEN: env.KPN_TOKEN } });
    assertEquals(header(server.requests[0]!, "authorization"), `Bearer ${env.KPN_TOKEN}`);
  });
}
