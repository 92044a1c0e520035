import type { MockFailure } from "../../src/mock/answers.ts";
import { mockKpn } from "../../src/mock/mock.ts";
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type Given, run } from "./in_process.ts";

const SECRET = "sentinel-7f3a";

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /Which command: token, call, .*completion\./],
  [["tokn"], /There is no command "tokn": did you mean token\?/],
  [["toString"], /There is no such command/],
  [[SECRET], /There is no such command: token, call,/],
  [["mock", "node", "x.mjs"], /A command to run comes after --: kpn-auth mock -- COMMAND\./],
  [["mock", "--"], /A command is missing after --\./],
  [["mock", "--host", "[::1]"], /--host must be an address or a name, not "\[::1]"\./],
  [["token", "--jsno"], /Unknown option --jsno\. Did you mean --json\?/],
  [["token", SECRET], /takes no argument/],
  [["token", `--client-secret=${SECRET}`], /cannot be arguments: .*process list/],
  [["token", "--client-id", "x"], /cannot be arguments/],
  [["call", "/x", "-u", `x:${SECRET}`], /cannot be arguments/],
  [
    ["call", "/x", "-H", `authorization: Bearer ${SECRET}`],
    /-H cannot set authorization: kpn-auth adds/,
  ],
  [["token", "--timeout", "soon"], /--timeout must be a number of ms/],
  [["token", "--token-endpoint", "http://kpn.example/"], /https/],
  [["token", "--realm", "other"], /--realm must be one of gateway, msm/],
  [["call"], /A PATH or URL is missing/],
  [["call", "/x", "/y"], /takes one PATH or URL/],
  [["call", "/x", "-X", "GET", "-d", "a=b"], /GET has no body/],
  [["call", "/x", "--jsn", "{}"], /Unknown option --jsn\. Did you mean --json\?/],
  [["call", "/x", "--out"], /Did you mean --output\?/],
  [["call", "/x", `--${SECRET}9`], /^kpn-auth: Unknown option\.\n/],
  [["call", "/x", "-L"], /Unknown option -L\.\n/],
  [["call", "/x", "-sX"], /--request needs a value: METHOD/],
  [["call", "/x", "--fail=yes"], /--fail takes no value/],
  [["call", "/x", "-I", "-d", "a=b"], /HEAD has no body/],
  [
    ["call", "C:/Program Files/Git/communication/x"],
    /Git Bash .+ \(communication\/x\), or set MSYS/,
  ],
  [["call", "D:\\tools\\PortableGit\\usr\\communication\\x"], /Git Bash .+ \(communication\/x\)/],
  [["doctor", "C:/msys64/communication/x"], /Git Bash .+ \(communication\/x\)/],
  [["completion", "none"], /SHELL must be one of bash, zsh, fish, pwsh/],
  [["call", "/x", "-H", "nonsense"], /-H must be 'NAME: VALUE'/],
  [["call", "https://evil.example/x"], /The token is sent only to https:\/\/api-prd\.kpn\.com/],
  [["call", "//evil.example/x"], /The token is sent only to https:\/\/api-prd\.kpn\.com/],
  [["call", "https://u:p@api-prd.kpn.com/x"], /The token is sent only to/],
  [
    ["call", "/x", "--secret-stdin", "-d", "-"],
    /only one of the credentials, the secret and the body/,
  ],
  [["curl", "--shell", "none"], /--shell must be one of posix, .*bash/],
  [["curl", "--expand", "zsh"], /--expand must be one of shell, curl/],
  [["curl", "-d", "a=b"], /describes an API call/],
  [["explain", '{"fault":{}}'], /Paste the answer on standard input, not as an argument\./],
  [["mock", "--port", "99999"], /--port must be/],
];

Deno.test("a wrong command line ends with 2, says why, sends nothing, and quotes no secret", async () => {
  for (const [args, reason] of WRONG) {
    const mock = mockKpn();
    const { code, stdout, stderr } = await run(args, mock);
    assertEquals([args, code, stdout, mock.requests.length], [args, 2, "", 0]);
    assertMatch(stderr, reason);
    assertMatch(stderr, /^kpn-auth: .+\nSee kpn-auth (\w+ )?--help\.\n$/);
    assert(!stderr.includes(SECRET), args.join(" "));
  }
});

