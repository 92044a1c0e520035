/** KPN signs, we verify: what is accepted, and the code of each refusal. */

import {
  type RawWebhook,
  verifyWebhook,
  type VerifyWebhookOptions,
  WebhookError,
  type WebhookHeaders,
  type WebhookSecrets,
} from "kpn-auth/webhook";
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertRejects } from "./support/assert.ts";

const SECRET = "a secret of KPN's, 32 characters.";
const OLD = "the secret that it takes over for.";
const KEY = "wk_2C6EDCDFDFD944F3A75D0D36";
const NOW = 1_700_000_000_000;
const BODY = '{ "message_id": "m-1", "text": "caf\\u00e9 €" }';

const bytes = (text: string) => new TextEncoder().encode(text);

async function signatureOf(body: string | Uint8Array<ArrayBuffer>, secret = SECRET) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret), hmac, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, typeof body === "string" ? bytes(body) : body);
  return Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What KPN sends with a body, but for what a test changes. */
async function headersFor(
  body: string | Uint8Array<ArrayBuffer> = BODY,
  changed: Record<string, string> = {},
): Promise<Record<string, string>> {
  return {
    "x-kpn-webhook-signature": await signatureOf(body),
    "x-kpn-webhook-timestamp": `${NOW / 1_000}`,
    "x-kpn-webhook-key-id": KEY,
    "x-kpn-webhook-attempt": "2",
    ...changed,
  };
}

function post(body: BodyInit | null, headers: HeadersInit, init: RequestInit = {}): Request {
  return new Request("https://app.example/sms", { method: "POST", body, headers, ...init });
}

function verify(
  request: Request | RawWebhook,
  secrets: WebhookSecrets = SECRET,
  options: VerifyWebhookOptions = {},
) {
  return verifyWebhook(request, secrets, { now: () => NOW, ...options });
}

/** The error of a delivery that is refused; its message holds no secret. */
async function refusal(promise: Promise<unknown>): Promise<WebhookError> {
  const error = await promise.then(() => assert(false, "it was accepted"), (error) => error);
  assert(error instanceof WebhookError, String(error));
  assertEquals(error.name, "WebhookError");
  assert(!`${error.message}${error.stack}`.includes(SECRET), "the secret was shown");
  return error;
}

Deno.test("a delivery that KPN signed is handed over with what its headers say", async () => {
  const webhook = await verify(post(BODY, await headersFor()));
  assertEquals(webhook.body, bytes(BODY));
  assertEquals(webhook.text(), BODY);
  assertEquals(webhook.json(), { message_id: "m-1", text: "café €" });
  assertEquals([webhook.keyId, webhook.attempt, webhook.timestamp], [KEY, 2, NOW]);
});

Deno.test("key id and attempt may be absent where one secret is enough", async () => {
  const headers = await headersFor();
  delete headers["x-kpn-webhook-key-id"];
  delete headers["x-kpn-webhook-attempt"];
  const { keyId, attempt } = await verify(post(BODY, headers));
  assertEquals([keyId, attempt], [undefined, undefined]);
});

Deno.test("raw bytes come with headers of every kind", async () => {
  const headers = await headersFor();
  const upper = Object.entries(headers).map(([name, value]) =>
    [name.toUpperCase(), value] as const
  );
  const kinds: WebhookHeaders[] = [
    new Headers(headers),
    headers,
    Object.fromEntries(upper),
    Object.fromEntries(upper.map(([name, value]) => [name, [value]])), // an API gateway's
    { ...headers, "set-cookie": ["a", "b"], host: undefined, ":path": "/sms" }, // Node's, of HTTP/2
  ];
  for (const headers of kinds) {
    assertEquals((await verify({ body: bytes(BODY), headers })).text(), BODY);
  }
});

Deno.test("the body that is handed over is a copy, which the sender of the bytes cannot change", async () => {
  const sent = bytes(BODY);
  const webhook = await verify({ body: sent, headers: await headersFor() });
  sent.fill(0);
  assertEquals(webhook.text(), BODY);
});

