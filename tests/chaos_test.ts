import { assert, assertEquals } from "./support/assert.ts";
import { liveThrough } from "./support/chaos.ts";

Deno.test("10,000 mixed calls over 20 lifetimes, 30 % of the token endpoint's answers failing: no call without a good token, no other error", async () => {
  const unhandled: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", listener);
  let handle: (request: Request) => Promise<Response>;
  const { ends, mints, asked, failed, broken } = await liveThrough(
    { calls: 10_000, failing: 0.3, together: 10 },
    {
      origin: "http://localhost",
      fetch: (input, init) => handle(new Request(input, init)),
      listen: (handler) => handle = handler,
    },
  );
  await new Promise((resolve) => setTimeout(resolve)); // unhandled rejections are told a turn later
  removeEventListener("unhandledrejection", listener);
  assertEquals([broken, unhandled], [[], []]);
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
