import type { MockFailure } from "../../src/mock/answers.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { onEach, run, SECRET, withMock } from "./kpn_auth.ts";

const ANSWERS: readonly (readonly [MockFailure, number])[] = [
  ["invalid_client_500", 3],
  ["redirect", 5],
  ["spike_arrest", 6],
  ["never", 4],
];

onEach("B26: exit codes differ by kind of failure, and stdout stays empty", async (runtime) => {
  await withMock(async ({ mock, env }) => {
    for (const [answer, expected] of ANSWERS) {
      mock.respondNext(answer, { to: "token" });
      // Shorter than what spike_arrest asks to wait, so that nothing is tried twice.
      const { code, stdout, stderr } = await run(runtime, ["token", "--timeout", "900"], { env });
      assertEquals([answer, code, stdout], [answer, expected, ""]);
      assertMatch(stderr, /^kpn-auth: Cannot get a token: .+\n$/);
    }
  });
});

onEach("B26: a refused connection ends with 4", async (runtime) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
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
    assertMatch(stderr, /never taken from an argument: .+\nSee kpn-auth token --help\.\n$/);
    const unreadable = await run(runtime, ["token", "--env-file", "/nowhere/.env"], {
      read: "/nowhere/.env",
    });
    // Node takes --env-file for its own, wherever it stands, and ends before we begin.
    assertEquals(unreadable.code, runtime.name === "node" ? 9 : 2);
    assertMatch(unreadable.stderr, /\/nowhere\/\.env: /);
  },
);
