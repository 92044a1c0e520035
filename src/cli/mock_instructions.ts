/** What `kpn-auth mock` says to whoever is to use it. */

import { type Shell, SHELLS } from "../curl/quoting.ts";
import { TOKEN_ENDPOINTS } from "../kpn.ts";
import type { MockClient } from "../mock/mock.ts";

/** The client of KPN's examples. */
export const PLACEHOLDERS = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

/** An address as URLs have it. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** What it means to listen for other machines. */
export function warning(host: string, control: boolean): string {
  const more = control ? ", script it, and read its requests, secrets included" : "";
  return `kpn-auth: warning: it listens on ${host}. Whoever reaches this address can get tokens ` +
    `from the mock${more}. Do not give it secrets that KPN knows.\n`;
}

/** What programs read to use the mock. */
export function variablesOf(origin: string, { clientId, clientSecret }: MockClient) {
  return {
    KPN_CLIENT_ID: clientId,
    KPN_CLIENT_SECRET: clientSecret,
    KPN_TOKEN_ENDPOINT: `${origin}${new URL(TOKEN_ENDPOINTS.gateway).pathname}`,
    KPN_MOCK: origin,
  };
}

/** How to use it: by programs, by the command line, by curl, by PowerShell. */
export function instructions(origin: string, credentials: MockClient, shell: Shell): string {
  const { KPN_CLIENT_SECRET, KPN_MOCK: _, ...rest } = variablesOf(origin, credentials);
  // Whoever gave a secret of their own knows it.
  const isKnown = KPN_CLIENT_SECRET === PLACEHOLDERS.clientSecret;
  const variables = Object.entries({ ...rest, ...isKnown && { KPN_CLIENT_SECRET } });
  const linesFor = (shell: Shell) =>
    variables.map(([name, value]) => SHELLS[shell].assign(name, value)).join("\n");
  const others = (["posix", "powershell"] as const).filter((other) => other !== shell);
  return `A mock of KPN's gateway listens on ${origin} (Ctrl-C ends it).
Open it in a browser to try it. kpn-auth, and programs that pass KPN_TOKEN_ENDPOINT on
as tokenEndpoint, use it where these variables are set:

${[shell, ...others].map(linesFor).join("\n\n")}

A token by curl, and by PowerShell:

printf 'client_id=%s&client_secret=%s' "$KPN_CLIENT_ID" "$KPN_CLIENT_SECRET" |
  curl --data-binary @- "$KPN_TOKEN_ENDPOINT?grant_type=client_credentials"

Invoke-RestMethod -Method Post "\${env:KPN_TOKEN_ENDPOINT}?grant_type=client_credentials" \`
  -Body @{ client_id = $env:KPN_CLIENT_ID; client_secret = $env:KPN_CLIENT_SECRET }

`;
}
