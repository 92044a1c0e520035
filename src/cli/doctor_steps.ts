/** The steps of `kpn-auth doctor`, in the order in which a call takes them. */

import { within } from "../deadline.ts";
import type { KpnAuthError } from "../errors.ts";
import { readFault } from "../fault.ts";
import { requestToken } from "../grant.ts";
import type { ClientCredentials } from "../request.ts";
import type { AccessToken } from "../token.ts";
import { credentials, type Look, type TokenValues } from "./args.ts";
import { apiUrl } from "./call.ts";
import { EXIT, EXIT_BY_CODE, type Failure } from "./exit.ts";
import { failed, type Finding, ok, skipped, warning } from "./finding.ts";
import type { Io } from "./io.ts";
import {
  COMPANY_CA,
  connect,
  nodeCanReadProxies,
  productionVariable,
  type Proxy,
  proxyFor,
  resolve,
} from "./route.ts";

/** What is examined, and what the steps before have learned of it. */
export interface Case {
  readonly io: Io;
  readonly look: Look;
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

function environmentStep(about: Case): Finding {
  const { io: { runtime, platform }, endpoint: { origin, pathname } } = about;
  return ok(`${runtime.name} ${runtime.version} on ${platform}, asking ${origin}${pathname}`);
}

async function credentialsStep(about: Case): Promise<Finding> {
  try {
    about.credentials = await credentials(about.values, about.look, about.io);
  } catch (error) {
    const { message, exitCode } = error as Failure;
    return failed(exitCode ?? EXIT.failed, message);
  }
  const { clientId, clientSecret } = about.credentials;
  const text = `an id of ${clientId.length} and a secret of ${clientSecret.length} characters`;
  if (clientId === clientSecret) {
    return warning(`${text}: the same`, "Copy id and secret again from developer.kpn.com.");
  }
  if (/^["'].*["']$/.test(clientId) || /^["'].*["']$/.test(clientSecret)) {
    return warning(`${text}, with quotes around`, "The quotes are sent too: leave them out.");
  }
  if (/^APP_CLIENT_/.test(clientId) && about.endpoint.protocol === "https:") {
    return warning("the placeholders of KPN's example", "Set those of your own project.");
  }
  return ok(text);
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
    `${runtime.name} ${runtime.version} ignores ${variable} (${host}); curl heeds it`,
    remedy,
  );
}

async function dnsStep({ endpoint, proxy }: Case): Promise<Finding> {
  if (proxy) return skipped("the proxy looks the host up");
  try {
    return ok(`${endpoint.hostname} is ${(await resolve(endpoint.hostname)).join(", ")}`);
  } catch (error) {
    return failed(
      EXIT.network,
      `${endpoint.hostname} cannot be looked up: ${(error as Error).message}`,
      "Check the network and the host's name; where only a proxy leads out, set HTTPS_PROXY.",
    );
  }
}

async function connectionStep({ endpoint, proxy, timeout, io }: Case): Promise<Finding> {
  if (proxy) return skipped("the proxy connects");
  try {
    await connect(endpoint, timeout);
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    const isTls = /cert|ssl|tls|self.signed|issuer/i.test(`${code} ${message}`);
    return failed(
      EXIT.network,
      `${endpoint.host}: ${message || code}`,
      isTls
        ? `Check this machine's clock. For a company's own CA: ${COMPANY_CA[io.runtime.name]}.`
        : "Check the firewall; where only a proxy leads out, set HTTPS_PROXY.",
    );
  }
  return ok(
    endpoint.protocol === "https:"
      ? `${endpoint.host} shows a certificate that ${io.runtime.name} trusts`
      : `${endpoint.host} accepts connections (no TLS)`,
  );
}

async function endpointStep(about: Case): Promise<Finding> {
  const { endpoint, timeout, io: { fetch } } = about;
  try {
    about.token = await requestToken({
      ...about.credentials!,
      tokenEndpoint: endpoint,
      timeout,
      attemptTimeout: timeout,
      retries: 0,
      fetch,
    });
    return ok("answers with a token");
  } catch (error) {
    about.refusal = error as KpnAuthError;
  }
  const { code, status, message } = about.refusal;
  if (code !== "invalid_client") return failed(EXIT_BY_CODE[code] ?? EXIT.failed, message);
  return status === 401 ? ok("answers") : warning(
    `answers with status ${status}, which looks like a failure of KPN's own`,
    "It is none: the message inside says invalid_client. Read on.",
  );
}

function acceptedStep({ token, refusal }: Case): Finding {
  if (token) return ok(`KPN accepts them${token.status ? ` (${token.status})` : ""}`);
  return failed(
    EXIT.credentials,
    `KPN does not know this id with this secret${
      refusal!.transactionId ? ` (transactionId ${refusal!.transactionId})` : ""
    }`,
    "Copy both again from developer.kpn.com, from the same project, and check the realm.",
  );
}

function tierStep({ token, look }: Case): Finding {
  const { level, applicationName } = token!;
  if (!level) return skipped("KPN does not tell");
  const text = `${level}${level === "demo" ? " (Sandbox)" : ""}${
    applicationName ? `, project ${applicationName}` : ""
  }`;
  const variable = productionVariable(look);
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

/** How far the clocks may differ before it is worth a word, in ms. */
const TOLERABLE_SKEW = 30_000;

function clockStep({ token }: Case): Finding {
  const { issuedAt, requestedAt } = token!;
  if (issuedAt === undefined) return skipped("KPN does not tell");
  const skew = issuedAt - requestedAt;
  const text = `${Math.abs(Math.round(skew / 1000))} s ${skew < 0 ? "ahead of" : "behind"} KPN's`;
  return Math.abs(skew) < TOLERABLE_SKEW ? ok("agrees with KPN's") : warning(
    text,
    "Set this machine's clock (NTP). Tokens live by their lifetime and are not affected.",
  );
}

/** Costs nothing: without a number, KPN refuses the call once the token has passed. */
const HARMLESS = "/communication/nexmo/number-insight/basic";

async function apiStep({ io, path, endpoint, token, timeout }: Case): Promise<Finding> {
  const url = apiUrl(path ?? HARMLESS, endpoint.href);
  const { pathname } = url;
  try {
    return await within(timeout, undefined, async (signal) => {
      const response = await io.fetch(url.href, {
        method: path ? "GET" : "POST",
        headers: { authorization: `Bearer ${token!.value}` },
        redirect: "manual",
        signal,
      });
      const fault = await readFault(response);
      const said = `${pathname} (HTTP ${response.status})`;
      if (fault?.code === "invalid_token") {
        return failed(EXIT.gateway, `the token is rejected by ${said}`, "Ask KPN's support.");
      }
      if (fault?.code === "not_entitled") {
        return warning(
          `the project is not entitled to ${said}`,
          `${fault.hint} Another API: kpn-auth doctor PATH.`,
        );
      }
      if (fault?.code === "server_error" || fault?.code === "invalid_response") {
        return warning(`${said}: ${fault.code} ${fault.message}`, fault.hint);
      }
      return ok(`the token is accepted by ${said}`);
    }, () => new Error(`no answer within ${timeout} ms`));
  } catch (error) {
    return failed(EXIT.network, `${pathname}: ${(error as Error).message}`, "Check the network.");
  }
}
