/** B70: every option may be given as `undefined`, which means its default: types and behaviour. */

import {
  authorizedFetch,
  type AuthorizedFetchOptions,
  createTokenSource,
  type Margins,
  readFault,
  type ReadFaultOptions,
  type RequestTokenOptions,
  type TokenSourceOptions,
} from "../mod.ts";
import { curlCommand, type CurlOptions, type CurlRequest } from "../src/curl/curl.ts";
import { mockKpn, type MockKpnOptions } from "../src/mock/mock.ts";
import type { ScriptOptions } from "../src/mock/script.ts";
import type { DeliverOptions } from "../src/mock/webhooks.ts";
import type { PlaygroundOptions } from "../src/playground/playground.ts";
import type { DurableObjectSourceOptions } from "../src/stores/durable_object.ts";
import type { VerifyWebhookOptions } from "../src/webhook.ts";
import { assertEquals } from "./support/assert.ts";
import { CREDENTIALS } from "./support/credentials.ts";

/** `true` if every optional property may also be `undefined`. */
type Lax<T> = { [K in keyof T as T extends Record<K, T[K]> ? never : K]-?: undefined } extends
  Partial<T> ? true : never;

const lax: readonly [
  Lax<AuthorizedFetchOptions>,
  Lax<Margins>,
  Lax<ReadFaultOptions>,
  Lax<RequestTokenOptions>,
  Lax<TokenSourceOptions>,
  Lax<CurlOptions>,
  Lax<CurlRequest>,
  Lax<MockKpnOptions>,
  Lax<ScriptOptions>,
  Lax<DeliverOptions>,
  Lax<PlaygroundOptions>,
  Lax<DurableObjectSourceOptions>,
  Lax<VerifyWebhookOptions>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true];

Deno.test("B70: options that are undefined mean their defaults", async () => {
  assertEquals(lax.length, 13);
  const mock = mockKpn({
    clientId: undefined,
    lifetime: undefined,
    now: undefined,
    seed: undefined,
  });
  const source = createTokenSource({
    ...CREDENTIALS,
    fetch: mock.fetch,
    now: undefined,
    random: undefined,
    onEvent: undefined,
    margins: { ageing: undefined, stale: undefined },
  });
  assertEquals((await source.token()).value, (await source.token()).value);
  mock.respondNext("ok", { to: undefined, times: undefined, delay: undefined });
  const kpn = authorizedFetch(source, {
    origins: undefined,
    allowInsecureHttp: undefined,
    shouldReplay: undefined,
    fetch: () => Promise.resolve(new Response("ok")),
    waitUntil: undefined,
    onEvent: undefined,
  });
  assertEquals(await (await kpn("/x")).text(), "ok");
  assertEquals(await readFault(new Response(), { signal: undefined }), undefined);
  const undefinedOnes = { revealSecrets: undefined, expand: undefined, program: undefined };
  const url = "https://api-prd.kpn.com/x";
  assertEquals(
    curlCommand({ url, method: undefined, headers: undefined, body: undefined }, {
      shell: "posix",
      ...undefinedOnes,
    }),
    curlCommand({ url }, { shell: "posix" }),
  );
});
