import { assertEquals } from "./support/assert.ts";
import {
  answerWith,
  type Behaviour,
  halfOpen,
  http,
  TOKEN,
  withServer,
} from "./support/fault_server.ts";
import { runToEnd } from "./support/run.ts";

for (
  const [what, refresh] of [["is answered", answerWith(http(TOKEN))], ["hangs", halfOpen]] as const
) {
  Deno.test(`B6: a process ends by itself once its calls have settled, also if its refresh ${what}`, async () => {
    let connections = 0;
    const behaviour: Behaviour = (connection) =>
      (connections++ ? refresh : answerWith(http(TOKEN)))(connection);
    await withServer(behaviour, async ({ host }) => {
      const script = new URL("./support/exiting.ts", import.meta.url).pathname;
      const args = ["run", "--allow-net=127.0.0.1", script, `http://${host}/`];
      const { code, stdout } = await runToEnd(Deno.execPath(), args);
      assertEquals([code, stdout], [0, "socket-token\n"]);
      assertEquals(connections, 2);
    });
  });
}
