import { assert, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { assertNoSecret, ENVIRONMENT, onEachWith, SECRET, withMock } from "./kpn_auth.ts";
import { openTerminal } from "./terminal.ts";

onEachWith(
  ["tmux"],
  "a terminal gets colours, unless NO_COLOR is set",
  async (runtime, { tmux }) => {
    await withMock(async ({ env }) => {
      const command = await runtime.command(["doctor"]);
      await using coloured = openTerminal(tmux, command, { ...ENVIRONMENT, ...env });
      const report = await coloured.until(/exit \d/);
      assertStringIncludes(report, "\x1b[32m✓\x1b[39m environment");
      assertMatch(report, /Everything works\.\r\nexit 0/);
      await using plain = openTerminal(tmux, command, { ...ENVIRONMENT, ...env, NO_COLOR: "1" });
      assert(!(await plain.until(/exit 0/)).includes("\x1b[3"), "it is coloured");
    });
  },
);

onEachWith(
  ["tmux"],
  "a terminal is told what is waited for after a second",
  async (runtime, { tmux }) => {
    await withMock(async ({ mock, env }) => {
      const late = Promise.withResolvers<Response>();
      mock.respondNext(() => late.promise);
      const command = await runtime.command(["token"]);
      await using terminal = openTerminal(tmux, command, { ...ENVIRONMENT, ...env });
      await terminal.until(/kpn-auth: waiting for 127\.0\.0\.1:\d+ …/);
      late.resolve(Response.json({ access_token: "a-late-token" }));
      assertStringIncludes(await terminal.until(/exit 0/), "…\r\x1b[Ka-late-token\r\nexit 0");
    });
  },
);

onEachWith(
  ["tmux"],
  "a secret is typed without being shown; Ctrl-C ends it",
  async (runtime, { tmux }) => {
    await withMock(async ({ env }) => {
      const command = await runtime.command(["token", "--secret-stdin"]);
      const without = { ...ENVIRONMENT, ...env, KPN_CLIENT_SECRET: "" };
      await using terminal = openTerminal(tmux, command, without);
      await terminal.until(/Client secret \(not shown\): $/);
      await terminal.press("-l", `'${SECRET}x'`);
      await terminal.press("BSpace", "Enter");
      const shown = await terminal.until(/exit \d/);
      assertNoSecret(shown);
      assertMatch(shown, /not shown\): \r\n[A-Za-z0-9]{28}\r\nexit 0/);
      await using left = openTerminal(tmux, command, without);
      await left.until(/not shown/);
      await left.press("C-c");
      assertMatch(await left.until(/exit \d+\r/), /exit 130/);
    });
  },
);

onEachWith(["tmux"], "Ctrl-C ends the mock", async (runtime, { tmux }) => {
  await using terminal = openTerminal(tmux, await runtime.command(["mock"]), ENVIRONMENT);
  await terminal.until(/export KPN_TOKEN_ENDPOINT=.*\r\n/);
  await terminal.press("C-c");
  assertMatch(await terminal.until(/exit \d+\r/), /exit 0\r/);
});