Deno.test("the digest is over the bytes as received: nothing is decoded, trimmed or unpacked", async () => {
  const packed = new Blob([BODY]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzip = new Uint8Array(await new Response(packed).arrayBuffer());
  for (
    const [body, headers] of [
      [gzip, { "content-encoding": "gzip" }],
      [bytes(`\ufeff${BODY}\r\n`), { "content-type": "application/json" }],
      [new Uint8Array([0, 255, 254, 128, 13, 10]), {}],
    ] as const
  ) {
    const signed = await headersFor(body, headers);
    assertEquals((await verify(post(body, signed))).body, body);
    assertEquals((await verify({ body, headers: signed })).body, body);
  }
});

Deno.test("an empty body is signed too, with a stream and without", async () => {
  const headers = await headersFor("");
  for (const body of [null, "", new Uint8Array()]) {
    assertEquals((await verify(post(body, headers))).body.length, 0);
  }
  assertEquals(
    (await verify({ body: new Uint8Array(), headers }, SECRET, { limit: 0 })).text(),
    "",
  );
});

Deno.test("the signature is 64 hexadecimal digits of either case, once; all else is malformed", async () => {
  const signature = await signatureOf(BODY);
  const upper = await headersFor(BODY, { "x-kpn-webhook-signature": signature.toUpperCase() });
  await verify(post(BODY, upper));
  const malformed = [
    `sha256=${signature}`,
    `${signature}, ${signature}`,
    signature.slice(1),
    `${signature}0`,
    `${signature.slice(1)}g`,
    btoa(signature),
    "undefined",
  ];
  for (const given of malformed) {
    const headers = await headersFor(BODY, { "x-kpn-webhook-signature": given });
    const { code, message } = await refusal(verify(post(BODY, headers)));
    assertEquals(code, "malformed_signature", given);
    assert(!message.includes(signature), message);
  }
  const repeated = new Headers(await headersFor());
  repeated.append("x-kpn-webhook-signature", signature);
  const { "x-kpn-webhook-signature": _, ...others } = await headersFor();
  const name = "x-kpn-webhook-signature";
  for (
    const headers of [
      repeated,
      { ...others, [name]: signature, [name.toUpperCase()]: signature },
      { ...others, [name]: [signature, signature] },
    ] as WebhookHeaders[]
  ) {
    const { code } = await refusal(verify({ body: bytes(BODY), headers }));
    assertEquals(code, "malformed_signature");
  }
});

Deno.test("a delivery without a signature is refused before its body is read", async () => {
  for (const signature of [undefined, ""]) {
    const { "x-kpn-webhook-signature": _, ...headers } = await headersFor();
    const signed = signature === undefined
      ? headers
      : { ...headers, "x-kpn-webhook-signature": "" };
    const request = post(BODY, signed);
    assertEquals((await refusal(verify(request))).code, "missing_signature");
    assertEquals(request.bodyUsed, false);
  }
});

Deno.test("every bit of the signature counts, the first like the last", async () => {
  const signature = await signatureOf(BODY);
  for (let bit = 0; bit < 256; bit++) {
    const at = bit >> 2;
    const digit = (parseInt(signature[at]!, 16) ^ (8 >> (bit & 3))).toString(16);
    const given = signature.slice(0, at) + digit + signature.slice(at + 1);
    const headers = await headersFor(BODY, { "x-kpn-webhook-signature": given });
    const { code } = await refusal(verify({ body: bytes(BODY), headers }));
    assertEquals(code, "wrong_signature", `bit ${bit}`);
  }
});

Deno.test("the comparison is WebCrypto's, over the whole digest, once for each secret", async () => {
  const { subtle } = crypto;
  const { verify: original } = subtle;
  const compared: number[] = [];
  subtle.verify = (algorithm, key, signature, data) => {
    compared.push(signature.byteLength);
    return original.call(subtle, algorithm, key, signature, data);
  };
  try {
    // The first of three is right: the others are tried all the same.
    await verify(post(BODY, await headersFor()), [SECRET, OLD, `${OLD}2`]);
  } finally {
    subtle.verify = original;
  }
  assertEquals(compared, [32, 32, 32]);
});

Deno.test("a changed body is refused: JSON parsed and printed, a byte, a line break", async () => {
  const headers = await headersFor();
  const changed = [
    JSON.stringify(JSON.parse(BODY)),
    BODY.toUpperCase(),
    `${BODY}\n`,
    `X${BODY}`,
    "",
  ];
  for (const body of changed) {
    assertEquals((await refusal(verify(post(body, headers)))).code, "wrong_signature");
  }
});

Deno.test("for a rotation any of several secrets may have signed, in any order", async () => {
  for (const signer of [SECRET, OLD]) {
    const signature = await signatureOf(BODY, signer);
    const headers = await headersFor(BODY, { "x-kpn-webhook-signature": signature });
    await verify(post(BODY, headers), [SECRET, OLD]);
    await verify(post(BODY, headers), [OLD, SECRET]);
    const other = [`${OLD} another`];
    assertEquals((await refusal(verify(post(BODY, headers), other))).code, "wrong_signature");
  }
});

Deno.test("a Map takes the secret of the key id, and refuses an id that it does not have", async () => {
  const secrets = new Map([["wk_OLD", OLD], [KEY, SECRET]]);
  assertEquals((await verify(post(BODY, await headersFor()), secrets)).keyId, KEY);
  const wrongId = await headersFor(BODY, { "x-kpn-webhook-key-id": "wk_OLD" });
  assertEquals((await refusal(verify(post(BODY, wrongId), secrets))).code, "wrong_signature");
  const { "x-kpn-webhook-key-id": _, ...withoutId } = await headersFor();
  for (const id of ["wk_NEW", `${KEY}, ${KEY}`, "size", "__proto__", undefined]) {
    const headers = id === undefined ? withoutId : { ...withoutId, "x-kpn-webhook-key-id": id };
    const { code, message } = await refusal(verify(post(BODY, headers), secrets));
    assertEquals(code, "unknown_key");
    assert(message.includes(`${JSON.stringify(id)}`), message);
  }
});

Deno.test("a timestamp up to the tolerance from now, before or after, is accepted; what is further is stale", async () => {
  const at = async (offset: number, options: VerifyWebhookOptions = {}) => {
    const seconds = (NOW + offset) / 1_000;
    const headers = await headersFor(BODY, { "x-kpn-webhook-timestamp": `${seconds}` });
    return await verify(post(BODY, headers), SECRET, options);
  };
  for (const offset of [-600_000, 0, 600_000]) {
    assertEquals((await at(offset)).timestamp, NOW + offset);
  }
  for (const offset of [-601_000, 601_000]) {
    const { code, message } = await refusal(at(offset));
    assertEquals(code, "stale");
    assertMatch(message, new RegExp(`${NOW + offset} ms, is not within 600000 ms`));
  }
  await at(-9e9, { tolerance: Infinity });
  await at(0, { tolerance: 0 });
  assertEquals((await refusal(at(-1_000, { tolerance: 0 }))).code, "stale");
});

Deno.test("a timestamp that is absent, empty, repeated or no number of seconds is stale", async () => {
  const { "x-kpn-webhook-timestamp": _, ...headers } = await headersFor();
  const times = [undefined, "", "now", `${NOW}`, "1700000000, 1700000000", "2023-11-14T22:13:20Z"];
  for (const time of times) {
    const timed = time === undefined ? headers : { ...headers, "x-kpn-webhook-timestamp": time };
    assertEquals((await refusal(verify(post(BODY, timed)))).code, "stale", `${time}`);
  }
  // Not only the tolerance stands against it.
  const none = verify(post(BODY, headers), SECRET, { tolerance: Infinity });
  assertEquals((await refusal(none)).code, "stale");
});

Deno.test("who is late with a wrong signature is not told so: stale says that the signature is right", async () => {
  const headers = await headersFor(BODY, { "x-kpn-webhook-timestamp": "1" });
  assertEquals((await refusal(verify(post(BODY, headers)))).code, "stale");
  assertEquals((await refusal(verify(post(`${BODY} `, headers)))).code, "wrong_signature");
});

Deno.test("a clock that gives no number accepts nothing", async () => {
  const headers = await headersFor();
  const { code } = await refusal(verify(post(BODY, headers), SECRET, { now: () => NaN }));
  assertEquals(code, "stale");
});

/** A body that gives `chunks`, and then does as told. It counts how often it was asked. */
function bodyOf(chunks: Iterable<Uint8Array>, end: "close" | "never" | Error = "close") {
  const iterator = chunks[Symbol.iterator]();
  const state = { pulls: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      state.pulls++;
      const { done, value } = iterator.next();
      if (!done) return controller.enqueue(value);
      if (end === "close") return controller.close();
      if (end === "never") return new Promise(() => {});
      controller.error(end);
    },
    cancel() {
      state.cancelled = true;
    },
  }, { highWaterMark: 0 });
  return { body, state };
}

