/** Run as a process: prints a program for Node that calls through a dispatcher, and with one signal for all calls. */

import { bundle } from "./bundle.ts";

const PROGRAM = `
import { createServer } from "node:http";
import { authorizedFetch } from "./mod.ts";

const seen = { through: [], bodies: [], referrer: [], shared: 0, warnings: [] };
process.on("warning", ({ message }) => seen.warnings.push(message));
const listen = async (handle) => {
  const server = createServer(handle);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, origin: "http://127.0.0.1:" + server.address().port };
};
const rejected = { "www-authenticate": 'Bearer error="invalid_token"' };
const direct = await listen((request, response) => {
  seen.shared++;
  response.end("direct");
});
const proxy = await listen(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  seen.through.push(request.headers.authorization);
  seen.bodies.push(body + " " + request.headers["content-length"]);
  seen.referrer.push(request.headers.referer);
  response.writeHead(seen.through.length % 2 ? 401 : 200, rejected).end("by the proxy");
});

let tokens = 0;
const source = { token: async () => ({ value: "t" + ++tokens }) };
const kpn = authorizedFetch(source, { origins: [direct.origin] });
await (await fetch(direct.origin)).text();
const agent = globalThis[Symbol.for("undici.globalDispatcher.1")];
const dispatcher = {
  dispatch: (options, handler) => agent.dispatch({ ...options, origin: proxy.origin }, handler),
};
const referrer = "https://app.example/page";
const referrerPolicy = "origin";
const init = { method: "POST", body: "body", dispatcher, referrer, referrerPolicy };
await (await kpn(new Request(direct.origin, init))).text();

seen.shared = 0;
const { signal } = new AbortController();
const calls = Array.from({ length: 50 }, () => [
  kpn("/x", { signal }),
  kpn(new Request(direct.origin, { signal })),
]);
for (const response of await Promise.all(calls.flat())) await response.text();
for (const { server } of [direct, proxy]) {
  server.closeAllConnections();
  server.close();
}
await new Promise((resolve) => setTimeout(resolve));
console.log(JSON.stringify(seen));
`;

const ROOT = new URL("../../", import.meta.url).pathname;
console.log(await bundle(PROGRAM, ROOT, { platform: "node", target: "node20" }));
