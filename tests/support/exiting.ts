/** Run as a process: a call, then one that starts a refresh in the background, then the end of the script. */

import { createTokenSource } from "../../mod.ts";
import { CREDENTIALS } from "./credentials.ts";

let now = 0;
const source = createTokenSource({
  ...CREDENTIALS,
  tokenEndpoint: Deno.args[0]!,
  now: () => now,
  attemptTimeout: 2_000,
});
await source.token();
now += 3_400_000;
const { value } = await source.token();
console.log(value);