Deno.test("a body in chunks of every size is put together, an empty chunk among them", async () => {
  const whole = Uint8Array.from({ length: 5_000 }, (_, at) => at % 251);
  const headers = await headersFor(whole);
  for (const size of [1, 7, 1_023, 1_024, 1_025, 5_000]) {
    const chunks = [new Uint8Array()];
    for (let at = 0; at < whole.length; at += size) chunks.push(whole.slice(at, at + size));
    assertEquals((await verify(post(bodyOf(chunks).body, headers))).body, whole);
  }
});

Deno.test("a body of exactly the limit is read, one byte more is too large, in a stream and in bytes", async () => {
  const body = new Uint8Array(1_048_576).fill(65);
  const headers = await headersFor(body);
  assertEquals((await verify(post(body, headers))).body.length, 1_048_576);
  assertEquals((await verify({ body, headers })).body.length, 1_048_576);
  const longer = new Uint8Array(1_048_577);
  for (const request of [post(longer, headers), { body: longer, headers }]) {
    const { code, message } = await refusal(verify(request));
    assertEquals(code, "too_large");
    assertMatch(message, /1048576 bytes/);
  }
  const { code } = await refusal(verify(post("four", headers), SECRET, { limit: 3 }));
  assertEquals(code, "too_large");
});

