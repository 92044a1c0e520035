/** The way from this machine to KPN: proxies, DNS, TLS, as each runtime really goes it. */

import { lookup } from "node:dns/promises";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Look } from "./args.ts";
import type { Io } from "./io.ts";

/** A proxy that the environment names for a URL. */
export interface Proxy {
  /** The variable that names it. */
  readonly variable: string;
  /** Its host and port; never its password. */
  readonly host: string;
  /** Whether this runtime's `fetch` goes through it. */
  readonly used: boolean;
}

/**
 * The proxy that the environment names for `url`. Measured on Deno 2.9, Bun 1.4, Node 20 to 26
 * and curl 7.88: all but Node read `HTTPS_PROXY` and `ALL_PROXY` for https, in both spellings,
 * for loopback too; Node reads `HTTPS_PROXY`, then `HTTP_PROXY`, where `NODE_USE_ENV_PROXY` says so.
 */
export function proxyFor(url: URL, io: Io): Proxy | undefined {
  const scheme = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const used = io.runtime.name !== "node" || nodeReadsProxies(io);
  const second = io.runtime.name === "node" && used ? "HTTP_PROXY" : "ALL_PROXY";
  const names = [scheme, second].flatMap((name) => [name, name.toLowerCase()]);
  const variable = names.find((name) => io.env(name));
  if (!variable || isExempt(url.hostname, io)) return undefined;
  const value = io.env(variable)!;
  const proxy = value.includes("://") ? value : `http://${value}`;
  const host = URL.canParse(proxy) ? new URL(proxy).host : "something that is no URL";
  return { variable, host, used };
}

function isExempt(host: string, io: Io): boolean {
  const entries = (io.env("NO_PROXY") || io.env("no_proxy") || "").split(",");
  return entries.map((entry) => entry.trim().replace(/^\./, "")).some((entry) =>
    entry === "*" || entry !== "" && (host === entry || host.endsWith(`.${entry}`))
  );
}

function nodeReadsProxies({ env, runtime }: Io): boolean {
  const asked = env("NODE_USE_ENV_PROXY") === "1" ||
    /--use-env-proxy/.test(env("NODE_OPTIONS") ?? "");
  return asked && nodeCanReadProxies(runtime.version);
}

/** Whether Node knows `NODE_USE_ENV_PROXY`: from 22.21 and 24.0 on. */
export function nodeCanReadProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || major === 22 && minor >= 21;
}

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
      ? connectTls({ host, port: Number(port || 443), servername: host }, done)
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

/** How each runtime is told of a company's own certificate authority. */
export const COMPANY_CA: Readonly<Record<Io["runtime"]["name"], string>> = {
  deno: "DENO_CERT=FILE, or DENO_TLS_CA_STORE=system",
  node: "NODE_EXTRA_CA_CERTS=FILE, or NODE_USE_SYSTEM_CA=1 (Node 22.19, 24.6 and later)",
  bun: "NODE_EXTRA_CA_CERTS=FILE, or bun --use-system-ca",
};

/** What a look-up of names, in the file or in the environment, says of production. */
export function productionVariable(look: Look): string | undefined {
  return ["NODE_ENV", "APP_ENV"].find((name) => /^prod/i.test(look(name) ?? ""));
}
