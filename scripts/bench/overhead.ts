/** Run by each runtime: what `authorizedFetch` adds to a bare `fetch` on a kept-alive connection. Prints JSON. */

import process from "node:process";
import { authorizedFetch, createTokenSource } from "../../mod.ts";

const CALLS = 6_000;
const WARM_UP = 1_000;

const [url = ""] = process.argv.slice(2);
const { origin } = new URL(url);
const kpn = authorizedFetch(
  createTokenSource({
    clientId: "id",
    clientSecret: "secret",
    fetch: () => Promise.resolve(Response.json({ access_token: "t", expires_in: 3600 })),
  }),
  { origins: [origin] },
);
const headers = { authorization: "Bearer t" };
const ways = [() => fetch(url, { headers }), () => kpn(url)];
const times: number[][] = [[], []];

for (let call = -WARM_UP; call < CALLS; call++) {
  // One by one, each first as often as second.
  for (const way of call % 2 ? [0, 1] : [1, 0]) {
    const startedAt = performance.now();
    await (await ways[way]!()).text();
    if (call >= 0) times[way]!.push(performance.now() - startedAt);
  }
}

/** The mean without the slowest fifth. */
const [bare, authorized] = times.map((list) => {
  const kept = list.sort((a, b) => a - b).slice(0, list.length * 0.8);
  return kept.reduce((sum, time) => sum + time, 0) / kept.length;
});
console.log(JSON.stringify({ bare, authorized }));
process.exit();
