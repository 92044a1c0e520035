/** What every store must do, run unchanged against each. */

import { authorizedFetch, createTokenSource, type KpnAuthEvent } from "../../mod.ts";
import type { TokenStore } from "../../src/stored.ts";
import { keyOf } from "../support/source.ts";
import type { AccessToken } from "../../src/token.ts";
import { type MockKpn, mockKpn } from "../../src/mock/mock.ts";
import { assert, assertEquals, assertNotEquals } from "../support/assert.ts";

/** A store on its engine, and what the suite has to know of it. */
export interface Subject {
  readonly store: TokenStore;
  /** Whether it can exclude other machines. */
  readonly excludes: boolean;
  /** Writes under a key what no store of ours would write. */
  plant(key: string, text: string): Promise<unknown>;
}

const HOUR = 3_600_000;
const TEN_MINUTES = 600_000;

/** Checks the whole contract; each step has a client id of its own, so that none disturbs another. */
export async function checkContract(context: Deno.TestContext, subject: Subject): Promise<void> {
  for (const [name, check] of CLAUSES) {
    await context.step(name, () => check(subject, stageOf(subject.store)));
  }
  assertEquals(typeof subject.store.exclusive === "function", subject.excludes);
  if (!subject.excludes) return;
  for (const [name, check] of EXCLUSION) {
    await context.step(name, () => check(subject, stageOf(subject.store)));
  }
}

/** A project at a mocked KPN, machines that share its token, and what they told. */
interface Stage {
  readonly mock: MockKpn;
  readonly events: KpnAuthEvent[];
  /** The time at KPN; machines may be off. */
  time: number;
  key(): Promise<string>;
  /** Waits until no refresh is under way. */
  settled(): Promise<unknown>;
  /** A machine whose clock is `ahead` ms ahead. */
  machine(ahead?: number): ReturnType<typeof createTokenSource>;
}

function stageOf(store: TokenStore): Stage {
  const credentials = { clientId: crypto.randomUUID(), clientSecret: "APP_CLIENT_SECRET" };
  const events: KpnAuthEvent[] = [];
  const background: Promise<unknown>[] = [];
  const mock = mockKpn({ ...credentials, now: () => stage.time, seed: events.length + 7 });
  const stage: Stage = {
    mock,
    events,
    time: Date.now(),
    settled: () => Promise.all(background.splice(0)),
    key: () => keyOf(ENDPOINT, credentials.clientId, credentials.clientSecret),
    machine: (ahead = 0) =>
      createTokenSource({
        ...credentials,
        tokenEndpoint: ENDPOINT,
        fetch: mock.fetch,
        now: () => stage.time + ahead,
        store,
        onEvent: (event) => events.push(event),
        waitUntil: (promise) => background.push(promise),
      }),
  };
  return stage;
}

const ENDPOINT =
  "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials";

const tokenOf = (value: string, requestedAt = Date.now()): AccessToken => ({
  value,
  type: "Bearer",
  requestedAt,
  expiresAt: requestedAt + HOUR,
  level: "demo",
  apiProducts: ["number-insight"],
  scope: "",
});

type Check = (subject: Subject, stage: Stage) => Promise<void>;