Deno.test("a body without an end is given up at the limit, also one of empty chunks", async () => {
  for (const [length, most] of [[16, 66], [0, 1_130]] as const) {
    const endless = (function* () {
      for (;;) yield new Uint8Array(length);
    })();
    const { body, state } = bodyOf(endless);
    const headers = await headersFor();
    const { code } = await refusal(verify(post(body, headers), SECRET, { limit: 1_024 }));
    assertEquals(code, "too_large");
    assertEquals(state.cancelled, true);
    assert(state.pulls <= most, `${state.pulls} chunks were read`);
  }
});

Deno.test("a body that breaks off is aborted; what was thrown may hold secrets, and is not quoted", async () => {
  const headers = await headersFor();
  const thrown = new TypeError(`connection reset while ${OLD} and ${SECRET} were in use`);
  const { body } = bodyOf([bytes(BODY)], thrown);
  const { code, message } = await refusal(verify(post(body, headers), [SECRET, OLD]));
  assertEquals(code, "aborted");
  assertEquals(message, "Webhook refused: its body broke off, or its signal aborted");
});

Deno.test("a signal that aborts while the body is read ends it, and so does one that has aborted", async () => {
  const headers = await headersFor();
  const { body, state } = bodyOf([bytes(BODY)], "never");
  const controller = new AbortController();
  const request = post(body, headers, { signal: controller.signal });
  const refused = refusal(verify(request));
  controller.abort(new Error("the client went away"));
  assertEquals([(await refused).code, state.cancelled], ["aborted", true]);

  const again = post(bodyOf([], "never").body, headers, { signal: AbortSignal.abort() });
  assertEquals((await refusal(verify(again))).code, "aborted");
});

Deno.test("an abort after the delivery was read changes nothing", async () => {
  const controller = new AbortController();
  const request = post(BODY, await headersFor(), { signal: controller.signal });
  const webhook = await verify(request);
  controller.abort();
  assertEquals(webhook.text(), BODY);
});

Deno.test("what is no raw body is a mistake of the caller's, and says so", async () => {
  const headers = await headersFor();
  const read = post(BODY, headers);
  await read.text();
  const twice = post(BODY, headers);
  await verify(twice);
  const bodies: unknown[] = [
    ...[
      JSON.parse(BODY),
      BODY,
      undefined,
      [1, 2],
      new ArrayBuffer(2),
      new DataView(new ArrayBuffer(2)),
    ],
    ...[new Uint16Array(2), new Blob([BODY]), (async function* () {})(), new Map(), 7],
  ];
  const requests = [read, twice, ...bodies.map((body) => ({ body, headers }) as RawWebhook)];
  for (const request of requests) {
    await assertRejects(() => verify(request), TypeError, "raw body is needed");
  }
});

