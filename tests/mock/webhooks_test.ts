/** The mock delivers as KPN does: signed, tried again, by keys that come and go; and wrong where it is told. */

import { type DeliverOptions, mockKpn, type WrongDelivery } from "kpn-auth/testing";
import { verifyWebhook, type WebhookError } from "kpn-auth/webhook";
import { answerControl } from "../../src/playground/control.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";

const HOOK = "http://127.0.0.1:8080/sms";
const REPORT = { message_id: "m-1", status: "DELIVERED" };
const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

/** A mock with a clock in the test's hand, and the receiver of its webhooks. */
function desk(answer: (count: number) => number = () => 204) {
  const clock = { now: NOW };
  const received: unknown[] = [];
  let count = 0;
  const mock = mockKpn({
    now: () => clock.now,
    deliverTo: ["https://app.example"],
    fetch: async (url, init) => {
      const secrets = new Map(mock.webhookKeys.map(({ id, secret }) => [id, secret]));
      const request = new Request(url, init);
      const outcome = await verifyWebhook(request, secrets, { now: () => clock.now })
        .then(
          ({ attempt, timestamp, keyId, body }) => ({ attempt, timestamp, keyId, body }),
          (error) => (error as WebhookError).code,
        );
      received.push(outcome);
      return new Response(null, { status: typeof outcome === "string" ? 401 : answer(++count) });
    },
  });
  return { mock, clock, received };
}

const KEY = "wk_000000000000000000000001";

Deno.test("a delivery verifies, and its report says how it was answered", async () => {
  const { mock, received } = desk();
  for (const body of [REPORT, JSON.stringify(REPORT), new TextEncoder().encode('{"a":1}'), ""]) {
    const delivery = await mock.deliver(HOOK, body);
    const attempts = [{ attempt: 1, keyId: KEY, status: 204 }];
    assertEquals(delivery, { url: HOOK, attempts, nextAt: undefined });
  }
  assertEquals(received.length, 4);
  const { body, ...rest } = received[0] as { body: Uint8Array };
  assertEquals(JSON.parse(new TextDecoder().decode(body)), REPORT);
  assertEquals(rest, { attempt: 1, timestamp: NOW, keyId: KEY } as unknown as typeof rest);
});

Deno.test("what is not answered with 2xx is tried four times in all, on the mock's clock", async () => {
  const { mock, clock, received } = desk(() => 503);
  const delivery = await mock.deliver(HOOK, REPORT);
  for (const [minute, attempts] of [[1, 2], [2, 3], [4, 4]] as const) {
    assertEquals(delivery.nextAt, NOW + minute * MINUTE);
    clock.now = NOW + minute * MINUTE - 1;
    assertEquals(await mock.deliverDue(), []);
    clock.now++;
    assertEquals(await mock.deliverDue(), [delivery]);
    assertEquals(delivery.attempts.length, attempts);
  }
  assertEquals(delivery.nextAt, undefined);
  clock.now += 60 * MINUTE;
  assertEquals(await mock.deliverDue(), []);
  const seen = received.map((each) => {
    const { attempt, timestamp } = each as { attempt: number; timestamp: number };
    return [attempt, timestamp];
  });
  assertEquals(seen, [1, 2, 3, 4].map((attempt) => [attempt, NOW]));
});

Deno.test("a retry that is answered with 2xx is the last; a clock that jumped makes all that were due", async () => {
  const { mock, clock } = desk((count) => count < 3 ? 500 : 200);
  const delivery = await mock.deliver(HOOK, REPORT);
  clock.now += 60 * MINUTE;
  // An hour later the timestamp of the first attempt is stale: KPN would have come in time.
  await mock.deliverDue();
  assertEquals(delivery.attempts.map(({ status }) => status), [500, 401, 401, 401]);

  const other = desk((count) => count < 3 ? 500 : 200);
  const cured = await other.mock.deliver(HOOK, REPORT);
  other.clock.now += 4 * MINUTE;
  await other.mock.deliverDue();
  assertEquals(cured.attempts.map(({ status }) => status), [500, 500, 200]);
  assertEquals(cured.nextAt, undefined);
});

Deno.test("a receiver that does not answer has no status, and is tried again", async () => {
  const mock = mockKpn({ now: () => NOW, fetch: () => Promise.reject(new TypeError("refused")) });
  const { attempts, nextAt } = await mock.deliver(HOOK, REPORT);
  assertEquals([attempts, nextAt], [[{ attempt: 1, keyId: KEY }], NOW + MINUTE]);
});

