/**
 * A first token, and what it is good for.
 *
 *     deno task demo     against a mock of KPN on this machine
 *     deno task token    against KPN, with KPN_CLIENT_ID and KPN_CLIENT_SECRET
 */

import {
  type AccessToken,
  authorizedFetch,
  type ClientCredentials,
  createTokenRequest,
  createTokenSource,
  KpnAuthError,
} from "../mod.ts";
import { curlCommand } from "../src/curl/curl.ts";
import { mockKpn } from "../src/mock/mock.ts";

const NUMBER_INSIGHT = "/communication/nexmo/number-insight/basic";

async function demo(): Promise<void> {
  const mock = mockKpn();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, mock.handle);
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const credentials = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };
  const tokenEndpoint = `${origin}/oauth/client_credential/accesstoken`;
  try {
    const source = createTokenSource({ ...credentials, tokenEndpoint });
    const token = await source.token();
    title(`A token from the mock of KPN at ${origin}`);
    show(token);

    const request = createTokenRequest(credentials, { tokenEndpoint });
    title("The same request as KPN's page shows it: Linux and macOS, then Windows");
    console.log(curlCommand(request, { shell: "posix", revealSecrets: true }));
    console.log(curlCommand(request, { shell: "cmd", revealSecrets: true }));

    const kpn = authorizedFetch(source, { origins: [origin] });
    const body = new URLSearchParams({ number: "447700900000" });
    const answer = await kpn(NUMBER_INSIGHT, { method: "POST", body });
    title(`POST ${NUMBER_INSIGHT} with that token: HTTP ${answer.status}`);
    console.log(await answer.json());
  } finally {
    await server.shutdown();
  }
}

async function token(credentials: ClientCredentials): Promise<void> {
  const source = createTokenSource(credentials);
  const token = await source.token();
  title("A token from KPN");
  show(token);
}

function show(token: AccessToken): void {
  const { value, type, level, applicationName, apiProducts, expiresAt, issuedAt } = token;
  const facts = {
    token: `${type} ${value.slice(0, 4)}…${value.slice(-2)} (${value.length} characters)`,
    "lives until": new Date(expiresAt).toLocaleTimeString(),
    "issued at": issuedAt ? new Date(issuedAt).toLocaleTimeString() : "not told",
    level: level ?? "not told",
    application: applicationName ?? "not told",
    "API products": apiProducts.join(", ") || "none",
  };
  for (const [name, fact] of Object.entries(facts)) console.log(`  ${name.padEnd(13)} ${fact}`);
}

function title(text: string): void {
  console.log(`\n%c${text}`, "font-weight: bold");
}

if (Deno.args[0] !== "kpn") {
  await demo();
} else {
  const { KPN_CLIENT_ID: clientId = "", KPN_CLIENT_SECRET: clientSecret = "" } = Deno.env
    .toObject();
  try {
    await token({ clientId, clientSecret });
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof KpnAuthError)) throw error;
    console.error(error.message);
    console.error("Set KPN_CLIENT_ID and KPN_CLIENT_SECRET to what developer.kpn.com shows.");
    Deno.exit(1);
  }
}
