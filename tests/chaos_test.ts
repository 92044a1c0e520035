import { createTokenSource, KpnAuthError } from "../mod.ts";
import { inVirtualTime } from "../scripts/virtual_time.ts";
import { runs } from "./support/amount.ts";
import { assert, assertEquals } from "./support/assert.ts";
import { liveThrough } from "./support/chaos.ts";
import { CREDENTIALS } from "./support/credentials.ts";
import { handlingAll } from "./support/layers.ts";
import { deferred, sourceUnderTest } from "./support/source.ts";
import { microtasks, storm } from "./support/storm.ts";

Deno.test("10,000 mixed calls over 20 lifetimes, 30 % of the token endpoint's answers failing: no call without a good token, no other error", async () => {
  let handle: (request: Request) => Promise<Response>;
  const { ends, mints, asked, failed, broken } = await handlingAll(() =>
    liveThrough(
      { calls: 10_000, failing: 0.3, together: 10 },
      {
        origin: "http://localhost",
        fetch: (input, init) => handle(new Request(input, init)),
        listen: (handler) => handle = handler,
      },
    )
  );
  assertEquals(broken, []);
  const codes =
    /^(invalid_client|server_error|rate_limited|invalid_response|redirected|network_error|timeout)$/;
  const strange = Object.keys(ends).filter((end) =>
    !/^(200|404|429|500|401|token|left)$/.test(end) && !codes.test(end)
  );
  assertEquals(strange, []);
  assert(
    ends["200"]! > 2_000 && ends["token"]! > 1_000 && ends["left"]! > 300,
    JSON.stringify(ends),
  );
  assert(mints >= 20 && failed > asked * 0.2, `${mints} mints, ${failed} of ${asked} failed`);
  assert(asked < 1_000, `asked ${asked} times`);
});

/** How many seeds are lived through. */
const STORMS = runs(100, 5_000);

Deno.test(`${STORMS} storms: two machines, stores and clocks that fail, rejections, aborts: every promise to the callers is kept`, async () => {
  const broken: string[] = [];
  await handlingAll(async () => {
    for (let seed = 1; seed <= STORMS; seed++) {
      broken.push(...await storm(seed).catch((error) => [`seed ${seed}: ${error.stack}`]));
    }
  });
  assertEquals(broken, []);
});

Deno.test("B56: an API that rejects every token costs two mints, then one a minute", () =>
  inVirtualTime(async ({ now, sleep, timers }) => {
    let mints = 0;
    const source = createTokenSource({
      ...CREDENTIALS,
      now,
      fetch: () => Promise.resolve(Response.json({ access_token: `t${++mints}` })),
    });
    const since = now();
    const lifetime = 300_000;
    while (now() - since < lifetime - 60_000) {
      const held = await source.token();
      await source.token({ rejected: held }).catch((error) => {
        assert(error instanceof KpnAuthError);
        assertEquals([error.code, error.retryAfter! > 0], ["invalid_token", true]);
      });
      const minutes = Math.floor((now() - since) / 60_000);
      assert(mints <= 3 + minutes, `${mints} mints after ${minutes} minutes`);
      await sleep(1_000);
    }
    assertEquals([mints, timers()], [3 + 3, 0]);
  }));

Deno.test("B10: an abort at any microtask harms nobody and leaves nothing open", () =>
  handlingAll(() =>
    inVirtualTime(async ({ now, timers }) => {
      for (let count = 0; count <= 50; count++) {
        for (const replacing of [false, true]) {
          const { source, mock, settled } = sourceUnderTest({ now });
          const rejected = replacing ? await source.token() : undefined;
          const answer = deferred<void>();
          mock.respondNext(async (request) => {
            if (count % 2) await answer.promise;
            return await mock.fetch(request.url, request);
          });
          const leaver = new AbortController();
          const leaving = source.token({ signal: leaver.signal, ...rejected && { rejected } });
          const staying = source.token(rejected && { rejected });
          const reason = { left: count };
          microtasks(count).then(() => leaver.abort(reason));
          answer.resolve();
          const left = await leaving.catch((error) => error);
          const { value } = await staying;
          assert(left === reason || left.value === value, `after ${count} microtasks`);
          await settled();
          assertEquals((await source.token()).value, value);
          assertEquals(timers(), 0);
        }
      }
    })
  ));
