import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ALL } from "../support/amount.ts";
import { findProgram } from "../support/programs.ts";
import { runToEnd, spawn } from "../support/run.ts";
import {
  BASIC,
  ENVIRONMENT,
  onEach,
  run,
  type Runtime,
  RUNTIMES,
  start,
  TOKEN_PATH,
} from "./kpn_auth.ts";

const NODE = RUNTIMES.find(({ name }) => name === "node")!;

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
    [...said.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name!, value!]),
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

onEach(
  "after a body that nobody reads, the mock answers the connection's next request",
  async (runtime) => {
    await withServer(runtime, async (port) => {
      const body = "x".repeat(3 * 1_048_576);
      const head = "host: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\n";
      const { written, answers } = await exchange(
        port,
        `POST ${TOKEN_PATH} HTTP/1.1\r\n${head}content-length: ${body.length}\r\n\r\n${body}` +
          `GET /mock/ready HTTP/1.1\r\n${head}connection: close\r\n\r\n`,
      );
      assert(written);
      assertEquals(answers.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 413", "HTTP/1.1 200"]);
      // A busy machine may stall for longer than Node's own 5 s, and then find a request.
      if (runtime.name === "node") assertMatch(answers, /keep-alive: timeout=60/i);
    });
  },
);

Deno.test("a Host with a user in it is refused [node]", async () => {
  await withServer(NODE, async (port) => {
    const { answers } = await exchange(
      port,
      "GET /mock/ready HTTP/1.1\r\nhost: x@127.0.0.1\r\n\r\n",
    );
    assertMatch(answers, /^HTTP\/1\.1 400 /);
  });
});

onEach("the mock goes on when nobody reads its log any more", async (runtime) => {
  await withServer(runtime, async (port, { stderr }) => {
    await stderr.cancel();
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`http://127.0.0.1:${port}/nothing`, { method: "POST" });
      assertEquals((await response.json()).fault !== undefined, true);
    }
  });
});

/** A mock that serves while `work` lasts. */
async function withServer(
  runtime: Runtime,
  work: (port: number, child: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const child = await start(runtime, ["mock"]);
  await child.stdin.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await reader.read();
    await work(Number(/127\.0\.0\.1:(\d+)/.exec(value)![1]), child);
  } finally {
    child.kill("SIGTERM");
    await reader.cancel();
    if (!child.stderr.locked) await child.stderr.cancel();
    assertEquals((await child.status).code, 0);
  }
}

/** Sends requests over one connection, and reads what comes until it is closed. */
async function exchange(port: number, requests: string) {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const writing = new Blob([requests]).stream().pipeTo(connection.writable, { preventClose: true })
    .then(() => true, () => false);
  let answers = "";
  for await (const text of connection.readable.pipeThrough(new TextDecoderStream())) {
    answers += text;
  }
  return { written: await writing, answers };
}

Deno.test("B89: a mock ends when npx, which runs it in a shell, is ended", async () => {
  const command = await NODE.command(["mock"]);
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

Deno.test("mock -- COMMAND and its command end when npm, which runs them in a shell, is ended", async () => {
  const script = "trap 'kill $!; exit' TERM; echo begun; sleep 20 & wait; echo outlived";
  const command = await NODE
    .command(["mock", "--", "sh", "-c", script]);
  const npm = spawn("sh", ["-c", '"$@"; true', "sh", ...command], {
    env: { ...ENVIRONMENT, npm_command: "run-script" },
  });
  await Promise.all([npm.stdin.close(), npm.stderr.cancel()]);
  const reader = npm.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await reader.read()).value, "begun\n");
  npm.kill("SIGTERM");
  assertEquals((await reader.read()).done, true);
  await npm.status;
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
    const script =
      'trap "echo ended; exit 7" TERM; echo begun; for i in $(seq 6000); do sleep 0.05; done';
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

  Deno.test(`mock -- COMMAND ends with its command, and has no /mock/stop [${runtime.name}]`, async () => {
    const { stdout } = await run(
      runtime,
      ["mock", "--control", "--", "sh", "-c", 'curl -s -X POST "$KPN_MOCK/mock/stop"'],
      { all: true },
    );
    assertMatch(stdout, /no such path at \/mock/);
  });

  Deno.test(`mock --host -- COMMAND runs although nobody reads the warning [${runtime.name}]`, async () => {
    const args = ["mock", "--host", "0.0.0.0", "--", "sh", "-c", "sleep 0.2; exit 3"];
    const child = await start(runtime, args, { all: true });
    await Promise.all([child.stderr.cancel(), child.stdin.close(), child.stdout.cancel()]);
    assertEquals((await child.status).code, 3);
  });

  Deno.test(`mock -- COMMAND says that there is no such program [${runtime.name}]`, async () => {
    const { code, stderr } = await run(runtime, ["mock", "--", "no-such-program"], { all: true });
    assertEquals([code, stderr], [
      127,
      "kpn-auth: There is no program no-such-program. Is it on the PATH?\n",
    ]);
  });
}

/** What makes Node do something as soon as a program that it runs has started. */
function onceRun(what: string): { readonly NODE_OPTIONS: string } {
  const preload = `import child_process from "node:child_process";
    import { syncBuiltinESMExports } from "node:module";
    const { spawn } = child_process;
    child_process.spawn = (...args) => {
      const child = spawn(...args);
      ${what};
      return child;
    };
    syncBuiltinESMExports();`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` };
}

Deno.test("mock -- COMMAND passes on a signal that comes as soon as the command runs [node]", async () => {
  const env = onceRun('process.kill(process.pid, "SIGTERM")');
  const child = await start(NODE, ["mock", "--", "sleep", "60"], { env, all: true });
  await child.stdin.close();
  const { code, signal } = await child.output();
  assertEquals([code, signal], [128 + 15, null]);
});

Deno.test("mock -- COMMAND ends its command although npm ends as soon as it runs [node]", async () => {
  const env = onceRun(
    'const { ppid } = process; process.kill(ppid, "SIGKILL");' +
      "for (const end = Date.now() + 60_000; process.ppid === ppid && Date.now() < end;);",
  );
  const script = "trap 'kill $!; exit' TERM; sleep 20 & wait; echo outlived";
  const command = await NODE.command(["mock", "--", "sh", "-c", script]);
  const npm = spawn("sh", ["-c", '"$@"; true', "sh", ...command], {
    env: { ...ENVIRONMENT, ...env, npm_command: "run-script" },
  });
  await npm.stdin.close();
  const { stdout } = await npm.output();
  assertEquals(new TextDecoder().decode(stdout), "");
});

/** The lines that the mock prints between two of its own. */
const between = (text: string, from: string, to: string) =>
  text.slice(text.indexOf(from), text.indexOf(to));

Deno.test("what the mock prints gets a token by curl in sh, and by PowerShell (--all, where it is)", async () => {
  const child = await start(NODE, ["mock"]);
  await child.stdin.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("$env:KPN_CLIENT_SECRET })")) said += (await reader.read()).value;
  const shells = {
    sh: between(said, "export", "$env:") + between(said, "printf", "Invoke"),
    pwsh: between(said, "$env:", "To request") +
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