Deno.test("a secret that is unset, short, no text or damaged is refused, unseen", async () => {
  const headers = await headersFor();
  const short = "0123456789abcdef0123456789abcde";
  const cases: unknown[] = [
    ...[[], undefined, null, "", short, "undefined", `${SECRET}\n`, ` ${SECRET}`, 32],
    ...[[undefined], [""], [SECRET, undefined], [SECRET, short], [bytes(SECRET)]],
    ...[new Map([[KEY, ""]]), new Map([[KEY, undefined]]), new Map([[KEY, short]])],
    ...[bytes(SECRET), { secret: SECRET }, { length: 32 }, () => SECRET, new Set([SECRET])],
  ];
  for (const secrets of cases) {
    const error = await assertRejects(
      () => verifyWebhook(post(BODY, headers), secrets as WebhookSecrets),
      TypeError,
      "a secret must be a string of 32 characters or more, without white space around it. Is it set?",
    );
    assert(!error.message.includes(SECRET) && !error.message.includes(short), error.message);
  }
  const signature = await signatureOf("", `${short}f`);
  const shortest = await headersFor("", { "x-kpn-webhook-signature": signature });
  await verify(post("", shortest), `${short}f`);
});

Deno.test("an empty Map of secrets knows no key", async () => {
  const headers = await headersFor();
  assertEquals((await refusal(verify(post(BODY, headers), new Map()))).code, "unknown_key");
});

Deno.test("B70: an option that is no number is refused", async () => {
  const headers = await headersFor();
  for (const name of ["tolerance", "limit"]) {
    for (const value of [NaN, -1, "a minute", {}, "", null, "600000", 100n]) {
      const options = { [name]: value } as unknown as VerifyWebhookOptions;
      const verifying = () => verifyWebhook(post(BODY, headers), SECRET, options);
      await assertRejects(verifying, RangeError, `${name} ${value}`);
    }
  }
});

Deno.test("a record may have many headers", async () => {
  const others = Array.from({ length: 20 }, (_, n) => [`x-${n}`, "1"]);
  const headers = { ...Object.fromEntries(others), ...await headersFor() };
  await verify({ body: bytes(BODY), headers }, SECRET);
});

Deno.test("a Node Buffer, a view with an offset, and shared memory are raw bytes", async () => {
  const headers = await headersFor();
  const around = bytes(`<${BODY}>`);
  const shared = new Uint8Array(new SharedArrayBuffer(around.length));
  shared.set(around);
  for (const whole of [around, shared, Buffer.from(around)]) {
    const body = whole.subarray(1, -1);
    const webhook = await verify({ body, headers });
    assertEquals(webhook.body, bytes(BODY));
    assert(webhook.body.buffer instanceof ArrayBuffer && webhook.body.constructor === Uint8Array);
  }
});

Deno.test("a content-length that lies neither lengthens nor shortens what is read", async () => {
  for (const length of ["0", "1", "99999999999", "-1", "many"]) {
    const headers = await headersFor(BODY, { "content-length": length });
    const { body } = bodyOf([bytes(BODY)]);
    assertEquals((await verify({ body, headers })).text(), BODY);
    const { body: endless } = bodyOf(Array(999).fill(new Uint8Array(64)), "never");
    const { code } = await refusal(verify({ body: endless, headers }, SECRET, { limit: 1_024 }));
    assertEquals(code, "too_large");
  }
});

Deno.test("headers of another library's kind, and names that objects inherit, are looked up safely", async () => {
  const headers = await headersFor();
  const foreign = { get: (name: string) => headers[name] ?? null };
  await verify({ body: bytes(BODY), headers: foreign });
  // A client chooses its headers' names: none of them changes how the others are looked up.
  const odd = { ...headers, get: "x", constructor: "x", ["__proto__"]: "x", has: "x" };
  await verify({ body: bytes(BODY), headers: odd });
  const inherited = Object.create(headers) as Record<string, string>;
  const { code } = await refusal(verify({ body: bytes(BODY), headers: inherited }));
  assertEquals(code, "missing_signature");
});

