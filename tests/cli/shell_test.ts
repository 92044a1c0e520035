/** Which shell a command is printed for, and the lines that set variables there. */

import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type Shell, SHELLS } from "../../src/curl/shells.ts";
import { mockKpn } from "../../src/mock/mock.ts";
import { type Given, run, VARIABLES } from "./in_process.ts";

/** What `kpn-auth curl` says it is for. */
async function guessed(given: Given, ...args: string[]): Promise<string> {
  const { code, stderr } = await run(["curl", ...args], mockKpn(), given);
  assertEquals(code, 0, stderr);
  return /for (\w+);/.exec(stderr)?.[1] ?? stderr;
}

const parent = (name: string | undefined) => () => Promise.resolve(name);

Deno.test("the default shell is that of SHELL, or the parent on Windows", async () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    ["/bin/bash", "posix"],
    ["/usr/bin/zsh", "posix"],
    ["/opt/homebrew/bin/fish", "fish"],
    ["/home/me/.cargo/bin/nu", "nu"],
    ["/usr/bin/pwsh", "powershell"],
    ["/bin/none", "posix"],
    [undefined, "posix"],
  ];
  for (const [SHELL, expected] of cases) {
    const variables = { ...VARIABLES, ...SHELL && { SHELL } };
    assertEquals([SHELL, await guessed({ variables })], [SHELL, expected]);
  }
  const platform = "win32";
  assertEquals(await guessed({ platform, parent: parent("powershell.exe") }), "powershell");
  assertEquals(await guessed({ platform, parent: parent("pwsh.exe") }), "powershell");
  assertEquals(await guessed({ platform, parent: parent("cmd.exe") }), "cmd");
  assertEquals(await guessed({ platform, parent: parent("node.exe") }), "cmd");
  assertEquals(await guessed({ platform, parent: parent(undefined) }), "cmd");
  const gitBash = { ...VARIABLES, SHELL: "C:\\Program Files\\Git\\usr\\bin\\bash.exe" };
  assertEquals(await guessed({ platform, variables: gitBash }), "posix");
});

Deno.test("--shell takes the names that people give their shells", async () => {
  const names = {
    bash: "posix",
    zsh: "posix",
    sh: "posix",
    ksh: "posix",
    pwsh: "powershell",
    bat: "batch",
  };
  for (const [name, shell] of Object.entries(names)) {
    assertEquals([name, await guessed({}, "--shell", name)], [name, shell]);
  }
  const { stdout } = await run(["curl", "--shell", "pwsh"], mockKpn(), { platform: "win32" });
  assertStringIncludes(stdout, "| curl.exe -X POST");
});

const LINES: Readonly<Record<Shell, RegExp>> = {
  posix: /^export KPN_TOKEN='\w{28}'\n$/,
  fish: /^set -gx KPN_TOKEN '\w{28}'\n$/,
  nu: /^\$env\.KPN_TOKEN = '\w{28}'\n$/,
  powershell: /^\$env:KPN_TOKEN = '\w{28}'\n$/,
  cmd: /^set KPN_TOKEN=\w{28}\n$/,
  batch: /^set KPN_TOKEN=\w{28}\n$/,
};

Deno.test("token --env and mock print the lines of the shell", async () => {
  for (const [shell, line] of Object.entries(LINES)) {
    const { stdout } = await run(["token", "--env", "--shell", shell]);
    assertMatch(stdout, line);
  }
  const given = { interrupted: () => Promise.resolve() };
  const { stdout } = await run(["mock", "--shell", "pwsh"], mockKpn(), given);
  assertMatch(stdout, /^\$env:KPN_TOKEN_ENDPOINT = 'http:\/\/127\.0\.0\.1:\d+\/oauth\/[\w/]+'$/m);
  const guessed = await run(["mock"], mockKpn(), {
    ...given,
    platform: "win32",
    parent: parent("powershell.exe"),
  });
  assertMatch(guessed.stdout, /^\$env:KPN_CLIENT_ID = 'APP_CLIENT_ID'$/m);
});

Deno.test("a value with marks of a shell is a value; cmd gets a caret before each", () => {
  const value = `a b'c"d&e|f%PATH%^g$(id)`;
  assertEquals(SHELLS.posix.assign("X", value), `export X='a b'\\''c"d&e|f%PATH%^g$(id)'`);
  assertEquals(SHELLS.cmd.assign("X", value), `set X=a b'c^"d^&e^|f^%PATH^%^^g$(id)`);
  assertEquals(SHELLS.batch.assign("X", value), `set X=a b'c^"d^&e^|f%%PATH%%^^g$(id)`);
});
