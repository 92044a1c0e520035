/** `kpn-auth mock`: the mock of KPN's gateway on a port of this machine. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { TOKEN_ENDPOINTS } from "../kpn.ts";
import { createPlayground } from "../playground/playground.ts";
import { mockKpn } from "../mock/mock.ts";
import { command } from "./command.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, readAll } from "./io.ts";
import type { Parsed } from "./options.ts";
import { assignment, SHELL_OPTION, shellOf } from "./shell.ts";
import type { Shell } from "../curl/quoting.ts";

const OPTIONS = {
  port: { value: "N", help: "default: one that is free" },
  level: { value: "NAME", help: "the tier that its tokens tell: demo (default), prod" },
  control: { help: "let programs and the page script failures at /mock" },
  ...SHELL_OPTION,
} as const;

export const mock = command({
  summary: "serve a mock of KPN's gateway on this machine",
  help: `\
kpn-auth mock: serves a mock of KPN's gateway on this machine, until Ctrl-C.

  kpn-auth mock --port 8080

It prints what to set to use it, and each request that it answers. In a browser
it shows a page; /openapi.yaml and /postman/collection.json describe the API.
`,
  options: OPTIONS,
  run,
});

async function run({ values }: Parsed<typeof OPTIONS>, io: Io): Promise<number> {
  const port = Number(values.port ?? 0);
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw failure(EXIT.usage, "--port must be a number from 0 to 65535.");
  }
  const gateway = mockKpn(values.level === undefined ? {} : { level: values.level });
  const handle = createPlayground(gateway, { control: values.control ?? false });
  const server = createServer((request, response) => {
    answer(handle, request, response).catch(() => response.destroy());
    response.on("finish", () => {
      const path = request.url?.replace(/\?.*/, "");
      void io.stderr(`${request.method} ${path} ${response.statusCode}\n`);
    });
  });
  const { port: actual } = await listen(server, port);
  const interrupted = io.interrupted();
  const shell = await shellOf(values.shell, io);
  await io.stdout(instructions(`http://127.0.0.1:${actual}`, shell));
  await interrupted;
  server.close();
  server.closeAllConnections();
  return EXIT.done;
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once(
      "error",
      ({ message }) => reject(failure(EXIT.failed, `Cannot listen on port ${port}: ${message}`)),
    );
    server.listen(port, "127.0.0.1", () => resolve(server.address() as AddressInfo));
  });
}

function instructions(origin: string, shell: Shell): string {
  const { pathname } = new URL(TOKEN_ENDPOINTS.gateway);
  const variables = {
    KPN_CLIENT_ID: "APP_CLIENT_ID",
    KPN_CLIENT_SECRET: "APP_CLIENT_SECRET",
    KPN_TOKEN_ENDPOINT: `${origin}${pathname}`,
  };
  return `A mock of KPN's gateway listens on ${origin} (Ctrl-C ends it).
Open it in a browser to try it. To use it:

${Object.entries(variables).map(([name, value]) => assignment(name, value, shell)).join("\n")}

`;
}

/** Carries one request from Node's server to a handler of fetch's kind, and the answer back. */
async function answer(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "/", headers: { host = "127.0.0.1" }, rawHeaders } = incoming;
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  const body = /^(GET|HEAD)$/.test(method) ? null : await readAll(incoming);
  const { signal } = gone;
  const response = await handle(
    new Request(new URL(url, `http://${host}`), { method, headers, body, signal }),
  );
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
    const { value } = part;
    await new Promise((sent) => outgoing.write(value, sent)); // what comes before a fault does arrive
  }
  outgoing.end();
}
