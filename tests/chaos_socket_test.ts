import { assert, assertEquals } from "./support/assert.ts";
import { liveThrough } from "./support/chaos.ts";

Deno.test("600 mixed calls over real sockets, 30 % of the token endpoint's answers failing: nothing goes wrong, and no socket is left", async () => {
  let handle: (request: Request) => Promise<Response>;
  const connections = new Map<number, Promise<void>>();
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      onError: () => new Response("", { status: 500 }),
    },
    (request, { remoteAddr, completed }) => {
      connections.set(remoteAddr.port, completed.catch(() => {}));
      return handle(request);
    },
  );
  const { ends, mints, broken } = await liveThrough(
    { calls: 600, failing: 0.3, together: 10 },
    {
      origin: `http://127.0.0.1:${server.addr.port}`,
      fetch: (...call) => fetch(...call),
      listen: (handler) => handle = handler,
    },
  );
  await Promise.all(connections.values()); // every answer was taken, or given up
  await server.shutdown();
  assertEquals(broken, []);
  assert(ends["200"]! > 100 && mints >= 10, JSON.stringify(ends));
  assert(connections.size < 100, `${connections.size} connections for 600 calls`);
});