Deno.test("keys are staged, active, retiring, retired: the active one signs, the staged and the retired never", async () => {
  const { mock, clock, received } = desk((count) => count === 1 ? 500 : 204);
  const states = () => mock.webhookKeys.map(({ state }) => state);
  const pending = await mock.deliver(HOOK, REPORT);
  const { id, secret } = mock.stageWebhookKey();
  assert(secret.length >= 32);
  assertEquals(states(), ["active", "staged"]);
  await assertRejects(() => mock.deliver(HOOK, REPORT, { key: id }), TypeError, "is staged");
  mock.activateWebhookKey(id);
  assertEquals(states(), ["retiring", "active"]);
  await mock.deliver(HOOK, REPORT);
  await mock.deliver(HOOK, REPORT, { key: KEY });
  clock.now += MINUTE;
  await mock.deliverDue();
  mock.retireWebhookKey(KEY);
  assertEquals(states(), ["retired", "active"]);
  await assertRejects(() => mock.deliver(HOOK, REPORT, { key: KEY }), TypeError, "is retired");
  assertEquals(received.map((each) => (each as { keyId: string }).keyId), [KEY, id, KEY, id]);
  assertEquals(pending.attempts.map(({ keyId }) => keyId), [KEY, id]);
  assertThrows(() => mock.activateWebhookKey(KEY), TypeError, "is retired, not staged");
  assertThrows(() => mock.retireWebhookKey(id), TypeError, "is active, not retiring");
  assertThrows(() => mock.activateWebhookKey("wk_X"), TypeError, "no webhook key");
});

const WRONG: Readonly<Record<Exclude<WrongDelivery, "twice">, string>> = {
  signature: "wrong_signature",
  key: "unknown_key",
  body: "wrong_signature",
  late: "stale",
};

for (const [wrong, code] of Object.entries(WRONG)) {
  Deno.test(`sent wrong, ${wrong}: refused as ${code}`, async () => {
    const { mock, received } = desk();
    const { attempts } = await mock.deliver(HOOK, REPORT, { wrong: wrong as WrongDelivery });
    assertEquals(received, [code]);
    assertEquals(attempts[0]!.status, 401);
  });
}

Deno.test("sent twice: both verify, and are the same", async () => {
  const { mock, received } = desk();
  await mock.deliver(HOOK, REPORT, { wrong: "twice" });
  assertEquals(received.length, 2);
  assertEquals(received[0], received[1]);
});

Deno.test("key, attempt and timestamp are as told; a late attempt has the first one's timestamp", async () => {
  const { mock, received } = desk(() => 500);
  const last = await mock.deliver(HOOK, REPORT, { attempt: 4 });
  await mock.deliver(HOOK, REPORT, { attempt: 2, timestamp: NOW - 5_000 });
  const told = received.map((each) => {
    const { attempt, timestamp } = each as { attempt: number; timestamp: number };
    return [attempt, timestamp];
  });
  assertEquals(told, [[4, NOW - 4 * MINUTE], [2, NOW - 5_000]]);
  assertEquals(last.nextAt, undefined);
});

Deno.test("it delivers to this machine only, unless an origin is listed", async () => {
  const { mock, received } = desk();
  for (const url of ["https://app.example/sms", "http://localhost/sms", "http://[::1]:8080/"]) {
    await mock.deliver(url, REPORT);
  }
  assertEquals(received.length, 3);
  for (
    const url of [
      "https://other.example/",
      "https://app.example.evil/",
      "http://127.0.0.1.example/",
    ]
  ) {
    const error = await assertRejects(() => mock.deliver(url, REPORT), TypeError);
    assertMatch(error.message, /only to this machine.*deliverTo/);
  }
  assertEquals(received.length, 3);
});

Deno.test("an order that makes no sense is refused", async () => {
  const { mock } = desk();
  const orders: [string, unknown][] = [
    ["no URL", {}],
    ["ftp://127.0.0.1/sms", {}],
    [HOOK, { attemp: 2 }],
    [HOOK, { attempt: 0 }],
    [HOOK, { attempt: 1.5 }],
    [HOOK, { timestamp: NaN }],
    [HOOK, { wrong: "upside down" }],
    [HOOK, { key: "wk_X" }],
  ];
  for (const [url, options] of orders) {
    await assertRejects(() => mock.deliver(url, REPORT, options as DeliverOptions), TypeError);
  }
});

Deno.test("POST /mock/deliver sends one and tells what became of it, if control is on", async () => {
  const { mock, clock, received } = desk((count) => count === 1 ? 500 : 204);
  const ask = (path: string, body: unknown, control = true) =>
    answerControl(
      new Request(`http://127.0.0.1/mock/${path}`, { method: "POST", body: JSON.stringify(body) }),
      mock,
      { control },
    );
  const order = { url: HOOK, body: REPORT };
  assertEquals((await ask("deliver", order, false)).status, 403);
  const first = await ask("deliver", order);
  assertEquals(await first.json(), {
    url: HOOK,
    attempts: [{ attempt: 1, keyId: KEY, status: 500 }],
    nextAt: NOW + MINUTE,
  });
  clock.now += MINUTE;
  const [again] = await (await ask("deliver-due", {})).json();
  assertEquals(again.attempts[1], { attempt: 2, keyId: KEY, status: 204 });
  const elsewhere = await ask("deliver", { ...order, url: "https://other.example/" });
  assertEquals(elsewhere.status, 400);
  assertMatch(await elsewhere.text(), /only to this machine/);
  assertEquals(received.length, 2);
});

