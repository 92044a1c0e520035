import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { BASIC, ENVIRONMENT, onEach, run, RUNTIMES, start } from "./kpn_auth.ts";

onEach("mock serves on loopback, and says what to set to use it", async (runtime) => {
  const child = await start(runtime, ["mock"]);
  await child.stdin.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.endsWith("\n\n") || !said.includes("export KPN_TOKEN_ENDPOINT")) {
    const { value, done } = await reader.read();
    assert(!done, "the mock ended by itself");
    said += value;
  }
  const env = Object.fromEntries(
    [...said.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
  assertMatch(env["KPN_TOKEN_ENDPOINT"] ?? "", /^http:\/\/127\.0\.0\.1:\d+\/oauth\//);
  const { code, stdout } = await run(runtime, ["call", BASIC, "-d", "number=447700900000"], {
    env,
  });
  assertEquals([code, JSON.parse(stdout).country_name], [0, "United Kingdom"]);

  const { port } = new URL(env["KPN_TOKEN_ENDPOINT"]!);
  const second = await run(runtime, ["mock", "--port", port]);
  assertEquals([second.code, second.stdout], [1, ""]);
  assertMatch(second.stderr, /^kpn-auth: Cannot listen on port \d+: /);

  child.kill("SIGINT");
  assertEquals((await reader.read()).done, true);
  const log = await new Response(child.stderr).text();
  assertEquals(
    log,
    "POST /oauth/client_credential/accesstoken 200 token 1, for APP_CLIENT_ID\n" +
      `POST ${BASIC} 200 Number Insight basic\n`,
  );
  assertEquals((await child.status).code, 0);
});

Deno.test("B89: a mock ends when npx, which runs it in a shell, is ended", async () => {
  const command = await RUNTIMES.find(({ name }) => name === "node")!.command(["mock"]);
  const npx = new Deno.Command("sh", {
    args: ["-c", '"$@"; true', "sh", ...command],
    env: { ...ENVIRONMENT, npm_command: "exec" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = npx.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  assertMatch(value, /listens on/);
  npx.kill("SIGTERM"); // which the shell does not pass on
  while (!(await reader.read()).done); // the orphan holds it open
  await npx.status;
});
