/** `kpn-auth token`: a fresh token, and only that, on standard output. */

import { requestToken } from "../grant.ts";
import { parse, TOKEN_OPTIONS, TOKEN_OPTIONS_HELP, tokenOptions } from "./args.ts";
import { EXIT } from "./exit.ts";
import { type Io, withProgress } from "./io.ts";

export const help = `\
kpn-auth token: prints a fresh access token, and only that.

  TOKEN=$(kpn-auth token)
  curl -H "$(kpn-auth token --header)" https://api-prd.kpn.com/…

Every call asks KPN for a new one; nothing is kept on disk.

      --json                 all that KPN tells of the token, as JSON
      --header               the line for curl's -H: authorization: Bearer …
${TOKEN_OPTIONS_HELP}`;

export async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parse(args, {
    ...TOKEN_OPTIONS,
    json: { type: "boolean" },
    header: { type: "boolean" },
  });
  const options = await tokenOptions(values, io);
  const { host } = new URL(options.tokenEndpoint);
  const token = await withProgress(io, `waiting for ${host}`, requestToken(options));
  if (values.json) await io.stdout(`${JSON.stringify(token, null, 2)}\n`);
  else if (values.header) await io.stdout(`authorization: Bearer ${token.value}\n`);
  else await io.stdout(`${token.value}\n`);
  return EXIT.done;
}