/** Posts JSON to `/mock/…`: the status, and what the answer says. */
async function control(mock: ReturnType<typeof mockKpn>, path: string, body: unknown = {}) {
  const init = { method: "POST", body: JSON.stringify(body) };
  const request = new Request(`http://127.0.0.1/mock/${path}`, init);
  const response = await answerControl(request, mock, { control: true });
  const text = await response.text();
  return { status: response.status, text, ...response.ok && text && { json: JSON.parse(text) } };
}

Deno.test("POST /mock/clock makes the deliveries that are due by then", async () => {
  const { mock, received } = desk(() => 500);
  const pending = await mock.deliver(HOOK, REPORT);
  for (const [advance, attempts] of [[59_999, 1], [1, 2], [60_000, 3], [120_000, 4]]) {
    assertEquals((await control(mock, "clock", { advance })).status, 204);
    assertEquals([pending.attempts.length, received.length], [attempts, attempts]);
  }
});

Deno.test("POST /mock/deliver sends wrong in each way that it is told", async () => {
  const { mock, received } = desk();
  for (const [wrong, code] of Object.entries(WRONG)) {
    const { json } = await control(mock, "deliver", { url: HOOK, body: REPORT, wrong });
    assertEquals([received.pop(), json.attempts[0].status], [code, 401]);
  }
  const { json } = await control(mock, "deliver", { url: HOOK, body: REPORT, wrong: "twice" });
  assertEquals([json.attempts.length, received.length], [2, 2]);
});

Deno.test("POST /mock/webhook-keys stages, activates and retires a key, and gives all of them", async () => {
  const { mock } = desk();
  const ask = (body: unknown) => control(mock, "webhook-keys", body);
  const states = ({ json }: Awaited<ReturnType<typeof ask>>) =>
    json.map(({ state }: { state: string }) => state);
  const staged = await ask({});
  const { id, secret } = staged.json[1];
  assertEquals(states(staged), ["active", "staged"]);
  assertEquals(secret, mock.webhookKeys[1]!.secret);
  const refused = await control(mock, "deliver", { url: HOOK, body: REPORT, key: id });
  assertMatch(refused.text, /is staged/);
  assertEquals(states(await ask({ activate: id })), ["retiring", "active"]);
  assertEquals(states(await ask({ retire: KEY })), ["retired", "active"]);
  for (
    const [body, says] of [
      [{ retire: id }, /is active, not retiring/],
      [{ activate: "wk_X" }, /no webhook key/],
      [{ activate: 7 }, /no webhook key/],
      [{ activate: null }, /no webhook key/],
      [{ activate: id, retire: KEY }, /not both/],
      [{ activte: id }, /did you mean activate/],
    ] as const
  ) {
    const { status, text } = await ask(body);
    assertEquals(status, 400);
    assertMatch(text, says);
  }
  assertEquals(mock.webhookKeys.length, 2);
});

Deno.test("an origin in deliverTo may be any URL of it, and must be one", async () => {
  let sent = 0;
  const fetch = () => Promise.resolve(new Response(null, { status: (sent++, 204) }));
  const mock = mockKpn({ deliverTo: ["http://app:3000/sms"], fetch });
  await mock.deliver("http://app:3000/other", REPORT);
  await assertRejects(() => mock.deliver("http://app:3001/sms", REPORT), TypeError, "deliverTo");
  assertEquals(sent, 1);
  for (const url of ["app", "", "data:,x", "app:3000"]) {
    assertThrows(() => mockKpn({ deliverTo: [url] }), TypeError, JSON.stringify(url));
  }
});

Deno.test("a reset while a retry is on its way ends the retries", async () => {
  const sending = Promise.withResolvers<Response>();
  const clock = { now: NOW };
  let sent = 0;
  const mock = mockKpn({
    now: () => clock.now,
    fetch: () => sent++ ? sending.promise : Promise.resolve(new Response(null, { status: 500 })),
  });
  const delivery = await mock.deliver(HOOK, REPORT);
  clock.now += 60 * MINUTE;
  const due = mock.deliverDue();
  mock.reset();
  sending.resolve(new Response(null, { status: 500 }));
  await due;
  await mock.deliverDue();
  assertEquals([sent, delivery.attempts.length, delivery.nextAt], [2, 2, undefined]);
});

Deno.test("a delivery may begin with an attempt beyond the last, due now", async () => {
  const { mock, received } = desk();
  const { attempts } = await mock.deliver(HOOK, REPORT, { attempt: 9 });
  assertEquals(attempts, [{ attempt: 9, keyId: KEY, status: 204 }]);
  assertEquals((received[0] as { timestamp: number }).timestamp, NOW);
});
