/** The route from this machine to KPN: DNS, connection, TLS, and what to do if one of them fails. */

import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Io } from "./io.ts";
import type { Proxy } from "./proxy.ts";

/** The addresses of a host. */
export async function resolve(hostname: string): Promise<string[]> {
  const found = await lookup(hostname.replace(/^\[|]$/g, ""), { all: true });
  return found.map(({ address }) => address);
}

/** Connects as `fetch` would: TCP, and for https a certificate that this runtime trusts. */
export function connect({ protocol, hostname, port }: URL, timeout: number): Promise<void> {
  const host = hostname.replace(/^\[|]$/g, "");
  return new Promise((resolve, reject) => {
    const socket = protocol === "https:"
      // An address is not sent as a server name (RFC 6066 section 3), but still checked.
      ? connectTls({
        host,
        port: Number(port || 443),
        ...isIP(host) ? {} : { servername: host },
      }, done)
      : connectTcp({ host, port: Number(port || 80) }, done);
    const timer = setTimeout(() => done(new Error(`no answer within ${timeout} ms`)), timeout);
    socket.on("error", done);
    function done(error?: Error) {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    }
  });
}

/** How to add a company's own certificate authority in each runtime. */
const COMPANY_CA: Readonly<Record<Io["runtime"]["name"], string>> = {
  deno: "DENO_CERT=FILE, or DENO_TLS_CA_STORE=system",
  node: "NODE_EXTRA_CA_CERTS=FILE, or NODE_USE_SYSTEM_CA=1 (Node 22.19, 24.6 and later)",
  bun: "NODE_EXTRA_CA_CERTS=FILE, or bun --use-system-ca",
};

/** What to do about a connection that failed, judged by the error and its causes. */
export function networkRemedy(error: unknown, io: Io, proxy: Proxy | undefined): string {
  const said = wordsOf(error);
  const ca = `For a company's own CA: ${COMPANY_CA[io.runtime.name]}.`;
  if (/NotCapable/.test(said)) return "Run Deno with the permission that it names.";
  const isRefused = /proxy_refused|\b407\b|proxy.*(auth|refus|denied)|tunnel/i.test(said);
  if (isRefused || proxy?.used && /\b403\b|Request was cancelled/.test(said)) {
    return `The proxy ${
      proxy ? `${proxy.host} (${proxy.variable}) ` : ""
    }refuses the connection: it ` +
      "needs http://USER:PASSWORD@HOST:PORT, or does not allow this host. Ask its administrator.";
  }
  if (/ALTNAME|altnames|NotValidForName|not valid for name|hostname mismatch/i.test(said)) {
    return "The certificate is for another host: check the name in the token endpoint's URL, and " +
      "whether DNS or a proxy leads to another host. A CA setting does not help.";
  }
  if (/expired|not.?yet.?valid/i.test(said)) {
    return "Check this machine's clock; if it is correct, the host's administrator must renew its certificate.";
  }
  if (/WRONG_VERSION|packet length|InvalidContentType|corrupt message/i.test(said)) {
    return "The server does not speak TLS: check the scheme and the port of the URL.";
  }
  if (/cert|ssl|tls|self.signed|issuer/i.test(said)) {
    return proxy?.used
      ? `The proxy uses its own certificate. ${ca}`
      : `Check this machine's clock. ${ca}`;
  }
  if (proxy?.used) return `Check the proxy ${proxy.host} (${proxy.variable}).`;
  return "Check the network and the firewall; if you need a proxy, set HTTPS_PROXY.";
}

/** Names, codes and messages, from the top to the deepest cause. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let at = error; at instanceof Error && words.length < 10; at = at.cause) {
    words.push(at.name, `${Object(at).code ?? ""}`, at.message);
  }
  return words.join(" ");
}
