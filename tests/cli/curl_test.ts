import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { runToEnd } from "../support/run.ts";
import { BASIC, CLIENT_ID, onEachWith, run, SECRET, withMock } from "./kpn_auth.ts";

/** Pastes a command into a shell. */
async function paste(shell: string, command: string, env: Record<string, string>): Promise<string> {
  const { stdout } = await runToEnd(shell, ["-c", command], { env });
  return stdout;
}

onEachWith(
  ["sh", "curl"],
  "what curl prints runs: the token request, then the API call",
  async (runtime, { sh }) => {
    await withMock(async ({ mock, env }) => {
      const token = await run(runtime, ["curl"], { env });
      assertMatch(token.stderr, /needs KPN_CLIENT_ID, KPN_CLIENT_SECRET in the environment\.\n$/);
      const secrets = { KPN_CLIENT_ID: CLIENT_ID, KPN_CLIENT_SECRET: SECRET };
      const { access_token } = JSON.parse(await paste(sh, token.stdout, secrets));

      const call = await run(runtime, ["curl", BASIC, "-d", "number=447700900000"], { env });
      const answer = JSON.parse(await paste(sh, call.stdout, { KPN_TOKEN: access_token }));
      assertEquals([answer.country_name, mock.mints], ["United Kingdom", 1]);

      const revealing = { env, revealing: true };
      const revealed = await run(
        runtime,
        ["curl", BASIC, "-d", "number=1", "--reveal-secrets"],
        revealing,
      );
      assertStringIncludes(revealed.stdout, "authorization: Bearer ");
      assertEquals(JSON.parse(await paste(sh, revealed.stdout, {})).status, 0);
    });
  },
);
