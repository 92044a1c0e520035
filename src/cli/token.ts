/** `kpn-auth token`: prints a new token, and nothing else, to standard output. */

import { SHELLS } from "../curl/shells.ts";
import { requestToken } from "../grant.ts";
import { command } from "./command.ts";
import { TOKEN_OPTIONS, tokenOptions } from "./credentials.ts";
import { EXIT } from "./exit.ts";
import { type Io, withProgress } from "./io.ts";
import type { Parsed } from "./options.ts";
import { SHELL_OPTION, shellOf } from "./shell.ts";

const OPTIONS = {
  json: { help: "print everything about the token, as JSON" },
  header: { help: "print the header for curl -H:\nauthorization: Bearer …" },
  env: { help: "print the line that sets KPN_TOKEN in your shell" },
  ...SHELL_OPTION,
  ...TOKEN_OPTIONS,
} as const;

export const token = command({
  summary: "print a new access token, and nothing else",
  help: `\
kpn-auth token: prints a new access token, and nothing else.

  export KPN_TOKEN="$(kpn-auth token)"         in bash, zsh, sh
  $env:KPN_TOKEN = kpn-auth token              in PowerShell
  curl -H "$(kpn-auth token --header)" https://api-prd.kpn.com/…

Each run requests a new token from KPN; nothing is stored on disk.
`,
  options: OPTIONS,
  run,
});

async function run({ values }: Parsed<typeof OPTIONS>, io: Io): Promise<number> {
  const options = await tokenOptions(values, io);
  const { host } = new URL(options.tokenEndpoint);
  const token = await withProgress(io, `waiting for ${host}`, requestToken(options));
  const line = values.json
    ? JSON.stringify(token, null, 2)
    : values.header
    ? `authorization: Bearer ${token.value}`
    : values.env
    ? SHELLS[await shellOf(values.shell, io)].assign("KPN_TOKEN", token.value)
    : token.value;
  await io.stdout(`${line}\n`);
  return EXIT.done;
}
