import { createTokenSource, KpnAuthError, type RequestTokenOptions } from "../mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "./support/assert.ts";
import { holdsSecret, SENTINEL } from "./support/credentials.ts";
import {
  answerWith,
  type Behaviour,
  closedPort,
  halfOpen,
  http,
  resetAfter,
  selfSigned,
  TOKEN,
  trickle,
  withServer,
} from "./support/fault_server.ts";
import { deferred } from "./support/source.ts";

const ANSWER = http(TOKEN);

/** What ends by itself does so within so many ms on any machine. */
const PATIENCE = 120_000;

/** What comes of asking there, without and with retries: an error, and the same again. */
async function failing(tokenEndpoint: string, options: Partial<RequestTokenOptions> = {}) {
  const ask = (retries: number) => {
    const source = createTokenSource({
      ...SENTINEL,
      tokenEndpoint,
      retries,
      random: () => 0,
      timeout: PATIENCE,
      attemptTimeout: PATIENCE,
      ...options,
    });
    return assertRejects(() => source.token(), KpnAuthError);
  };
  const [error, retried] = [await ask(0), await ask(2)];
  const told = ({ code, message }: KpnAuthError) => [code, message.replace(/\d+/g, "N")];
  assertEquals(told(retried), told(error));
  assert(!holdsSecret(Deno.inspect(error, { depth: 9 })));
  return error;
}

Deno.test("B24: a closed port is a network_error that says refused", async () => {
  const host = closedPort();
  const { code, message, retryable, cause } = await failing(`http://${host}/`);
  assertEquals([code, retryable], ["network_error", true]);
  assertMatch(message, /refused/);
  assert(message.includes(host) && cause instanceof Error);
});

Deno.test("B24: a name that DNS does not know is a network_error that says so", async () => {
  const { code, message } = await failing("https://nothing.invalid/");
  assertEquals(code, "network_error");
  assertMatch(message, /nothing\.invalid: DNS/);
});

const LOST: [string, Behaviour, RegExp][] = [
  ["reset before the headers", resetAfter(""), /lost|reset/],
  ["reset during the headers", resetAfter("HTTP/1.1 200 OK\r\ncontent-ty"), /lost|reset/],
  [
    "reset during the body",
    resetAfter(http('{"access_token":"half', { length: 500 })),
    /lost|reset/,
  ],
  ["closed without a word", answerWith(""), /lost/],
  ["closed during the headers", answerWith("HTTP/1.1 200 OK\r\ncontent-ty"), /lost/],
  ["a body cut short", answerWith(http('{"access_token":"half', { length: 500 })), /lost/],
  [
    "a chunked body cut short",
    answerWith('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"acc'),
    /lost/,
  ],
];
for (const [what, behaviour, words] of LOST) {
  Deno.test(`B24, B46: ${what} is a network_error that says that the connection was lost`, async () => {
    await withServer(behaviour, async (server) => {
      const { code, message, retryable } = await failing(`http://${server.host}/`);
      assertEquals([code, retryable], ["network_error", true]);
      assertMatch(message, words);
      assert(server.accepted >= 4, `1 call without retries, 1 with 2: ${server.accepted}`);
    });
  });
}

Deno.test("B24: a certificate that nobody signed is a network_error that says TLS", async () => {
  await withServer(halfOpen, async ({ host }) => {
    const { code, message } = await failing(`https://${host}/`);
    assertEquals(code, "network_error");
    assertMatch(message, /TLS failed.*certificate/);
  }, selfSigned());
});

Deno.test("B24: TLS spoken to a server that has none is a network_error that says TLS", async () => {
  await withServer(resetAfter("HTTP/1.1 400 Bad Request\r\n\r\n"), async ({ host }) => {
    const { code, message } = await failing(`https://${host}/`);
    assertEquals(code, "network_error");
    assertMatch(message, /TLS failed|connection lost/);
  });
  const notTls: Behaviour = async (connection) => {
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await halfOpen(connection);
  };
  await withServer(notTls, async ({ host }) => {
    assertMatch((await failing(`https://${host}/`)).message, /TLS failed/);
  });
});

Deno.test("B47: a half-open connection is a timeout while waiting for the answer", async () => {
  await withServer(halfOpen, async (server) => {
    const endpoint = `http://${server.host}/`;
    const { code, message } = await failing(endpoint, { attemptTimeout: 250 });
    assertEquals(code, "timeout");
    assertMatch(message, /attemptTimeout \(250 ms\) ran out while waiting for the answer/);
    assert(server.accepted > 1, "it was tried again");
    const total = createTokenSource({ ...SENTINEL, tokenEndpoint: endpoint, timeout: 250 });
    const error = await assertRejects(() => total.token(), KpnAuthError);
    assertMatch(error.message, /timeout \(250 ms\) ran out while waiting for the answer/);
  });
});

for (
  const [part, begin, phase] of [
    ["headers", 0, "waiting for"],
    ["body", ANSWER.indexOf("{"), "reading"],
  ] as const
) {
  Deno.test(`B31, B47: the ${part} one byte at a time are a timeout while ${phase} the answer`, async () => {
    let bytes = 0;
    await withServer(trickle(ANSWER, begin, () => bytes++), async ({ host }) => {
      // On a busy machine the beginning may come too late for a short time: then it takes longer ones.
      for (let attemptTimeout = 250;; attemptTimeout *= 4) {
        const { code, message } = await failing(`http://${host}/`, { attemptTimeout });
        assertEquals(code, "timeout");
        if (bytes > 8 && message.includes(`while ${phase} the answer`)) break;
        assert(4 * attemptTimeout < PATIENCE, message);
      }
    });
  });
}

Deno.test("B31: a body that is too long is given up: the client leaves its server", async () => {
  const left = deferred<string>();
  const endless: Behaviour = async (connection) => {
    await answerWith(http("", { length: 1e12 }))(connection);
    const chunk = new Uint8Array(65_536).fill(120);
    try {
      for (;;) await connection.write(chunk);
    } catch {
      left.resolve("left");
    }
  };
  await withServer(endless, async ({ host }) => {
    const { code, message } = await failing(`http://${host}/`);
    assertEquals(code, "invalid_response");
    assertMatch(message, /HTTP 200.*application\/json/);
    const timer = setTimeout(() => left.resolve("still there"), PATIENCE);
    assertEquals(await left.promise, "left");
    clearTimeout(timer);
  });
});

Deno.test("B23: what is no HTTP at all is a KpnAuthError too", async () => {
  for (
    const rubbish of ["220 smtp.example ESMTP\r\n", "\u0000\u0001\u0002", "HTTP/9.9 2000 ?\r\n\r\n"]
  ) {
    await withServer(answerWith(rubbish), async ({ host }) => {
      assertEquals((await failing(`http://${host}/`)).code, "network_error");
    });
  }
});

Deno.test("the token endpoint is down for a while and comes back: the next call gets a token", async () => {
  let down = true;
  const behaviour: Behaviour = (connection) =>
    (down ? resetAfter("") : answerWith(http(TOKEN)))(connection);
  await withServer(behaviour, async ({ host }) => {
    const source = createTokenSource({
      ...SENTINEL,
      tokenEndpoint: `http://${host}/`,
      random: () => 0,
    });
    for (let call = 0; call < 3; call++) {
      const herd = Array.from({ length: 20 }, () => source.token());
      const outcomes = await Promise.allSettled(herd);
      assert(outcomes.every(({ status }) => status === "rejected"));
    }
    down = false;
    assertEquals((await source.token()).value, "socket-token");
  });
});
