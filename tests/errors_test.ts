/** B27, B29: what is thrown, logged or inspected shows no secret and no token. */

import {
  authorizedFetch,
  createTokenSource,
  isKpnAuthError,
  KpnAuthError,
  type KpnAuthEvent,
  requestToken,
} from "../mod.ts";
import { causeOf } from "../src/errors.ts";
import { FAILURES } from "../src/mock/answers.ts";
import { mockKpn } from "../src/mock/mock.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";
import { CREDENTIALS, holdsSecret, SENTINEL } from "./support/credentials.ts";
import { inspect } from "node:util";

/** All that a careless logger could print of a value. */
function allTextOf(value: unknown): string {
  const seen = [String(value), Deno.inspect(value, { depth: 99, showHidden: true })];
  seen.push(inspect(value, { depth: 99, showHidden: true, getters: true }));
  seen.push(JSON.stringify(value) ?? "");
  if (value instanceof Error) {
    seen.push(value.message, value.stack ?? "", allTextOf(value.cause ?? ""));
  }
  return seen.join("\n");
}

const formOf = (secret: string) => new URLSearchParams({ secret }).toString().slice(7);

/** Servers and networks that echo what they were sent, wherever they can. */
const ECHOES: Record<string, (body: string) => Response> = {
  oauth: (body) =>
    Response.json({ ErrorCode: "invalid_request", Error: `bad: ${body}` }, { status: 400 }),
  code: () => Response.json({ ErrorCode: SENTINEL.clientSecret, Error: "x" }, { status: 400 }),
  fault: () =>
    Response.json({ fault: { faultstring: `no: ${SENTINEL.clientSecret}` } }, { status: 500 }),
  kpn: (body) =>
    Response.json({ error: { name: "x", message: body, transactionId: "t" } }, { status: 500 }),
  camara: (body) => Response.json({ status: 400, code: "X", message: body }, { status: 400 }),
  challenge: () =>
    new Response("", {
      status: 401,
      headers: { "www-authenticate": `Bearer error="${SENTINEL.clientSecret}"` },
    }),
  contentType: () =>
    new Response("x", { headers: { "content-type": formOf(SENTINEL.clientSecret) } }),
  html: (body) => new Response(`<html>${body}</html>`, { status: 502 }),
  brokenJson: (body) => new Response(`{"access_token":"${body}`),
  cutByTheLimit: () =>
    Response.json({ ErrorCode: "x".repeat(185), Error: SENTINEL.clientSecret }, { status: 400 }),
};

for (const [name, answer] of Object.entries(ECHOES)) {
  Deno.test(`B27: an echo of the secret is redacted (${name})`, async () => {
    const error = await assertRejects(() =>
      requestToken({
        ...SENTINEL,
        fetch: (_url, { body }) => Promise.resolve(answer(body)),
        retries: 0,
      }), KpnAuthError);
    assert(!holdsSecret(allTextOf(error)), allTextOf(error));
    assert(!/sentinel(?!-id)/.test(error.message), error.message);
  });
}

Deno.test("B27: a network error that quotes the request is redacted, its cause too", async () => {
  for (const quoted of [SENTINEL.clientSecret, formOf(SENTINEL.clientSecret)]) {
    const cause = new Error(`could not send ${quoted}`);
    const error = await assertRejects(() =>
      requestToken({
        ...SENTINEL,
        fetch: () => Promise.reject(new TypeError(`failed: ${quoted}`, { cause })),
        retries: 0,
      }), KpnAuthError);
    assertEquals((error.cause as Error).message, "could not send ***");
    assert(!holdsSecret(allTextOf(error)));
  }
});

Deno.test("B27: no failure of .github/KPN.md's table shows the secret", async () => {
  for (
    const failure of [...Object.keys(FAILURES), "dropped", "never"] as (keyof typeof FAILURES)[]
  ) {
    const mock = mockKpn(SENTINEL);
    mock.respondNext(failure, { times: 9 });
    const error = await assertRejects(
      () => requestToken({ ...SENTINEL, fetch: mock.fetch, retries: 0, timeout: 200 }),
      KpnAuthError,
    );
    assert(!holdsSecret(allTextOf(error)), failure);
  }
});

Deno.test("B29: a source and an authorized fetch print nothing of what they hold", async () => {
  const mock = mockKpn(SENTINEL);
  const source = createTokenSource({ ...SENTINEL, fetch: mock.fetch });
  const call = authorizedFetch(source, { fetch: mock.fetch });
  const { value } = await source.token();
  for (const ours of [source, call, source.token]) {
    const text = allTextOf(ours);
    assert(!holdsSecret(text) && !text.includes(value), text);
  }
});

Deno.test("B27: no event carries a secret or a token", async () => {
  const mock = mockKpn(SENTINEL);
  const events: KpnAuthEvent[] = [];
  const onEvent = (event: KpnAuthEvent) => events.push(event);
  const store = {
    get: () => Promise.reject(new Error(`cannot read with ${SENTINEL.clientSecret}`)),
    set: (_key: string, { value }: { value: string }) =>
      Promise.reject(new Error(`cannot write ${value}`)),
  };
  const source = createTokenSource({ ...SENTINEL, fetch: mock.fetch, onEvent, store });
  const first = await source.token();
  mock.respondNext("invalid_client");
  await source.token({ rejected: first }).catch(() => {});
  const text = allTextOf(events);
  assertEquals([...new Set(events.map(({ type }) => type))].sort(), [
    "coolDown",
    "mintFailed",
    "mintStarted",
    "mintSucceeded",
    "storeFailed",
    "tokenRejected",
  ]);
  assert(!holdsSecret(text) && !text.includes(first.value), text);
});

Deno.test("an error has a name that survives minification, and is told by name and code", async () => {
  const mock = mockKpn();
  mock.respondNext("invalid_client");
  const error = await assertRejects(
    () => requestToken({ ...CREDENTIALS, fetch: mock.fetch }),
    KpnAuthError,
  );
  assertEquals([error.name, error.code], ["KpnAuthError", "invalid_client"]);
  assert(String(error).startsWith("KpnAuthError: Cannot get a token"));
  assert(error.stack?.startsWith("KpnAuthError: Cannot get a token"));
});

Deno.test("isKpnAuthError tells an error of any copy of the package, and no look-alike", () => {
  const ours = new KpnAuthError("timeout", "late");
  /** The other copy's class. */
  class Other extends Error {
    readonly code = "timeout";
    override get name() {
      return "KpnAuthError";
    }
  }
  for (const error of [ours, new Other()]) assert(isKpnAuthError(error));
  const named = Object.assign(new Error("x"), { name: "KpnAuthError" });
  const hostile = new Proxy({}, { get: () => assert(false, "read") });
  const others = [named, Object.assign(named, { code: 5 }), new Error("KpnAuthError"), hostile];
  const code = Object.assign(new Error("x"), { code: "timeout" });
  for (const other of [...others, code, undefined, null, "KpnAuthError", {}, KpnAuthError]) {
    assert(!isKpnAuthError(other), Deno.inspect(other));
  }
});

Deno.test("B27: what has no name is an Error, and what cannot be read is named by its type", () => {
  const { name, message, code } = causeOf("down");
  assertEquals([name, message, code], ["Error", "down", undefined]);
  const hostile = causeOf(new Proxy({}, { get: () => assert(false, "read") }));
  assertEquals([hostile.name, hostile.message, hostile.code], ["Error", "object", undefined]);
});
