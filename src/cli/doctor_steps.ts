/** The steps of `kpn-auth doctor`, in the order of a call. */

import type { KpnAuthError } from "../errors.ts";
import { requestToken } from "../grant.ts";
import type { ClientCredentials } from "../request.ts";
import type { AccessToken } from "../token.ts";
import { credentials, type Environment, type TokenValues } from "./credentials.ts";
import { apiStep } from "./doctor_api.ts";
import { EXIT, exitCodeFor, type Failure } from "./exit.ts";
import { failed, type Finding, ok, skipped, warning } from "./finding.ts";
import { type Io, optional } from "./io.ts";
import { nodeCanReadProxies, type Proxy, proxyFor } from "./proxy.ts";
import { connect, networkRemedy, resolve } from "./route.ts";

/** What the doctor examines, and what earlier steps have found out. */
export interface Case {
  readonly io: Io;
  readonly variables: Environment;
  readonly values: TokenValues;
  readonly timeout: number;
  /** The API to try the token on. */
  readonly path?: string | undefined;
  readonly endpoint: URL;
  proxy?: Proxy | undefined;
  credentials?: ClientCredentials;
  token?: AccessToken;
  /** Why there is no token. */
  refusal?: KpnAuthError;
}

type Step = readonly [name: string, (about: Case) => Finding | Promise<Finding>];

/** All steps. */
export const STEPS: readonly Step[] = [
  ["environment", environmentStep],
  ["credentials", credentialsStep],
  ["proxy", proxyStep],
  ["DNS", dnsStep],
  ["connection", connectionStep],
  ["endpoint", endpointStep],
  ["accepted", acceptedStep],
  ["tier", tierStep],
  ["products", productsStep],
  ["clock", clockStep],
  ["API", apiStep],
];

function environmentStep(
  { io: { runtime, platform }, endpoint, variables: { file } }: Case,
): Finding {
  const { origin, pathname, protocol, hostname } = endpoint;
  const text =
    `${runtime.name} ${runtime.version} on ${platform}, token endpoint ${origin}${pathname}`;
  if (protocol === "http:" && !/^(localhost|127\.[\d.]+|\[::1])$/.test(hostname)) {
    return warning(`${text}, which is not encrypted`, "Use https.");
  }
  return ok(file ? `${text}, with ${file.path}` : text);
}

async function credentialsStep(about: Case): Promise<Finding> {
  try {
    about.credentials = await credentials(about.values, about.variables, about.io);
  } catch (error) {
    const { message, exitCode } = error as Failure;
    return failed(exitCode ?? EXIT.failed, message);
  }
  const { clientId, clientSecret } = about.credentials;
  const text =
    `an id of ${clientId.length} characters and a secret of ${clientSecret.length} characters`;
  const [oddity, remedy] = oddityOf(about) ?? [];
  return oddity && remedy ? warning(`${text}${oddity}`, remedy) : ok(text);
}

