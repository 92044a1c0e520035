/**
 * Verifies 10,000 webhooks of 1 kB, raw and as a `Request`, and does the same with bare WebCrypto;
 * prints how much longer ours takes, as JSON: medians over short interleaved rounds.
 */

import { verifyWebhook } from "../../src/webhook.ts";

const VERIFICATIONS = 10_000;
const ROUNDS = 250;

const secret = "0123456789abcdef0123456789abcdef";
const body = new Uint8Array(1_024).fill(65);
const { subtle } = crypto;
const hmac = { name: "HMAC", hash: "SHA-256" };
const raw = new TextEncoder().encode(secret);
const key = await subtle.importKey("raw", raw, hmac, false, ["sign"]);
const digest = new Uint8Array(await subtle.sign("HMAC", key, body));
const headers = {
  "x-kpn-webhook-signature": Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  ),
  "x-kpn-webhook-timestamp": String(Date.now() / 1_000),
  "x-kpn-webhook-key-id": "wk_2C6EDCDFDFD944F3A75D0D36",
  "x-kpn-webhook-attempt": "1",
  "content-type": "application/json",
};

/** What nobody can do without: the digest, and a comparison of all of it. */
async function bare(): Promise<void> {
  const expected = new Uint8Array(await subtle.sign("HMAC", key, body));
  let difference = 0;
  for (let at = 0; at < 32; at++) difference |= expected[at]! ^ digest[at]!;
  if (difference) throw new Error("wrong signature");
}

const post = () => new Request("https://app.example/sms", { method: "POST", body, headers });

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  bare,
  raw: () => verifyWebhook({ body, headers }, secret),
  reading: async () => await post().arrayBuffer().then(bare),
  request: () => verifyWebhook(post(), secret),
};

const times: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, way] of Object.entries(WAYS)) {
    const startedAt = performance.now();
    for (let at = 0; at < VERIFICATIONS / ROUNDS; at++) await way();
    (times[name] ??= []).push(performance.now() - startedAt);
  }
}

/** The median of how much longer one way took than another, round by round. */
function ratio(way: string, base: string): number {
  const ratios = times[way]!.map((time, round) => time / times[base]![round]!);
  return ratios.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

console.log(JSON.stringify({ raw: ratio("raw", "bare"), request: ratio("request", "reading") }));
