import type { MockFailure } from "../../src/mock/answers.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { freePort } from "../support/ports.ts";
import { runToEnd } from "../support/run.ts";
import { ENVIRONMENT, onEach, onEachWith, run, RUNTIMES, SECRET, withMock } from "./kpn_auth.ts";

const ANSWERS: readonly (readonly [MockFailure, number, ...string[]])[] = [
  ["invalid_client_500", 3],
  ["redirect", 5],
  ["spike_arrest", 6],
  ["never", 4, "--timeout", "900"], // it never answers: however busy the machine is
];

onEach("B26: exit codes differ by kind of failure, and stdout stays empty", async (runtime) => {
  for (const [answer, expected, ...args] of ANSWERS) {
    await withMock(async ({ mock, env }) => {
      mock.respondNext(answer, { to: "token", times: 3 });
      const { code, stdout, stderr } = await run(runtime, ["token", ...args], { env });
      assertEquals([answer, code, stdout], [answer, expected, ""]);
      assertMatch(stderr, /^kpn-auth: Cannot get a token: .+\n$/);
    });
  }
});

onEach("B26: a refused connection ends with 4", async (runtime) => {
  const port = freePort();
  const env = { KPN_TOKEN_ENDPOINT: `http://127.0.0.1:${port}/token` };
  const { code, stderr } = await run(runtime, ["token"], { env });
  assertEquals(code, 4);
  assertStringIncludes(stderr, `127.0.0.1:${port}`);
});

onEach("credentials that are missing or malformed end with 3", async (runtime) => {
  const missing = await run(runtime, ["token"], { env: { KPN_CLIENT_ID: "" } });
  assertEquals(missing.code, 3);
  assertMatch(missing.stderr, /^kpn-auth: KPN_CLIENT_ID is not set\. /);
  const malformed = await run(runtime, ["token"], { env: { KPN_CLIENT_SECRET: ` ${SECRET}` } });
  assertEquals(malformed.code, 3);
  assertMatch(malformed.stderr, /^kpn-auth: .*clientSecret/);
});

onEach(
  "a wrong command line ends with 2; a secret among the arguments is refused",
  async (runtime) => {
    const { code, stdout, stderr } = await run(runtime, ["token", `--client-secret=${SECRET}`]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /cannot be arguments: .+\nSee kpn-auth token --help\.\n$/);
    const unreadable = await run(runtime, ["token", "--env-file", "/nowhere/.env"], {
      read: "/nowhere/.env",
    });
    // Node takes --env-file for its own, wherever it stands, and ends before we begin.
    assertEquals(unreadable.code, runtime.name === "node" ? 9 : 2);
    assertMatch(unreadable.stderr, /\/nowhere\/\.env: /);
  },
);

onEachWith(["sh"], "a full disk ends with 1 and is named", async (runtime, { sh }) => {
  await withMock(async ({ mock, env }) => {
    mock.respondNext(() => new Response("x".repeat(100_000)), { to: "api" });
    for (const args of [["token"], ["call", "/x"]]) {
      const command = await runtime.command(args);
      const { code, stderr } = await runToEnd(sh, ["-c", '"$@" >/dev/full', "sh", ...command], {
        env: { ...ENVIRONMENT, ...env },
      });
      assertEquals([args, code], [args, 1], stderr);
      assertMatch(stderr, /^kpn-auth: .*(ENOSPC|[Nn]o space left)/);
    }
  });
});

onEachWith(["sh"], "a closed pipe hides no error of the API", async (runtime, { sh }) => {
  await withMock(async ({ mock, env }) => {
    mock.respondNext(() => new Response("x".repeat(1_000_000), { status: 404 }), { to: "api" });
    const command = await runtime.command(["call", "/x"]);
    const piping = '{ { "$@" 2>/dev/null 3>&-; echo $? >&3; } | : ; } 3>&1';
    const { stdout } = await runToEnd(sh, ["-c", piping, "sh", ...command], {
      env: { ...ENVIRONMENT, ...env },
    });
    assertEquals(stdout, "7\n");
  });
});

Deno.test("a permission that Deno lacks ends with 2 and is named", async () => {
  await withMock(async ({ env, origin }) => {
    const { host } = new URL(origin);
    const net = "--allow-net=127.0.0.1";
    const variables = "--allow-env=KPN_CLIENT_ID,KPN_CLIENT_SECRET,KPN_TOKEN_ENDPOINT";
    const CASES: readonly (readonly [permissions: string[], args: string[], named: string])[] = [
      [[net], ["token"], "--allow-env=KPN_"],
      [[variables], ["token"], `--allow-net=${host}`],
      [[variables, "--allow-net=kpn.invalid"], ["call", "/x"], `--allow-net=${host}`],
      [[net, variables], ["token", "--credentials", "/tmp/.env"], "--allow-read=/tmp/.env"],
      [[net, variables], ["call", "/x", "-d", "@/tmp/x"], "--allow-read=/tmp/x"],
      [[net, variables], ["call", "/x", "-o", "/tmp/x"], "--allow-write=/tmp/x"],
    ];
    for (const [permissions, args, named] of CASES) {
      const { code, stdout, stderr } = await runToEnd(
        Deno.execPath(),
        ["run", "--no-prompt", ...permissions, "src/cli/bin.ts", ...args],
        { env: { ...ENVIRONMENT, ...env } },
      );
      assertEquals([args, code, stdout], [args, 2, ""], stderr);
      assertStringIncludes(stderr, `kpn-auth: Deno needs a permission: ${named}`);
    }
    assertEquals((await run(RUNTIMES[0]!, ["token"], { env })).code, 0);
  });
});
