/** B24, B68, B82: what `fetch` threw is named from however deep, and quoted whatever it is. */

import { KpnAuthError } from "../mod.ts";
import { networkError } from "../src/network.ts";
import { assert, assertEquals, assertMatch, assertStrictEquals } from "./support/assert.ts";

const URL = "https://api.example/token?grant_type=client_credentials";
const SECRET = "s3cr3tAlphaNum0123";
const failing = (thrown: unknown, url = URL) => networkError(thrown, url, [SECRET]);

/** An error as Node and undici throw them, with what lies below it. */
const error = (message: string, code?: string, cause?: unknown) =>
  Object.assign(new TypeError(message, { cause }), code && { code });

/** `thrown` under so many errors that say nothing. */
const buried = (thrown: unknown, depth: number): unknown =>
  depth ? new TypeError("fetch failed", { cause: buried(thrown, depth - 1) }) : thrown;

const NAMED: readonly (readonly [string, unknown])[] = [
  ["DNS failed", error("getaddrinfo ENOTFOUND api.example", "ENOTFOUND")],
  ["DNS failed", error("getaddrinfo EAI_AGAIN api.example", "EAI_AGAIN")],
  ["DNS failed", error(`for url (${URL}): client error (Connect): dns error: failed to lookup`)],
  ["connection refused", error("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED")],
  ["connection refused", error("Unable to connect", "ConnectionRefused")],
  ["connection refused", error("tcp connect error: Connection refused (os error 111)")],
  ["connection lost", error("read ECONNRESET", "ECONNRESET")],
  ["connection lost", error("other side closed", "UND_ERR_SOCKET")],
  ["timed out", error("Connect Timeout Error", "UND_ERR_CONNECT_TIMEOUT")],
  ["timed out", error("connect ETIMEDOUT 10.0.0.1:443", "ETIMEDOUT")],
  ["timed out", error("tcp connect error: deadline: timed out")],
  ...[
    error("Hostname/IP does not match certificate's altnames", "ERR_TLS_CERT_ALTNAME_INVALID"),
    error('invalid peer certificate: certificate not valid for name "x"'),
    error("invalid peer certificate: NotValidForName"),
    error("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    error("unable to verify the first certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    error("invalid peer certificate: UnknownIssuer"),
  ].map((thrown) => ["TLS failed: check certificate and clock", thrown] as const),
  ["TLS failed: check certificate and clock", error("certificate has expired", "CERT_HAS_EXPIRED")],
  [
    "TLS failed: check certificate and clock",
    error("wrong version number", "ERR_SSL_WRONG_VERSION_NUMBER"),
  ],
  ["TLS failed: check certificate and clock", error("invalid peer certificate: CaUsedAsEndEntity")],
  ["TLS failed: check certificate and clock", error("tls handshake eof")],
  ["TLS failed: check certificate and clock", error("received corrupt message of type Handshake")],
  ["TLS failed: check certificate and clock", error("TLS connect failed")],
  ["connection lost", error("connection closed before message completed")],
  ["connection lost", error("write EPIPE: broken pipe")],
  ["connection lost", error("unexpected EOF during chunk size line")],
  ["connection lost", error("unexpected end of file")],
  ["connection lost", error("error reading a body from connection")],
  ["connection lost", error("fetch failed", "UND_ERR_SOCKET")],
  ["connection lost", error("Network connection lost.")],
  ["runtime does not say why", error("Failed to fetch")],
];

Deno.test("B24: a cause is named, up to five errors deep and in the errors of a group", () => {
  for (const [why, thrown] of NAMED) {
    const group = new AggregateError([error("first"), thrown], "");
    for (
      const shown of [0, 1, 2, 3, 4, 5].map((depth) => buried(thrown, depth)).concat(
        group,
        buried(group, 2),
      )
    ) {
      const { code, message, retryable, cause } = failing(shown);
      assertEquals([code, retryable], ["network_error", true]);
      assert(message.includes(`no answer from api.example: ${why} (`), `${why}: ${message}`);
      const quoted = (thrown as Error).message.replace("?grant_type=client_credentials", "?***");
      assertEquals((cause as Error).message, quoted);
    }
  }
});

Deno.test("B24: a missing permission names its flag, and is not tried again", () => {
  const denied = Object.assign(new Error("Requires net access to api.example"), {
    name: "NotCapable",
  });
  const former = Object.assign(new Error("Requires net access"), { name: "PermissionDenied" });
  const node = error("Access to this API has been restricted", "ERR_ACCESS_DENIED");
  for (const refusal of [denied, former, node]) {
    const { message, retryable } = failing(refusal);
    assertMatch(message, /no permission.*--allow-net/);
    assertEquals(retryable, false);
  }
});

Deno.test("B24: words in the URL and in its host name nothing", () => {
  for (const host of ["refused.dns-tls.example", "tunnel.closed.example", "timeout.example"]) {
    const url = `https://${host}/dns/refused?certificate=reset`;
    for (const text of [`error sending request for url (${url})`, `cannot reach ${host}`]) {
      assertMatch(failing(error(text), url).message, /runtime does not say why/);
    }
  }
});

Deno.test("B82: a proxy that refuses the way is blamed, from however deep, and not asked again", () => {
  const refusals = [
    error("Proxy response (407) !== 200 when HTTP Tunneling", "UND_ERR_ABORTED"),
    error("Proxy response (403) !== 200 when HTTP Tunneling", "UND_ERR_ABORTED"),
    error(
      `error sending request for url (${URL}): client error (Connect): tunnel error: unsuccessful`,
    ),
    error("client error (Connect): unsuccessful tunnel"),
    error("tunnel error: proxy authorization required"),
    error("Proxy Authentication Required"),
  ];
  for (const refusal of refusals) {
    for (const depth of [0, 1, 2, 5]) {
      const { code, message, retryable } = failing(buried(refusal, depth));
      assertEquals([code, retryable], ["proxy_refused", false]);
      assertMatch(message, /a proxy refused: check its user, password/);
    }
  }
  // A proxy that itself reaches nobody may do so later.
  const down = failing(error("Proxy response (502) !== 200 when HTTP Tunneling"));
  assertEquals([down.code, down.retryable], ["network_error", true]);
});

Deno.test("B68: what was thrown is quoted, whatever it is, and without the secret", () => {
  const hostile = new Error("x");
  Object.defineProperty(hostile, "message", { get: () => assert(false, "read") });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const thrown: [unknown, string][] = [
    ["proxy says no", "proxy says no"],
    [`sent ${SECRET}`, "sent ***"],
    [42, "42"],
    [0n, "0"],
    [undefined, "undefined"],
    [null, "null"],
    ["", ""],
    [Symbol("s"), "symbol"],
    [Object.create(null), "object"],
    [Object.assign(Object.create(null), { message: "said" }), "said"],
    [{ message: "said" }, "said"],
    [{ toString: () => 5 as unknown as string }, "5"],
    [{ toString: 5 }, "object"],
    [new Error(""), "Error"],
    [hostile, "object"],
    [proxy, "object"],
    [Object.assign(new Error("named"), { name: SECRET, code: `E_${SECRET}` }), "named"],
    [Object.assign(new Error("numbered"), { code: 5, errors: 7 }), "7"],
    ["x".repeat(9_999), "x".repeat(200)],
  ];
  for (const [what, quoted] of thrown) {
    const found = failing(what);
    assertEquals([found.code, found.retryable], ["network_error", typeof what === "object"]);
    assert(found.message.includes(`(${quoted}).`), `${quoted}: ${found.message}`);
    assert(!Deno.inspect(found).includes(SECRET), found.message);
  }
});

Deno.test("B63: neither the endpoint's query nor another URL's is quoted", () => {
  const signed = "https://api.example/token?sig=S1GNATURE";
  for (const url of [signed, "http://proxy.example:3128/x?key=S1GNATURE#S1GNATURE"]) {
    for (const words of [`error sending request for url (${url}): refused`, `${url} failed`, url]) {
      for (const depth of [0, 2]) {
        const found = failing(buried(error(words, `E_${url}`), depth), signed);
        assert(!Deno.inspect(found).includes("S1GNATURE"), found.message);
        assertMatch(found.message, /https?:\/\/[a-z.:0-9/]+\?\*\*\*/);
      }
    }
  }
});

Deno.test("an error of ours passes through, and causes that go in circles end", () => {
  const ours = new KpnAuthError("timeout", "late");
  assertStrictEquals(failing(ours), ours);
  const circle = new Error("round");
  circle.cause = circle;
  assertMatch(failing(circle).message, /\(round\)/);
});

Deno.test("a group of any number of errors is named by its first ones", () => {
  const many = new AggregateError(Array(200_000).fill(new Error("ECONNREFUSED")));
  assertMatch(failing(many).message, /connection refused/);
});
