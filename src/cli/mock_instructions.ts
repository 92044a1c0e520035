/** What `kpn-auth mock` prints about how to use it. */

import { type Shell, SHELLS } from "../curl/shells.ts";
import { TOKEN_ENDPOINTS } from "../kpn.ts";
import type { MockClient } from "../mock/mock.ts";

/** The client of KPN's examples. */
export const PLACEHOLDERS = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

/** A host as it is written in a URL. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The warning if other machines can reach the mock. */
export function warning(host: string, control: boolean): string {
  const more = control ? "; they can script it and read its requests, secrets included" : "";
  return `kpn-auth: warning: the mock listens on ${host}. Others who can reach this address can get ` +
    `tokens from it, and make it call programs on this machine back${more}. Do not use real ` +
    "secrets with it.\n";
}

/** The variables with which programs use the mock. */
export function variablesOf(origin: string, { clientId, clientSecret }: MockClient) {
  return {
    KPN_CLIENT_ID: clientId,
    KPN_CLIENT_SECRET: clientSecret,
    KPN_TOKEN_ENDPOINT: `${origin}${new URL(TOKEN_ENDPOINTS.gateway).pathname}`,
    KPN_MOCK: origin,
  };
}

/** How to use the mock: with programs, the command line, curl and PowerShell. */
export function instructions(origin: string, credentials: MockClient, shell: Shell): string {
  const { KPN_CLIENT_SECRET, KPN_MOCK: _, ...rest } = variablesOf(origin, credentials);
  // A secret that the user chose is not printed.
  const isKnown = KPN_CLIENT_SECRET === PLACEHOLDERS.clientSecret;
  const variables = Object.entries({ ...rest, ...isKnown && { KPN_CLIENT_SECRET } });
  const linesFor = (shell: Shell) =>
    variables.map(([name, value]) => SHELLS[shell].assign(name, value)).join("\n");
  const others = (["posix", "powershell"] as const).filter((other) => other !== shell);
  return `A mock of KPN's gateway listens on ${origin} (Ctrl-C stops it).
Open it in a browser to try it. To use it with kpn-auth, and with programs that pass
KPN_TOKEN_ENDPOINT as tokenEndpoint, set these variables:

${[shell, ...others].map(linesFor).join("\n\n")}

To request a token with curl, or with PowerShell:

printf 'client_id=%s&client_secret=%s' "$KPN_CLIENT_ID" "$KPN_CLIENT_SECRET" |
  curl --data-binary @- "$KPN_TOKEN_ENDPOINT?grant_type=client_credentials"

Invoke-RestMethod -Method Post "\${env:KPN_TOKEN_ENDPOINT}?grant_type=client_credentials" \`
  -Body ([ordered]@{ client_id = $env:KPN_CLIENT_ID; client_secret = $env:KPN_CLIENT_SECRET })

`;
}