Deno.test("the signature's digits are ASCII's", async () => {
  const full = (await signatureOf(BODY)).replace(/\d/, "\uff11");
  for (const signature of [full, "\u0130".repeat(64), " ".repeat(64), "0x".repeat(32)]) {
    const headers = { ...await headersFor(), "x-kpn-webhook-signature": signature };
    const { code } = await refusal(verify({ body: bytes(BODY), headers }));
    assertEquals(code, "malformed_signature");
  }
});

Deno.test("more secrets than are remembered are verified all the same", async () => {
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 120; index++) {
      const secret = `${SECRET}${index}`;
      const headers = {
        ...await headersFor(),
        "x-kpn-webhook-signature": await signatureOf(BODY, secret),
      };
      await verify({ body: bytes(BODY), headers }, secret);
    }
  }
});

Deno.test("a stream of text, as after Node's setEncoding, is no raw body, and no stranger's signature", async () => {
  for (const chunk of [BODY, bytes(BODY).buffer, undefined, new Uint16Array(2)]) {
    const body = new Blob([]).stream().pipeThrough(
      new TransformStream<unknown, Uint8Array>({
        start: (controller) => controller.enqueue(chunk as unknown as Uint8Array),
      }),
    );
    const error = await assertRejects(
      async () => verify({ body, headers: await headersFor() }),
      TypeError,
    );
    assertMatch(error.message, /its raw body is needed/);
  }
});

Deno.test("B75: a Map of another realm is a Map", async () => {
  const secrets = Object.setPrototypeOf(new Map([[KEY, SECRET]]), {
    has: (id: unknown) => id === KEY,
    get: () => SECRET,
    [Symbol.toStringTag]: "Map",
  });
  const headers = await headersFor();
  assertEquals((await verify({ body: bytes(BODY), headers }, secrets)).keyId, KEY);
});

Deno.test("each refusal says what is wrong", async () => {
  const headers = await headersFor();
  const refused = async (changed: Record<string, string>, secret = SECRET) =>
    (await refusal(verify({ body: bytes(BODY), headers: { ...headers, ...changed } }, secret)))
      .message;
  assertMatch(await refused({ "x-kpn-webhook-signature": "" }), /x-kpn-webhook-signature/);
  assertMatch(await refused({ "x-kpn-webhook-signature": "abc" }), /64 hexadecimal digits/);
  assertMatch(await refused({}, OLD), /another secret.* body/);
  await assertRejects(
    () => verify({ body: bytes(BODY), headers }, ` ${SECRET}`),
    TypeError,
    "white space",
  );
});

Deno.test("a body of the limit's length in chunks of a byte is read, with empty ones between", async () => {
  const body = new Uint8Array(200).fill(65);
  const chunks = Array.from(
    { length: 250 },
    (_, at) => at % 5 ? new Uint8Array([65]) : new Uint8Array(),
  );
  const headers = await headersFor(body);
  const webhook = await verify(post(bodyOf(chunks).body, headers), SECRET, { limit: 200 });
  assertEquals(webhook.body, body);
});

Deno.test("the signal beside raw bytes ends the reading, and keeps no listener", async () => {
  const headers = await headersFor();
  const listeners = new Set<unknown>();
  const controller = new AbortController();
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  Object.assign(signal, {
    addEventListener(...given: Parameters<typeof addEventListener>) {
      listeners.add(given.slice(0, 2).join());
      addEventListener.apply(signal, given);
    },
    removeEventListener(...given: Parameters<typeof removeEventListener>) {
      listeners.delete(given.slice(0, 2).join());
      removeEventListener.apply(signal, given);
    },
  });
  const delivery = (body: ReadableStream) => ({ body, headers, signal }) as unknown as RawWebhook;
  await verify(delivery(bodyOf([bytes(BODY)]).body));
  assertEquals(listeners.size, 0);
  const refused = refusal(verify(delivery(bodyOf([], "never").body)));
  assertEquals(listeners.size, 1);
  controller.abort();
  assertEquals([(await refused).code, listeners.size], ["aborted", 0]);
});