const CLAUSES: readonly (readonly [string, Check])[] = [
  ["what was set is what is got", async ({ store }) => {
    const token = tokenOf("a-token");
    await store.set("kpn-auth:set", token);
    assertEquals(await store.get("kpn-auth:set"), token);
  }],
  ["a token of a clock with fractions of a millisecond is kept", async ({ store }) => {
    const token = { ...tokenOf("a-token", 1_000.25), expiresAt: 3_600_000.75 };
    await store.set("kpn-auth:fractions", token);
    assertEquals(await store.get("kpn-auth:fractions"), token);
  }],
  ["what was never set is absent", async ({ store }) => {
    assertEquals(await store.get(`kpn-auth:${crypto.randomUUID()}`) ?? undefined, undefined);
  }],
  ["the last one set is got, and keys do not disturb each other", async ({ store }) => {
    await store.set("kpn-auth:one", tokenOf("first"));
    await store.set("kpn-auth:other", tokenOf("other"));
    await store.set("kpn-auth:one", tokenOf("second"));
    assertEquals((await store.get("kpn-auth:one") as AccessToken).value, "second");
    assertEquals((await store.get("kpn-auth:other") as AccessToken).value, "other");
  }],
  ["a token of 32 KiB comes back whole", async ({ store }) => {
    const token = tokenOf("x".repeat(32_768));
    await store.set("kpn-auth:long", token);
    assertEquals(await store.get("kpn-auth:long"), token);
  }],
  ["used by many at once, it gives one of the tokens, never a mixture", async ({ store }) => {
    const tokens = Array.from({ length: 20 }, (_, n) => tokenOf(`token-${n}-`.repeat(100), HOUR));
    const known = new Set(tokens.map((token) => JSON.stringify(token)));
    await store.set("kpn-auth:many", tokens[0]!);
    const got = await Promise.all(tokens.map(async (token) => {
      await store.set("kpn-auth:many", token);
      return JSON.stringify(await store.get("kpn-auth:many"));
    }));
    assert(got.every((token) => known.has(token)));
  }],
  ["B52: it is read before a mint", async (_, { mock, machine, settled, events }) => {
    const { value } = await machine().token();
    await settled();
    assertEquals((await machine().token()).value, value);
    assertEquals(mock.mints, 1);
    assertEquals(events.map(({ type }) => type), ["mintStarted", "mintSucceeded"]);
  }],
  ["B50: an expired token is not used, though the store still has it", async ({ store }, stage) => {
    const { value } = await stage.machine().token();
    await stage.settled();
    stage.time += HOUR;
    assertEquals((await store.get(await stage.key()) as AccessToken).value, value);
    assertNotEquals((await stage.machine().token()).value, value);
    assertEquals(stage.mock.mints, 2);
  }],
  ["garbage and foreign values count as absent, are told of, and are replaced", async (
    { store, plant },
    stage,
  ) => {
    const key = await stage.key();
    const strangers = ['{"half', '{"foreign":"s3ntinel"}', "null!", '"s3ntinel"', "[1,2]"];
    for (const [n, stranger] of strangers.entries()) {
      await plant(key, stranger);
      const token = await stage.machine().token();
      await stage.settled();
      assertEquals(stage.mock.mints, n + 1);
      const told = stage.events.splice(0).filter((event) => event.type === "storeFailed");
      assertEquals([...new Set(told.map(({ operation }) => operation))], ["get"]);
      assertEquals(JSON.stringify(told).includes("s3ntinel"), false);
      assertEquals(await store.get(key), token);
    }
  }],
  ["a rejected token is minted anew once, and the others get the new one", async (_, stage) => {
    const [one, other] = [stage.machine(), stage.machine()];
    const rejected = await one.token();
    await stage.settled();
    assertEquals((await other.token()).value, rejected.value);
    const renewed = await one.token({ rejected });
    await stage.settled();
    assertNotEquals(renewed.value, rejected.value);
    assertEquals((await other.token({ rejected })).value, renewed.value);
    assertEquals((await stage.machine().token()).value, renewed.value);
    assertEquals(stage.mock.mints, 2);
  }],
  ["B51: a rotated secret misses", async ({ store }, stage) => {
    await stage.machine().token();
    await stage.settled();
    const clientId = stage.mock.requests[0]!.body.split("&")[0]!.split("=")[1]!;
    const rotated = mockKpn({ clientId, clientSecret: "ROTATED", seed: 99 });
    const source = createTokenSource({
      clientId,
      clientSecret: "ROTATED",
      tokenEndpoint: ENDPOINT,
      fetch: rotated.fetch,
      store,
    });
    await source.token();
    assertEquals(rotated.mints, 1);
  }],
  ...[TEN_MINUTES, -TEN_MINUTES].map((ahead): readonly [string, Check] => [
    `a writer whose clock is ${ahead / 60_000} minutes off costs at most one rejected call a token`,
    async (_, stage) => {
      const sources = [stage.machine(ahead), stage.machine(), stage.machine(ahead)];
      const calls = sources.map((source) => authorizedFetch(source, { fetch: stage.mock.fetch }));
      let rejections = 0;
      for (let minute = 0; minute < 180; minute += 2) {
        for (const call of calls) {
          const sent = stage.mock.requests.length;
          const answer = await call("/communication/nexmo/number-insight/basic", {
            method: "POST",
            body: new URLSearchParams({ number: "447700900000" }),
          });
          assertEquals(answer.status, 200);
          await answer.body?.cancel();
          await stage.settled();
          const apiCalls = stage.mock.requests.slice(sent)
            .filter(({ url }) => url.includes("number-insight"));
          rejections += apiCalls.length - 1;
        }
        stage.time += 2 * 60_000;
      }
      const { mints } = stage.mock;
      assert(rejections <= mints, `${rejections} calls were rejected with ${mints} tokens`);
      // B66: the clocks share no token whose date lies in the future of one of them.
      assert(mints <= 8, `${mints} mints in three hours`);
    },
  ]),
];

const EXCLUSION: readonly (readonly [string, Check])[] = [
  [
    "B53: one has the lock; the others get none until it is released",
    async ({ store }) => {
      const key = `kpn-auth:${crypto.randomUUID()}`;
      const tries = await Promise.all(
        Array.from({ length: 10 }, () => store.exclusive!(key, HOUR)),
      );
      const [release, ...more] = tries.filter((lock) => lock !== undefined);
      assertEquals(more, []);
      assertEquals(typeof await store.exclusive!(`${key}2`, 1), "function");
      assertEquals(await store.exclusive!(key, HOUR), undefined);
      await release!();
      assertEquals(typeof await store.exclusive!(key, 1), "function");
    },
  ],
  [
    "B53: a dead owner's lock lapses, and who comes late releases nothing of another's",
    async ({ store }) => {
      const key = `kpn-auth:${crypto.randomUUID()}`;
      const late = await store.exclusive!(key, 200);
      let next = await store.exclusive!(key, HOUR);
      for (let tries = 0; !next && tries < 6_000; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        next = await store.exclusive!(key, HOUR);
      }
      await late!();
      assertEquals(await store.exclusive!(key, HOUR), undefined);
      await next!();
    },
  ],
  ["B53: ten cold machines with fifty callers each mint once", async (_, { mock, machine }) => {
    mock.respondNext("ok", { delay: 100 });
    const machines = Array.from({ length: 10 }, () => machine());
    const callers = machines.flatMap((source) => Array.from({ length: 50 }, () => source.token()));
    const values = (await Promise.all(callers)).map(({ value }) => value);
    assertEquals(new Set(values).size, 1);
    assertEquals(mock.mints, 1);
  }],
  ["a failed mint releases the lock", async ({ store }, { mock, machine, key, settled }) => {
    mock.respondNext("invalid_client", { to: "token" });
    await machine().token().then(() => assert(false, "it minted"), () => {});
    await settled();
    const release = await store.exclusive!(await key(), 1_000);
    assertEquals(typeof release, "function");
    await release!();
  }],
];
