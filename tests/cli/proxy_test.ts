/** Which requests go through a proxy, by runtime: the table was measured (B82, `proxy.ts`). */

import { proxyFor } from "../../src/cli/proxy.ts";
import type { Io } from "../../src/cli/main.ts";
import { networkRemedy } from "../../src/cli/route.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";

type Runtime = readonly ["deno" | "node" | "bun", string];
const RUNTIMES: readonly Runtime[] = [
  ["deno", "2.9.6"],
  ["node", "22.23.0"],
  ["node", "24.5.0"],
  ["bun", "1.4.5"],
];

const API = "https://api.kpn.invalid/x";
const P = "http://user:secret@proxy.invalid:3128";

/** `P` goes through the proxy, `d` is direct: Deno, Node 22, Node 24 and 26, Bun. */
const MEASURED: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ["PPPP", API, {}],
  ["dPdd", API, { NO_PROXY: "kpn.invalid" }],
  ["dddd", API, { NO_PROXY: ".kpn.invalid" }],
  ["Pddd", API, { NO_PROXY: "*.kpn.invalid" }],
  ["PdPP", API, { NO_PROXY: "*kpn.invalid" }],
  ["PPPP", API, { NO_PROXY: "api.*" }],
  ["dddd", API, { NO_PROXY: "*" }],
  ["PPdd", API, { NO_PROXY: "KPN.INVALID" }],
  ["Pddd", API, { NO_PROXY: "API.kpn.Invalid" }],
  ["dddd", API, { NO_PROXY: "api.kpn.invalid" }],
  ["Pddd", API, { NO_PROXY: "api.kpn.invalid:443" }],
  ["PPPP", API, { NO_PROXY: "api.kpn.invalid:8443" }],
  ["PPdd", API, { NO_PROXY: "kpn.invalid:443" }],
  ["Pddd", API, { NO_PROXY: ".kpn.invalid:443" }],
  ["dddd", API, { NO_PROXY: "other, api.kpn.invalid" }],
  ["Pddd", API, { NO_PROXY: "other api.kpn.invalid" }],
  ["Pddd", API, { NO_PROXY: "other\tapi.kpn.invalid" }],
  ["dddd", API, { NO_PROXY: "other  ,  .kpn.invalid  " }],
  ["PPPP", API, { NO_PROXY: "other;api.kpn.invalid" }],
  ["PPPP", API, { NO_PROXY: "pn.invalid" }],
  ["Pddd", "https://api.kpn.invalid:8443/x", { NO_PROXY: "*.kpn.invalid:8443" }],
  ["PPPP", "https://api.kpn.invalid:8443/x", { NO_PROXY: "api.kpn.invalid:443" }],
  ["dPdd", "https://kpn.invalid/x", { NO_PROXY: ".kpn.invalid" }],
  ["PPdd", "https://kpn.invalid/x", { NO_PROXY: "*.kpn.invalid" }],
  ["dPPd", "https://10.1.2.3/x", { NO_PROXY: "10.0.0.0/8" }],
  ["dddd", "https://127.0.0.2/x", { NO_PROXY: "127.0.0.2" }],
  ["PPPP", "https://localhost:8443/x", {}],
  ["dPPP", API, { NO_PROXY: "api.kpn.invalid", no_proxy: "x" }],
  ["Pddd", API, { NO_PROXY: "x", no_proxy: "api.kpn.invalid" }],
  ["Pddd", API, { NO_PROXY: "", no_proxy: "api.kpn.invalid" }],
  ["dPPd", API, { NO_PROXY: "api.kpn.invalid", no_proxy: "" }],
  ["PPPP", API, { HTTPS_PROXY: "", https_proxy: P }],
  ["PddP", API, { HTTPS_PROXY: "", ALL_PROXY: P }],
  ["dPPd", API, { HTTPS_PROXY: "", HTTP_PROXY: P }],
  ["PPPP", "http://api.kpn.invalid/x", { HTTPS_PROXY: "", HTTP_PROXY: P }],
  ["dddd", "http://api.kpn.invalid/x", {}],
];

function io([name, version]: Runtime, variables: Readonly<Record<string, string>>): Io {
  return { env: (name: string) => variables[name], runtime: { name, version } } as unknown as Io;
}

Deno.test("proxies are used and spared as each runtime does it", () => {
  for (const [measured, url, variables] of MEASURED) {
    const told = RUNTIMES.map((runtime) => {
      const env = { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: P, ...variables };
      return proxyFor(new URL(url), io(runtime, env)) ? "P" : "d";
    }).join("");
    assertEquals([url, variables, told], [url, variables, measured]);
  }
});

Deno.test("the spelling that goes first, a proxy without a scheme, its password", () => {
  const both = { HTTPS_PROXY: "capitals.invalid:1", https_proxy: P, NODE_USE_ENV_PROXY: "1" };
  const hosts = RUNTIMES.map((runtime) => proxyFor(new URL(API), io(runtime, both))?.host);
  assertEquals(hosts, ["capitals.invalid:1", ...Array(3).fill("proxy.invalid:3128")]);
  const ignored = proxyFor(
    new URL(API),
    io(["node", "20.20.2"], { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: P }),
  );
  assertEquals(ignored, { variable: "HTTPS_PROXY", host: "proxy.invalid:3128", used: false });
});

/** What runtimes throw, and what to do about it. */
const REMEDIES: readonly (readonly [string, Partial<Error> & { code?: string }, RegExp])[] = [
  ["407 in a cause", {
    message: "fetch failed",
    cause: Object.assign(new Error("Request was cancelled."), {
      cause: new Error("Proxy response (407) !== 200 when HTTP Tunneling"),
    }),
  }, /The proxy proxy\.invalid:3128 .+ refuses/],
  ["Deno's tunnel", {
    message: "client error (Connect): tunnel error: proxy authorization required",
  }, /refuses/],
  ["Node, which says nothing", { message: "Request was cancelled." }, /refuses/],
  ["a wrong name", {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    message: "Hostname/IP does not match certificate's altnames",
  }, /for another host.+A CA setting does not help/],
  [
    "Deno's wrong name",
    { message: 'invalid peer certificate: certificate not valid for name "a"' },
    /for another host/,
  ],
  [
    "expired",
    { code: "CERT_HAS_EXPIRED", message: "certificate has expired" },
    /this machine's clock/,
  ],
  ["a company's CA", {
    code: "SELF_SIGNED_CERT_IN_CHAIN",
    message: "self-signed certificate in certificate chain",
  }, /The proxy uses its own certificate\. .+company's own CA: DENO_CERT/],
  [
    "no TLS",
    { code: "ERR_SSL_WRONG_VERSION_NUMBER", message: "wrong version number" },
    /does not speak TLS/,
  ],
  ["else", { message: "connection reset" }, /Check the proxy proxy\.invalid:3128/],
];

Deno.test("B82: what is the proxy's, what a certificate's, what the clock's", () => {
  const proxy = { variable: "HTTPS_PROXY", host: "proxy.invalid:3128", used: true };
  for (const [name, error, remedy] of REMEDIES) {
    const thrown = Object.assign(new Error(error.message, { cause: error.cause }), error);
    const said = networkRemedy(thrown, io(["deno", "2.9.6"], {}), proxy);
    assertMatch(said, remedy, name);
  }
});
