/** Where a runtime has no `AbortController`, `AbortSignal`, `URL.canParse` and `Response.clone`, as Fastly Compute has none. */

import { authorizedFetch, createTokenSource, requestToken, type TokenFetch } from "../mod.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { curlCommand } from "../src/curl/curl.ts";
import { mockKpn } from "../src/mock/mock.ts";
import { assert, assertEquals, assertRejects } from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";

/** Does `work` in such a realm, on a clock that waits for nobody. */
async function inBareRealm(work: (now: () => number) => Promise<void>): Promise<void> {
  const missing: [object, string][] = [
    [globalThis, "AbortController"],
    [globalThis, "AbortSignal"],
    [URL, "canParse"],
    [Response.prototype, "clone"],
  ];
  const had = missing.map(([of, name]) => Object.getOwnPropertyDescriptor(of, name)!);
  try {
    for (const [of, name] of missing) Reflect.deleteProperty(of, name);
    await inVirtualTime(({ now }) => work(now));
  } finally {
    missing.forEach(([of, name], n) => Object.defineProperty(of, name, had[n]!));
  }
}

/** A mock whose `fetch` takes no signal, as Fastly's takes none. */
function mockWithoutSignals() {
  const mock = mockKpn();
  const fetch = (url: string, init: RequestInit) => mock.fetch(url, { ...init, signal: null });
  return { mock, fetch };
}

Deno.test("without AbortController a deadline ends the wait for an answer, and for its body", async () => {
  await inBareRealm(async (now) => {
    let cancelled = 0;
    const deaf: TokenFetch = () => new Promise(() => {});
    const stalled: TokenFetch = () =>
      Promise.resolve(new Response(new ReadableStream({ cancel: () => void cancelled++ })));
    for (const fetch of [deaf, stalled]) {
      const options = { ...CREDENTIALS, fetch, now, random: () => 0, timeout: 1_000 };
      const startedAt = now();
      const error = await assertRejects(() => requestToken({ ...options, attemptTimeout: 400 }));
      assertEquals([(error as { code?: string }).code, now() - startedAt], ["timeout", 1_000]);
    }
    assertEquals(cancelled, 3, "bodies of attempts that nobody waits for");
  });
});

Deno.test("without AbortController a failed attempt is tried again, and 100 callers share one token", async () => {
  await inBareRealm(async (now) => {
    const { mock, fetch } = mockWithoutSignals();
    mock.respondNext("server_error", { to: "token" });
    const source = createTokenSource({ ...CREDENTIALS, fetch, now });
    const tokens = await Promise.all(Array.from({ length: 100 }, () => source.token()));
    assertEquals([new Set(tokens).size, mock.mints, mock.requests.length], [1, 1, 2]);
  });
});

Deno.test("without AbortController who has the lock of a store looks no longer than it mints", async () => {
  await inBareRealm(async (now) => {
    const { mock, fetch } = mockWithoutSignals();
    let looks = 0;
    const store = {
      get: () => Promise.resolve(void looks++),
      set: () => Promise.resolve(),
      exclusive: () => Promise.resolve(() => Promise.resolve()),
    };
    const slow: TokenFetch = async (url, init) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return fetch(url, init);
    };
    await createTokenSource({ ...CREDENTIALS, fetch: slow, now, store }).token();
    const looked = looks;
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    assert(looked > 5, `it looked ${looked} times`);
    assertEquals([mock.mints, looks], [1, looked]);
  });
});

Deno.test("without Response.clone a rejected token is replaced, and other answers come back whole", async () => {
  await inBareRealm(async (now) => {
    const { mock, fetch } = mockWithoutSignals();
    const source = createTokenSource({ ...CREDENTIALS, fetch, now });
    const kpn = authorizedFetch(source, { fetch });
    const call = () =>
      kpn("/communication/nexmo/number-insight/basic", {
        method: "POST",
        body: new URLSearchParams({ number: "447700900000" }),
      });
    mock.respondNext("invalid_access_token", { to: "api" });
    assertEquals([(await call()).status, mock.mints], [200, 2]);
    mock.respondNext("not_entitled", { to: "api" });
    const refused = await call();
    assert((await refused.text()).length > 20, "its body");
    assertEquals([refused.ok, mock.mints], [false, 2]);
  });
});

Deno.test("without URL.canParse a curl command is rendered", async () => {
  await inBareRealm(async () => {
    const request = { url: " https://api-prd.kpn.com/x" };
    await Promise.resolve(
      assert(curlCommand(request, { shell: "posix" }).includes("https://api-prd.kpn.com/x")),
    );
  });
});
