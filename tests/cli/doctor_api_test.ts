/** B85: the doctor never says that all is well when the API's answer is none. */

import { mockKpn } from "../../src/mock/mock.ts";
import type { MockFailure } from "../../src/mock/answers.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { run, VARIABLES } from "./in_process.ts";

type Answer = MockFailure | (() => Response);

const html = () =>
  new Response("<!doctype html><title>Log in</title>", {
    headers: { "content-type": "text/html" },
  });
const json = (body: string, status = 200) => () =>
  new Response(body, { status, headers: { "content-type": "application/json" } });
const redirect = () => new Response(null, { status: 302, headers: { location: "/login?next=x" } });

/** What the API answers, the exit code with an explicit PATH and without, and what is said. */
const BAD: readonly (readonly [Answer, asked: number, unasked: number, RegExp])[] = [
  [html, 7, 0, /HTML \(text\/html\).*\n.*proxy/],
  [() => new Response("<html>", { headers: { "content-type": "application/json" } }), 7, 0, /HTML/],
  [() => new Response(), 7, 0, /an empty answer/],
  [json('{"cut'), 7, 0, /broken JSON/],
  [redirect, 7, 0, /a redirect to http:\/\/127\.0\.0\.1:\d+\/login\?next=x/],
  ["redirect", 7, 0, /a redirect to https:\/\/evil\.example/],
  ["unknown_path", 7, 0, /not_found/],
  [() => new Response("gone", { status: 404 }), 7, 0, /HTTP 404/],
  ["quota", 6, 6, /rate_limited/],
  ["quota_500", 6, 6, /rate_limited/],
  ["spike_arrest", 6, 6, /rate_limited/],
  ["not_entitled", 7, 0, /not entitled to/],
  ["server_error", 7, 0, /server_error/],
  [() => new Response("<html>", { status: 502 }), 7, 0, /HTTP 502/],
  ["access_token_expired", 5, 5, /the token is rejected/],
  [
    json(
      '{"fault":{"faultstring":"no","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}',
    ),
    6,
    6,
    /rate_limited/,
  ],
];

async function examine(answer: Answer | undefined, args: readonly string[]) {
  const mock = mockKpn();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => mock.handle(request),
  );
  if (answer) mock.respondNext(answer, { to: "api" });
  const KPN_TOKEN_ENDPOINT =
    `http://127.0.0.1:${server.addr.port}/oauth/client_credential/accesstoken`;
  return await run(["doctor", ...args], mock, {
    variables: { ...VARIABLES, KPN_TOKEN_ENDPOINT },
    fetch,
  });
}

Deno.test("B85: any answer of the API but a good one is warned of, or fails; with a PATH it fails", async () => {
  for (const [answer, asked, unasked, said] of BAD) {
    for (const [args, expected] of [[["/my/api"], asked], [[], unasked]] as const) {
      const { code, stdout } = await examine(answer, args);
      assertEquals([`${answer}`, args, code], [`${answer}`, args, expected], stdout);
      assert(!stdout.includes("Everything works."), stdout);
      assertMatch(stdout, said);
      assertMatch(stdout, /^[!✗] API .+\n +→ .+/m);
    }
  }
});

Deno.test("B85: a good answer is good: JSON, another type, no content", async () => {
  const good = [
    json("{}"),
    json(JSON.stringify("x".repeat(100_000))),
    () => new Response("a,b", { headers: { "content-type": "text/csv" } }),
    () => new Response(null, { status: 204 }),
  ];
  for (const answer of good) {
    const { code, stdout } = await examine(answer, ["/my/api"]);
    assertEquals([code, stdout.includes("Everything works.")], [0, true], stdout);
  }
  assertStringIncludes((await examine(undefined, [])).stdout, "Everything works.");
});

Deno.test("doctor --json is one object: exit code, summary, steps", async () => {
  const { code, stdout } = await examine("not_entitled", ["--json"]);
  const { exitCode, summary, steps } = JSON.parse(stdout);
  assertEquals([code, exitCode, summary], [0, 0, "Everything works, with 1 warning (!)."]);
  assertEquals(steps.length, 11);
  assertEquals(Object.keys(steps[10]), ["name", "mark", "text", "remedy", "ms"]);
  const failed = await examine("quota", ["--json", "/x"]);
  assertEquals([failed.code, JSON.parse(failed.stdout).exitCode], [6, 6]);
});

const ODD: readonly (readonly [id: string, secret: string, said: RegExp])[] = [
  ["an-id-of-kpn", '"a-secret-of-kpn"', /quotes around/],
  ["an-id-of-kpn", "\u201ca-secret-of-kpn\u201d", /quotes around/],
  ["'an-id-of-kpn", "a-secret-of-kpn", /quotes around/],
  ["an-id-of-kpn", "an-id-of-kpn", /the same/],
  ["an-id-of-kpn", "a-secret of kpn", /white space/],
  ["an-id-of-kpn", "a-secret\u200bof-kpn", /invisible character/],
  ["an-id-of-kpn", "a-secret-of-k\u2026", /beyond ASCII|shortened/],
  ["an-id-of-kpn", "a-secret-of...", /shortened/],
  ["an-id-of-kpn", "********", /shortened or masked/],
  ["an-id-of-kpn", "short", /short\n.*env file/],
];

Deno.test("doctor finds a quoted, shortened or mangled secret, and shows none", async () => {
  for (const [id, secret, said] of ODD) {
    const mock = mockKpn({ clientId: id, clientSecret: secret });
    const { stdout } = await run(["doctor"], mock, {
      variables: {
        KPN_CLIENT_ID: id,
        KPN_CLIENT_SECRET: secret,
        KPN_TOKEN_ENDPOINT: "http://127.0.0.1:1/token",
      },
    });
    assertMatch(stdout.replace(/ \(\d+ ms\)/g, ""), said);
    assertMatch(stdout, /^! credentials /m);
    if (secret !== id && secret.length > 5) assert(!stdout.includes(secret), stdout);
  }
});
