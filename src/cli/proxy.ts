/**
 * Which proxy each runtime uses. Measured in November 2026 with requests through a proxy that records
 * them: Deno 2.9, Bun 1.4, Node 22.21 to 26 with `NODE_USE_ENV_PROXY=1`.
 */

import { type Io, optional } from "./io.ts";

/** A proxy that the environment names for a URL. */
export interface Proxy {
  /** The variable that names it. */
  readonly variable: string;
  /** Its host and port; never its password. */
  readonly host: string;
  /** Whether this runtime's `fetch` goes through it. */
  readonly used: boolean;
}

/** How a runtime reads the variables. */
interface Ways {
  /** The second variable that it reads; the first is `HTTPS_PROXY` or `HTTP_PROXY`. */
  readonly second: "ALL_PROXY" | "HTTP_PROXY";
  /** Whether the spelling in capitals takes precedence over the other. */
  readonly capitalsFirst: boolean;
  /** Whether an empty `no_proxy` hides the other spelling. */
  readonly emptyCounts: boolean;
  /** The separator of the entries of `NO_PROXY`. */
  readonly separator: RegExp;
  /** Whether an entry exempts a host and its port. */
  readonly exempts: (entry: string, host: string, port: string) => boolean;
}

const DENO: Ways = {
  second: "ALL_PROXY",
  capitalsFirst: true,
  emptyCounts: true,
  separator: /,/,
  // Supports no ports, no `*.`, and no other case.
  exempts: (entry, host) => entry === "*" || inRange(entry, host) || isUnder(entry, host),
};

const BUN: Ways = {
  second: "ALL_PROXY",
  capitalsFirst: false,
  emptyCounts: false,
  separator: /[,\s]+/,
  exempts: withPort((entry, host) =>
    entry === "*" || inRange(entry, host) || isUnder(entry.replace(/^\*\./, "."), host)
  ),
};

const NODE: Ways = {
  second: "HTTP_PROXY",
  capitalsFirst: false,
  emptyCounts: true,
  separator: /[,\s]+/,
  exempts: withPort((entry, host) => isUnder(entry.replace(/^\*\./, "."), host)),
};

/** Node 22: a plain name is only that host; `.name` and `*name` are all hosts with that ending. */
const NODE_22: Ways = {
  ...NODE,
  exempts: withPort((entry, host) =>
    /^[.*]/.test(entry) ? host.endsWith(entry.replace(/^\*/, "")) : host === entry
  ),
};

/** The proxy that the environment names for `url`. If Node ignores the variables, they are read as curl does. */
export function proxyFor(url: URL, io: Io): Proxy | undefined {
  const { name, version } = io.runtime;
  const used = name !== "node" || nodeReadsProxies(io);
  const ways = name === "deno"
    ? DENO
    : name === "bun" || !used
    ? BUN
    : Number.parseInt(version) >= 24
    ? NODE
    : NODE_22;
  const spellings = (variable: string) =>
    ways.capitalsFirst ? [variable, variable.toLowerCase()] : [variable.toLowerCase(), variable];

  const scheme = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const variable = [scheme, ways.second].flatMap(spellings).find((name) => optional(io, name));
  const exceptions = spellings("NO_PROXY").map((name) => io.env(name));
  const noProxy =
    (ways.emptyCounts ? exceptions[0] ?? exceptions[1] : exceptions[0] || exceptions[1]) ?? "";
  if (!variable || isExempt(url, noProxy, ways)) return undefined;
  const value = io.env(variable)!;
  const proxy = value.includes("://") ? value : `http://${value}`;
  const host = URL.canParse(proxy) ? new URL(proxy).host : "an invalid URL";
  return { variable, host, used };
}

function isExempt({ hostname, port, protocol }: URL, noProxy: string, ways: Ways): boolean {
  if (noProxy.trim() === "*") return true;
  const actual = port || (protocol === "https:" ? "443" : "80");
  return noProxy.split(ways.separator).map((entry) => entry.trim())
    .some((entry) => entry !== "" && ways.exempts(entry, hostname, actual));
}

/** An entry of `NO_PROXY` that may end in a port, in any case. */
function withPort(matches: (entry: string, host: string) => boolean): Ways["exempts"] {
  return (entry, host, port) => {
    const [, name = "", own] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase())!;
    const isAddress = /:.*:/.test(entry) && !entry.startsWith("["); // IPv6 has colons of its own
    if (isAddress) return matches(`[${entry.toLowerCase()}]`, host);
    return (own === undefined || own === port) && matches(name, host);
  };
}

/** Whether an entry is the host itself, or a domain that contains it. */
function isUnder(entry: string, host: string): boolean {
  const name = entry.replace(/^\./, "");
  return host === name || host.endsWith(`.${name}`) || host === `[${name}]`;
}

/** Whether an entry is an IPv4 range, such as `10.0.0.0/8`, that contains the host. */
function inRange(entry: string, host: string): boolean {
  const [, network = "", bits = ""] = /^([\d.]+)\/(\d+)$/.exec(entry) ?? [];
  if (!network || !/^[\d.]+$/.test(host)) return false;
  const number = (address: string) =>
    address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(network) / size) === Math.floor(number(host) / size);
}

function nodeReadsProxies(io: Io): boolean {
  const asked = optional(io, "NODE_USE_ENV_PROXY") === "1" ||
    /--use-env-proxy/.test(optional(io, "NODE_OPTIONS") ?? "");
  return asked && nodeCanReadProxies(io.runtime.version);
}

/** Whether Node supports `NODE_USE_ENV_PROXY`: from 22.21 and 24.0 on. */
export function nodeCanReadProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || major === 22 && minor >= 21;
}
