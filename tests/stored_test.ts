import {
  createTokenSource,
  KpnAuthError,
  type KpnAuthEvent,
  type TokenSourceOptions,
  type TokenStore,
} from "../mod.ts";
import { keyOf } from "./support/source.ts";
import { mockKpn } from "../src/mock/mock.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "./support/assert.ts";

const credentials = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };
const never = () => new Promise<never>(() => {});

/** A source on `store`, its KPN, and what it told of the store. */
function sourceOn(store: TokenStore, options: Partial<TokenSourceOptions> = {}) {
  const mock = mockKpn();
  const events: KpnAuthEvent[] = [];
  const source = createTokenSource({
    ...credentials,
    fetch: mock.fetch,
    store,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const told = () =>
    events.flatMap((event) =>
      event.type === "storeFailed" ? [`${event.operation}: ${event.reason}`] : []
    );
  return { source, mock, told };
}

const empty: TokenStore = { get: () => Promise.resolve(undefined), set: () => Promise.resolve() };

Deno.test("B51: the key tells endpoint, client id and secret apart, and shows none of them", async () => {
  const keys = await Promise.all([
    keyOf("https://a.example/t", "id", "s3cret"),
    keyOf("https://b.example/t", "id", "s3cret"),
    keyOf("https://a.example/t", "id2", "s3cret"),
    keyOf("https://a.example/t", "id", "s3cret2"),
  ]);
  assertEquals(new Set(keys).size, 4);
  for (const key of keys) assertMatch(key, /^kpn-auth:[\w+/]{20}$/);
  assertEquals(await keyOf("https://a.example/t", "id", "s3cret"), keys[0]!);
});

Deno.test("B52: a store that throws, in whatever way, costs an event and no call", async () => {
  const { source, mock, told } = sourceOn({
    get: () => Promise.reject(new Error("down, said APP_CLIENT_SECRET")),
    set: (_, token) => {
      throw new TypeError(`no room for ${JSON.stringify(token)}`);
    },
    exclusive: () => Promise.reject("a string"),
  });
  const { value } = await source.token();
  assertEquals(mock.mints, 1);
  const [get, exclusive, set, ...more] = told();
  assertEquals(more, []);
  assertEquals(get, "get: Error: down, said ***");
  assertEquals(exclusive, "exclusive: undefined: undefined");
  assertMatch(set!, /^set: TypeError: no room for \{"value":"\*\*\*"/);
  assertEquals(told().join().includes(value), false);
});

Deno.test("a store that hangs is waited for once before the mint and once after it", async () => {
  const { source, mock, told } = sourceOn({ get: never, set: never, exclusive: never });
  assertEquals(typeof (await source.token()).value, "string");
  assertEquals(mock.mints, 1);
  assertEquals(told(), [
    "get: Error: no answer within 1000 ms",
    "set: Error: no answer within 1000 ms",
  ]);
});

Deno.test("a right that comes too late is handed back", async () => {
  const released = Promise.withResolvers<void>();
  const grantRight = Promise.withResolvers<() => Promise<void>>();
  const { source, mock, told } = sourceOn({ ...empty, exclusive: () => grantRight.promise });
  await source.token();
  assertEquals(told(), ["exclusive: Error: no answer within 1000 ms"]);
  grantRight.resolve(() => Promise.resolve(released.resolve()));
  await released.promise;
  assertEquals(mock.mints, 1);
});

Deno.test("who cannot have the right waits for half of its deadline, then mints alone", async () => {
  const { source, mock, told } = sourceOn(
    { ...empty, exclusive: () => Promise.resolve(undefined) },
    { timeout: 400 },
  );
  assertEquals(typeof (await source.token()).value, "string");
  assertEquals([mock.mints, told()], [1, []]);
});

Deno.test("who waits takes the token of the one who mints, without the right", async () => {
  const theirs = await sourceOn(empty).source.token();
  let asked = 0;
  const { source, mock } = sourceOn({
    ...empty,
    get: () => Promise.resolve(++asked > 1 ? theirs : undefined),
    exclusive: () => Promise.resolve(undefined),
  });
  assertEquals(await source.token(), theirs);
  assertEquals(mock.mints, 0);
});

Deno.test("B53: the right outlives the mint's deadline, covers the writing, and is handed back after it", async () => {
  const log: string[] = [];
  const note = (what: string) => Promise.resolve(void log.push(what));
  const { source, mock } = sourceOn({
    get: () => note("get"),
    set: () => note("set"),
    exclusive: (_, hold) =>
      note(hold > 7_000 ? "right" : "too short a right").then(() => () => note("released")),
  }, { timeout: 7_000 });
  await source.token();
  assertEquals(log, ["get", "right", "get", "set", "released"]);
  assertEquals(mock.mints, 1);
});

Deno.test("the deadline of the mint holds with the right in hand, and hands it back", async () => {
  let released = false;
  const { source, told } = sourceOn({
    ...empty,
    exclusive: () => Promise.resolve(() => Promise.resolve(released = true)),
  }, { timeout: 100, fetch: never });
  const error = await assertRejects(() => source.token(), KpnAuthError);
  assertEquals(error.code, "timeout");
  assertEquals([released, told()], [true, []]);
});

Deno.test("a caller who leaves while the store hangs leaves at once; the mint goes on for the others", async () => {
  const { source, mock } = sourceOn({ ...empty, get: never });
  const caller = new AbortController();
  const left = assertRejects(() => source.token({ signal: caller.signal }), Error, "left");
  const other = source.token();
  caller.abort(new Error("left"));
  await left;
  assertEquals(mock.mints, 0);
  assertEquals(typeof (await other).value, "string");
});

Deno.test("a token that an API rejected is not taken back from a store that cannot write", async () => {
  const stuck = await sourceOn(empty).source.token();
  const { source } = sourceOn({ get: () => Promise.resolve(stuck), set: never }, {
    fetch: mockKpn({ seed: 2 }).fetch,
  });
  const rejected = await source.token();
  assertEquals(rejected.value, stuck.value);
  const next = await source.token({ rejected });
  assertNotEquals(next.value, stuck.value);
  assert(await source.token() === next);
});
