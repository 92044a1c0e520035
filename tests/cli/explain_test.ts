import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { onEach, run } from "./kpn_auth.ts";

const ANSWER = "HTTP/1.1 200 Connection established\r\n\r\n" +
  "HTTP/2 401 \r\ncontent-type: application/json\r\n\r\n" +
  '{"ErrorCode":"invalid_request","Error":"Invalid client id : X. ClientId is Invalid"}';

onEach("explain reads standard input, and says what to do and what not to try", async (runtime) => {
  for (const args of [["explain"], ["explain", "-"]]) {
    const { code, stdout, stderr } = await run(runtime, args, { stdin: ANSWER });
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^invalid_client · HTTP 401 · invalid_request, Invalid client id/);
    assertMatch(
      stdout,
      /It means .*\nWhose fault .*\nWhat to do .*Copy both.*\nWhat not to try .*retry/,
    );
  }
});

onEach("explain reads what a terminal shows", async (runtime) => {
  const stdin = `PS C:\\> curl.exe -i https://api-prd.kpn.com/x\r\n${ANSWER}\r\nPS C:\\> `;
  const { code, stdout } = await run(runtime, ["explain"], { stdin });
  assertEquals(code, 0);
  assertMatch(stdout, /^invalid_client · HTTP 401/);
});

onEach(
  "explain reads a file, of PowerShell's too, and writes JSON for programs",
  async (runtime) => {
    const file = await Deno.makeTempFile();
    const utf16 = Uint16Array.from(`\ufeff${ANSWER}`, (one) => one.charCodeAt(0));
    for (const bytes of [new TextEncoder().encode(ANSWER), new Uint8Array(utf16.buffer)]) {
      await Deno.writeFile(file, bytes);
      const { code, stdout } = await run(runtime, ["explain", file, "--json"], { read: file });
      const { understood, status, ...fault } = JSON.parse(stdout);
      assertEquals([code, understood, status], [0, true, 401]);
      assertEquals([fault.code, fault.originalCode], ["invalid_client", "invalid_request"]);
      assertStringIncludes(fault.avoid, "will not help");
    }
    await Deno.remove(file);
  },
);

onEach(
  "explain ends with 5 for what it does not understand, with 2 for a wrong status",
  async (runtime) => {
    const noise = await run(runtime, ["explain"], { stdin: "hello" });
    assertEquals(noise.code, 5);
    assertStringIncludes(noise.stdout, "curl -i");
    const cut = await run(runtime, ["explain"], { stdin: ANSWER.slice(0, -2) });
    assertEquals(cut.code, 5);
    assertStringIncludes(cut.stdout, "cannot be read");
    const bare = await run(runtime, ["explain", "--status", "403"], { stdin: "" });
    assertEquals(bare.code, 0);
    assertMatch(bare.stdout, /^access_denied · HTTP 403\n/);
    assertEquals((await run(runtime, ["explain", "--status", "teapot"], { stdin: "" })).code, 2);
  },
);
