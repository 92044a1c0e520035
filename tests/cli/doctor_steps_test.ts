/** What `kpn-auth doctor` finds, in no process and, behind a proxy that is only named, with no socket. */

import { inVirtualTime } from "../../scripts/virtual_time.ts";
import type { Io } from "../../src/cli/io.ts";
import { type MockKpn, mockKpn } from "../../src/mock/mock.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { run, VARIABLES } from "./in_process.ts";

const TOKEN_PATH = "/oauth/client_credential/accesstoken";

/** Spares DNS and the connection. */
const PROXY = { HTTPS_PROXY: "http://proxy.test:3128" };

/** Each step as `mark text`, with its remedy; the exit code; and the last line. */
async function examine(
  variables: Readonly<Record<string, string>> = {},
  mock: MockKpn = mockKpn(),
  args: readonly string[] = [],
  given: Partial<Io> = {},
) {
  const { code, stdout } = await run(["doctor", ...args], mock, {
    variables: { ...VARIABLES, ...PROXY, ...variables },
    ...given,
  });
  const lines = stdout.matchAll(/^([✓!✗-]) (\w+) +(.*) \(\d+ ms\)(?:\n +→ (.*))?$/gm);
  const steps: Record<string, string> = Object.fromEntries(
    [...lines].map(([, mark, name, text, remedy]) => [
      name,
      `${mark} ${text}${remedy ? ` → ${remedy}` : ""}`,
    ]),
  );
  return { code, steps, last: stdout.trimEnd().split("\n").at(-1) };
}

/** A mock whose next token answer has other fields than usual. */
function telling(fields: Readonly<Record<string, unknown>>): MockKpn {
  const mock = mockKpn();
  mock.respondNext(async (request) => {
    const answer = await mock.fetch(request.url, request);
    return Response.json({ ...await answer.json(), ...fields });
  }, { to: "token" });
  return mock;
}

Deno.test("doctor says which proxy a runtime goes through, whatever its form, and shows no password", async () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{}, /^✓ deno goes through proxy\.test:3128 \(HTTPS_PROXY\), as curl does$/],
    [{ HTTPS_PROXY: "corp.test:8080" }, /through corp\.test:8080 \(HTTPS_PROXY\)/],
    [{ HTTPS_PROXY: "http://me:s3cret@corp.test:1" }, /through corp\.test:1 \(HTTPS_PROXY\)/],
    [{ HTTPS_PROXY: "http://[" }, /through an invalid URL \(HTTPS_PROXY\)/],
    [{ HTTPS_PROXY: "", https_proxy: "a.test:1" }, /through a\.test:1 \(https_proxy\)/],
    [{ HTTPS_PROXY: "", ALL_PROXY: "b.test:1" }, /through b\.test:1 \(ALL_PROXY\)/],
    [{ NO_PROXY: "other.test, notkpn.com" }, /through proxy\.test/],
    ...["*", "kpn.com", " .kpn.com", "x,api-prd.kpn.com"].map((NO_PROXY) =>
      [{ NO_PROXY }, /^✓ none is set for api-prd\.kpn\.com$/] as const
    ),
    [{ no_proxy: "*" }, /^✓ none is set/],
  ];
  for (const [variables, words] of cases) {
    const { steps } = await examine(variables);
    assertMatch(steps["proxy"]!, words);
    assert(!steps["proxy"]!.includes("s3cret"));
  }
});

Deno.test("doctor says what KPN tells of the project, and what it does not", async () => {
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, string, RegExp])[] = [
    [{ level: "" }, "tier", /^- KPN does not say$/],
    [{ level: "prod", application_name: "" }, "tier", /^✓ prod$/],
    [{ level: "demo", application_name: "mine" }, "tier", /^! demo \(Sandbox\), project mine, but/],
    [{ api_product_list: "[]" }, "products", /^! none → Add the APIs/],
    [{ api_product_list: "[a, b]" }, "products", /^✓ a, b$/],
    [{ issued_at: undefined }, "clock", /^- KPN does not say$/],
    [{ issued_at: `${Date.now()}` }, "clock", /^✓ agrees with KPN's clock$/],
    [
      { issued_at: `${Date.now() + 120_000}` },
      "clock",
      /^! 1[12]\d s behind KPN's clock → Set this/,
    ],
    [{ issued_at: `${Date.now() - 120_000}` }, "clock", /^! 12\d s ahead of KPN's clock → /],
    [{ status: "" }, "accepted", /^✓ KPN accepts the credentials$/],
    [{ status: "approved" }, "accepted", /^✓ KPN accepts the credentials \(approved\)$/],
  ];
  for (const [fields, step, words] of cases) {
    const { code, steps, last } = await examine({ APP_ENV: "Production" }, telling(fields));
    assertMatch(steps[step]!, words);
    assertEquals(code, 0);
    assertMatch(last!, /^Everything works, with \d warnings? \(!\)\.$/); // the placeholders at least
  }
});