/** A quote at either end, including those that editors and web pages insert. */
const QUOTED = /^["'`\u2018-\u201f]|["'`\u2018-\u201f]$/;

/** Signs of a copying mistake. */
function oddityOf(about: Case): readonly [text: string, remedy: string] | undefined {
  const { clientId, clientSecret } = about.credentials!;
  const { file } = about.variables;
  const both = [clientId, clientSecret];
  const again = "Copy id and secret again from developer.kpn.com.";
  if (clientId === clientSecret) return [", which are the same", again];
  if (both.some((value) => QUOTED.test(value))) {
    return [", with quotes around them", "The quotes would be sent too: remove them."];
  }
  if (both.some((value) => /[\s\u200b-\u200f\u2060\ufeff]/u.test(value))) {
    return [", with white space or an invisible character inside", again];
  }
  if (both.some((value) => /[^ -~]/.test(value))) return [", with characters beyond ASCII", again];
  if (both.some((value) => /(\.\.\.|\u2026|\*\*\*)/.test(value))) {
    return [", shortened or masked", "Copy them completely: the portal shows a shortened secret."];
  }
  if (/^APP_CLIENT_/.test(clientId) && about.endpoint.protocol === "https:") {
    return [", the placeholders of KPN's example", "Set those of your own project."];
  }
  if (Math.min(...both.map((value) => value.length)) < 8) {
    return [
      ", which is short",
      `${again} In an env file, a # or a quote may have cut the value.`,
    ];
  }
  if (
    file?.has("KPN_CLIENT_ID") !== file?.has("KPN_CLIENT_SECRET") && !about.values["secret-stdin"]
  ) {
    return [
      `, one from ${file!.path} and one from the environment`,
      "Check that both belong to the same project.",
    ];
  }
}

function proxyStep(about: Case): Finding {
  const { io: { runtime }, endpoint } = about;
  const proxy = proxyFor(endpoint, about.io);
  if (!proxy) return ok(`none is set for ${endpoint.host}`);
  const { variable, host, used } = proxy;
  if (used) {
    about.proxy = proxy;
    return ok(`${runtime.name} goes through ${host} (${variable}), as curl does`);
  }
  const remedy = nodeCanReadProxies(runtime.version)
    ? "Set NODE_USE_ENV_PROXY=1, and name the proxy in HTTPS_PROXY (Node does not read ALL_PROXY)."
    : "Use Node 22.21, 24 or later with NODE_USE_ENV_PROXY=1, or inject undici's fetch with a ProxyAgent.";
  return warning(
    `${runtime.name} ${runtime.version} ignores ${variable} (${host}), which curl uses`,
    remedy,
  );
}

async function dnsStep({ endpoint, proxy }: Case): Promise<Finding> {
  if (proxy) return skipped("the proxy resolves the host's name");
  try {
    return ok(`${endpoint.hostname} is ${(await resolve(endpoint.hostname)).join(", ")}`);
  } catch (error) {
    return failed(
      EXIT.network,
      `${endpoint.hostname} cannot be resolved: ${(error as Error).message}`,
      "Check the network and the host's name; if you need a proxy, set HTTPS_PROXY.",
    );
  }
}

async function connectionStep({ endpoint, proxy, timeout, io }: Case): Promise<Finding> {
  if (proxy) return skipped("the proxy connects");
  try {
    await connect(endpoint, timeout);
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    return failed(
      EXIT.network,
      `${endpoint.host}: ${message || code}`,
      networkRemedy(error, io, undefined),
    );
  }
  return ok(
    endpoint.protocol === "https:"
      ? `${endpoint.host} has a certificate that ${io.runtime.name} trusts`
      : `${endpoint.host} accepts connections (no TLS)`,
  );
}

async function endpointStep(about: Case): Promise<Finding> {
  const { endpoint, timeout, io, proxy, values } = about;
  try {
    about.token = await requestToken({
      ...about.credentials!,
      tokenEndpoint: endpoint.href,
      ...values["allow-insecure-http"] && { allowInsecureHttp: true },
      timeout,
      attemptTimeout: timeout,
      retries: 0,
      fetch: io.fetch,
    });
    return ok("answers with a token");
  } catch (error) {
    about.refusal = error as KpnAuthError;
  }
  const { code, status, message } = about.refusal;
  const exitCode = exitCodeFor(code);
  if (exitCode === EXIT.credentials) {
    return status === undefined || status < 500 ? ok("answers") : warning(
      `answers with status ${status}, which looks like a failure of KPN's server`,
      "It is not: the message inside says what is wrong. See the next step.",
    );
  }
  return failed(
    exitCode,
    message,
    exitCode === EXIT.network ? networkRemedy(about.refusal, io, proxy) : undefined,
  );
}

function acceptedStep({ token, refusal }: Case): Finding {
  if (token) return ok(`KPN accepts the credentials${token.status ? ` (${token.status})` : ""}`);
  const { code, message, transactionId } = refusal!;
  const id = transactionId ? ` (transactionId ${transactionId})` : "";
  if (code !== "invalid_client") return failed(EXIT.credentials, `${message}${id}`);
  return failed(
    EXIT.credentials,
    `KPN does not know this id with this secret${id}`,
    "Copy both again from developer.kpn.com, from the same project, and check the realm.",
  );
}

function tierStep({ token, io }: Case): Finding {
  const { level, applicationName } = token!;
  if (!level) return skipped("KPN does not say");
  const text = `${level}${level === "demo" ? " (Sandbox)" : ""}${
    applicationName ? `, project ${applicationName}` : ""
  }`;
  const variable = ["NODE_ENV", "APP_ENV"].find((name) => /^prod/i.test(optional(io, name) ?? ""));
  return variable && level === "demo"
    ? warning(
      `${text}, but ${variable} says production`,
      "Use the credentials of a Project, not those of the Sandbox.",
    )
    : ok(text);
}

function productsStep({ token }: Case): Finding {
  const { apiProducts } = token!;
  return apiProducts.length
    ? ok(apiProducts.join(", "))
    : warning("none", "Add the APIs that you use to the project on developer.kpn.com.");
}

/** How far the clocks may differ without a warning, in ms. */
const TOLERABLE_SKEW = 30_000;

function clockStep({ token }: Case): Finding {
  const { issuedAt, requestedAt } = token!;
  if (issuedAt === undefined) return skipped("KPN does not say");
  const skew = issuedAt - requestedAt;
  const text = `${Math.abs(Math.round(skew / 1000))} s ${
    skew < 0 ? "ahead of" : "behind"
  } KPN's clock`;
  return Math.abs(skew) < TOLERABLE_SKEW ? ok("agrees with KPN's clock") : warning(
    text,
    "Set this machine's clock (NTP). Tokens are not affected: only their lifetime counts.",
  );
}
