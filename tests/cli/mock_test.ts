import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ALL } from "../support/amount.ts";
import { findProgram } from "../support/programs.ts";
import { runToEnd, spawn } from "../support/run.ts";
import { BASIC, ENVIRONMENT, onEach, run, type Runtime, RUNTIMES, start } from "./kpn_auth.ts";

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
  const npx = spawn("sh", ["-c", '"$@"; true', "sh", ...command], {
    env: { ...ENVIRONMENT, npm_command: "exec" },
  });
  await Promise.all([npx.stdin.close(), npx.stderr.cancel()]);
  const reader = npx.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  assertMatch(value, /listens on/);
  npx.kill("SIGTERM"); // which the shell does not pass on
  while (!(await reader.read()).done); // the orphan holds it open
  await npx.status;
});

/** The runtimes on which `mock -- COMMAND` is tried: one of them, unless everything is. */
const SOME = RUNTIMES.filter(({ name }) => ALL || name === "node");

/** Runs `kpn-auth mock -- sh -c SCRIPT`. */
const runScript = (runtime: Runtime, script: string, env = {}) =>
  run(runtime, ["mock", "--", "sh", "-c", script], { env, revealing: true, all: true });

for (const runtime of SOME) {
  Deno.test(`mock -- COMMAND runs it with the variables set, and has its exit code [${runtime.name}]`, async () => {
    const { code, stdout, stderr } = await runScript(
      runtime,
      'curl -s "$KPN_MOCK/mock/ready"; echo "|$KPN_TOKEN|$KPN_CLIENT_ID|$KPN_CLIENT_SECRET"; ' +
        'curl -s -o /dev/null -w "%{http_code}" -d "client_id=$KPN_CLIENT_ID&client_secret=$KPN_CLIENT_SECRET" ' +
        '"$KPN_TOKEN_ENDPOINT?grant_type=client_credentials"; exit 42',
      { KPN_TOKEN: "of-the-real-KPN" },
    );
    assertEquals(stdout, '{"ready":true}||APP_CLIENT_ID|APP_CLIENT_SECRET\n200');
    assertEquals([code, stderr], [
      42,
      "POST /oauth/client_credential/accesstoken 200 token 1, for APP_CLIENT_ID\n",
    ]);
  });

  Deno.test(`mock -- COMMAND passes a signal on, and says by which its command ended [${runtime.name}]`, async () => {
    const script = 'trap "echo ended; exit 7" TERM; echo begun; while :; do sleep 0.05; done';
    const child = await start(runtime, ["mock", "--", "sh", "-c", script], { all: true });
    await child.stdin.close();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await reader.read()).value, "begun\n");
    child.kill("SIGTERM");
    assertEquals((await reader.read()).value, "ended\n");
    assertEquals((await reader.read()).done, true);
    await child.stderr.cancel();
    assertEquals((await child.status).code, 7);
    assertEquals((await runScript(runtime, "kill -KILL $$")).code, 128 + 9);
  });

  Deno.test(`mock -- COMMAND says that there is no such program [${runtime.name}]`, async () => {
    const { code, stderr } = await run(runtime, ["mock", "--", "no-such-program"], { all: true });
    assertEquals([code, stderr], [
      127,
      "kpn-auth: There is no program no-such-program. Is it on the PATH?\n",
    ]);
  });
}

/** The lines that the mock prints between two of its own. */
const between = (text: string, from: string, to: string) =>
  text.slice(text.indexOf(from), text.indexOf(to));

Deno.test("what the mock prints gets a token by curl in sh, and by PowerShell (--all, where it is)", async () => {
  const child = await start(RUNTIMES.find(({ name }) => name === "node")!, ["mock"]);
  await child.stdin.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("$env:KPN_CLIENT_SECRET }")) said += (await reader.read()).value;
  const shells = {
    sh: between(said, "export", "$env:") + between(said, "printf", "Invoke"),
    pwsh: between(said, "$env:", "A token") +
      `(${said.slice(said.indexOf("Invoke")).trim()}).status`,
  };
  for (const [shell, text] of Object.entries(shells)) {
    if (!findProgram(shell) || shell === "pwsh" && !ALL) continue; // PowerShell takes its time
    const flag = shell === "sh" ? "-c" : "-Command";
    const { stdout } = await runToEnd(shell, [flag, text]);
    assertMatch(stdout, /approved/, shell);
  }
  child.kill("SIGTERM");
  await reader.cancel();
  await child.stderr.cancel();
  await child.status;
});