Deno.test("doctor says what the token endpoint answers where it gives no token", async () => {
  for (
    const [answer, exit, words] of [
      ["invalid_client", 3, /^✓ answers$/],
      ["invalid_client_500", 3, /^! answers with status 500, which looks like a failure/],
      ["unavailable", 5, /^✗ Cannot get a token: server_error/],
      ["quota", 6, /^✗ Cannot get a token: rate_limited/],
      ["dropped", 4, /^✗ Cannot get a token: no answer/],
    ] as const
  ) {
    const mock = mockKpn();
    mock.respondNext(answer, { to: "token" });
    const { code, steps } = await examine({}, mock);
    assertEquals([answer, code], [answer, exit]);
    assertMatch(steps["endpoint"]!, words);
    if (answer === "invalid_client_500") assertMatch(steps["accepted"]!, /\(transactionId mock-tr/);
  }
});

Deno.test("doctor says that the API is gone, or silent for longer than --timeout", () =>
  inVirtualTime(async () => {
    for (
      const [answer, words] of [
        ["dropped", /^✗ \/my\/api: .* → Check the proxy proxy\.test:3128/],
        ["never", /^✗ \/my\/api: no answer within 700 ms → Check the proxy/],
      ] as const
    ) {
      const mock = mockKpn();
      mock.respondNext(answer, { to: "api" });
      const { code, steps } = await examine({}, mock, ["/my/api", "--timeout", "700"]);
      assertMatch(steps["API"]!, words);
      assertEquals([answer, code], [answer, 4]);
    }
  }));

Deno.test("doctor looks the host up, connects, and says which of the two fails", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of listener) connection.close();
  })();
  const KPN_TOKEN_ENDPOINT = `http://127.0.0.1:${listener.addr.port}${TOKEN_PATH}`;
  const none = { HTTPS_PROXY: "" };
  const found = await examine({ ...none, KPN_TOKEN_ENDPOINT });
  assertEquals([found.code, found.steps["DNS"]], [0, "✓ 127.0.0.1 is 127.0.0.1"]);
  assertMatch(found.steps["connection"]!, /^✓ 127\.0\.0\.1:\d+ accepts connections \(no TLS\)$/);
  listener.close();
  await accepting;

  const closed = await examine({ ...none, KPN_TOKEN_ENDPOINT });
  assertEquals(closed.code, 4);
  assertMatch(
    closed.steps["connection"]!,
    /^✗ 127\.0\.0\.1:\d+: .+ → Check the network and the firewall/,
  );
  const name = { ...none, KPN_TOKEN_ENDPOINT: "https://nothing.invalid/token" };
  const unknown = await examine(name);
  assertEquals(unknown.code, 4);
  assertMatch(unknown.steps["DNS"]!, /^✗ nothing\.invalid cannot be resolved: .+ → Check/);
});

Deno.test("kpn-auth mock serves until it is interrupted; --level is the tier that it tells", async () => {
  for (const [args, level] of [[[], "demo"], [["--level", "prod"], "prod"]] as const) {
    const printed = Promise.withResolvers<string>();
    const interrupted = Promise.withResolvers<void>();
    const ended = run(["mock", ...args], mockKpn(), {
      stdout: (text) => Promise.resolve(printed.resolve(`${text}`)),
      interrupted: () => interrupted.promise,
    });
    const [endpoint = ""] = /(?<=KPN_TOKEN_ENDPOINT=')[^']+/.exec(await printed.promise) ?? [];
    const answer = await fetch(`${endpoint}?grant_type=client_credentials`, {
      method: "POST",
      body: new URLSearchParams({
        client_id: "APP_CLIENT_ID",
        client_secret: "APP_CLIENT_SECRET",
      }),
    });
    assertEquals((await answer.json()).level, level);
    interrupted.resolve();
    const { code, stderr } = await ended;
    assertEquals(code, 0);
    assertStringIncludes(stderr, `POST ${TOKEN_PATH} 200`);
  }
});
