/**
 * The rendered cURL commands in the real cmd and the real PowerShell. NOT RUN YET: only ci.yml
 * runs it, on Windows, and no runner has so far; elsewhere wine's cmd stands in (`tests/curl`).
 */

import { createTokenRequest } from "../../../mod.ts";
import { curlCommand, type CurlRequest, type Shell } from "../../../src/curl/curl.ts";
import { assertEquals } from "../../support/assert.ts";
import { runToEnd } from "../../support/run.ts";

const PRINTABLE = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 33 + index));

/** How a shell is handed a command: from a file, or as it is typed. */
const RUNS: readonly { shell: Shell; program: string; file?: string; args: readonly string[] }[] = [
  { shell: "cmd", program: "cmd.exe", args: ["/d", "/q"] },
  { shell: "batch", program: "cmd.exe", file: "kpn.bat", args: ["/d", "/c"] },
  {
    shell: "powershell",
    program: "powershell.exe",
    file: "kpn.ps1",
    args: ["-NoProfile", "-ExecutionPolicy", "Bypass", "-File"],
  },
  { shell: "powershell", program: "pwsh.exe", file: "kpn.ps1", args: ["-NoProfile", "-File"] },
];

for (const run of RUNS) {
  Deno.test(`B41: ${run.program} hands cURL the body unchanged (${run.shell})`, async () => {
    for (const requestOf of [tokenRequest, apiRequest]) {
      const received: string[] = [];
      await using server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        async (request) => {
          received.push(await request.text());
          return new Response();
        },
      );
      const request = requestOf(`http://127.0.0.1:${server.addr.port}/`);
      await type(curlCommand(request, { shell: run.shell, revealSecrets: true }), run);
      assertEquals(received, [request.body ?? ""]);
    }
  });
}

function tokenRequest(tokenEndpoint: string): CurlRequest {
  return createTokenRequest({ clientId: "id", clientSecret: PRINTABLE }, { tokenEndpoint });
}

function apiRequest(url: string): CurlRequest {
  return {
    url,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "50% off %PATH% & <b>^ !x! 'q' \"q\" \\" }),
  };
}

async function type(command: string, { program, file, args }: typeof RUNS[number]): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}\\${file}`;
  if (file) await Deno.writeTextFile(path, `${command}\r\n`);
  if (file) await runToEnd(program, [...args, path]);
  else await runToEnd(program, args, { input: `${command}\r\nexit\r\n` });
  await Deno.remove(folder, { recursive: true });
}