const CODES: Readonly<Record<string, number>> = {
  invalid_client: 3,
  invalid_client_500: 3,
  missing_grant_type: 5,
  html: 5,
  redirect: 5,
  empty: 5,
  unknown_path: 5,
  server_error: 5,
  quota: 6,
  dropped: 4,
};

Deno.test("B26: exit codes differ by kind of failure; stdout stays empty, stderr says why", async () => {
  for (const [answer, expected] of Object.entries(CODES)) {
    const mock = mockKpn();
    mock.respondNext(answer as MockFailure, { times: 3 });
    const { code, stdout, stderr } = await run(["token"], mock);
    assertEquals([answer, code, stdout], [answer, expected, ""]);
    assertMatch(stderr, /^kpn-auth: Cannot get a token: .+\n$/);
  }
});

/** The commands that `kpn-auth --help` lists. */
async function commandsInHelp(): Promise<string[]> {
  const { stdout } = await run(["--help"]);
  return [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name!);
}

Deno.test("the README's table has every command", async () => {
  const readme = await Deno.readTextFile("README.md");
  const [, table = ""] = /^\| command .*\n.*\n((?:\|.*\n)*)/m.exec(readme) ?? [];
  const rows = [...table.matchAll(/^\| `([a-z]+)/gm)].map(([, name]) => name!);
  assertEquals(rows.sort(), (await commandsInHelp()).sort());
});

Deno.test("every command has a help, no wider than 80 columns; help COMMAND is the same", async () => {
  const commands = await commandsInHelp();
  for (const args of [["--help"], ...commands.map((name) => [name, "-h"])]) {
    const { code, stdout, stderr } = await run(args);
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.trimEnd().split("\n");
    assert(lines.length <= 40 && lines.every((line) => line.length <= 80), args.join(" "));
    assertStringIncludes(stdout, args.length > 1 ? `kpn-auth ${args[0]}` : "Exit codes:");
    if (args.length > 1) assertEquals((await run(["help", args[0]!])).stdout, stdout);
  }
});

Deno.test("--version is the one in deno.json", async () => {
  assertEquals((await run(["--version"])).stdout, `${config.version}\n`);
});

Deno.test("curl is guessed from the platform, and shows a secret only where it is asked to", async () => {
  const { stdout: posix } = await run(["curl"]);
  assertMatch(posix, /curl -X POST \\\n.*\$KPN_CLIENT_SECRET/s);
  const { stdout: cmd, stderr } = await run(["curl"], mockKpn(), { platform: "win32" });
  assertMatch(cmd, /^curl -X POST "https:/);
  assertStringIncludes(stderr, "for cmd; needs KPN_CLIENT_ID, KPN_CLIENT_SECRET");
  const { stdout: powershell } = await run(["curl", "--shell", "powershell"]);
  assertMatch(powershell, /curl\.exe -X POST 'https:/);
  const { stdout: expanding } = await run(["curl", "--expand", "curl"]);
  assertStringIncludes(expanding, "--variable");
  assert(![posix, cmd, powershell].join().includes("APP_CLIENT_SECRET"));
  assertEquals(
    (await run(["curl", "--reveal-secrets"])).stdout,
    `curl -X POST \\
 'https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials' \\
 -H 'content-type: application/x-www-form-urlencoded' \\
 -d 'client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET'
`,
  );
});

Deno.test("B26: who reads no messages any more stops neither the work nor its exit code", async () => {
  const closed = Object.assign(new Error("broken pipe"), { code: "EPIPE" });
  const deaf = { stderr: () => Promise.reject(closed) };
  const codeOf = async (args: string[], given: Given) =>
    (await run(args, mockKpn(), { ...deaf, ...given })).code;
  assertEquals(await codeOf(["token"], { variables: {} }), 3);
  assertEquals(await codeOf(["bogus"], {}), 2);
  assertEquals(await codeOf(["token"], {}), 0);
});

Deno.test("a progress line comes after a second on a terminal, and is wiped out", async () => {
  const mock = mockKpn();
  const shown = Promise.withResolvers<Response>();
  mock.respondNext(() => shown.promise);
  let stderr = "";
  const { stdout } = await run(["token"], mock, {
    terminal: { stdin: true, stdout: true, stderr: true },
    stderr: (text) => {
      stderr += text;
      shown.resolve(Response.json({ access_token: "a-token" })); // not before it was shown
      return Promise.resolve();
    },
  });
  assertEquals(stdout, "a-token\n");
  assertEquals(stderr, "kpn-auth: waiting for api-prd.kpn.com …\r\x1b[K");
});
