import { sealedStore } from "../../src/stores/sealed.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import type { AccessToken } from "../../mod.ts";
import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { checkContract } from "./contract.ts";

const keyOf = (byte: number) =>
  crypto.subtle.importKey("raw", new Uint8Array(32).fill(byte), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
const [one, two] = [await keyOf(1), await keyOf(2)];
const token: AccessToken = {
  value: "s3ntinel",
  type: "Bearer",
  requestedAt: 1_000,
  expiresAt: 3_600_000,
  apiProducts: [],
  scope: "",
};

Deno.test("B54: a sealed Deno KV keeps the contract", async (context) => {
  using kv = await Deno.openKv(":memory:");
  await checkContract(context, {
    store: sealedStore(denoKvStore(kv), [one]),
    excludes: true,
    plant: (key, text) => kv.set([key], text),
  });
});

Deno.test("B54: what lies below shows nothing but dates, and never the same twice", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = sealedStore(denoKvStore(kv), [one]);
  await store.set("a", token);
  const first = (await kv.get<{ sealed: string }>(["a"])).value!;
  await store.set("a", token);
  const second = (await kv.get<{ sealed: string }>(["a"])).value!;
  assertEquals(Object.keys(first).sort(), ["expiresAt", "requestedAt", "sealed"]);
  assertEquals(atob(first.sealed).includes("s3ntinel"), false);
  assertNotEquals(first.sealed, second.sealed);
});

Deno.test("B54: keys rotate: any of them opens, the first seals", async () => {
  using kv = await Deno.openKv(":memory:");
  const below = denoKvStore(kv);
  await sealedStore(below, [one]).set("a", token);
  const rotating = sealedStore(below, [two, one]);
  assertEquals(await rotating.get("a"), token);
  await rotating.set("a", token);
  assertEquals(await sealedStore(below, [two]).get("a"), token);
  await assertRejects(() => sealedStore(below, [one]).get("a"), Error, "no key decrypts");
});

Deno.test("B54: a token does not open under another key of the store, nor when it was touched", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = sealedStore(denoKvStore(kv), [one]);
  await store.set("a", token);
  const { value } = await kv.get<{ sealed: string }>(["a"]);
  await kv.set(["b"], value);
  await assertRejects(() => store.get("b"), Error, "no key decrypts");
  const bytes = Uint8Array.from(atob(value!.sealed), (char) => char.charCodeAt(0));
  bytes[bytes.length - 1]! ^= 1;
  await kv.set(["a"], { sealed: btoa(String.fromCharCode(...bytes)) });
  await assertRejects(() => store.get("a"), Error, "no key decrypts");
});

Deno.test("no key at all is refused", () => {
  const below = { get: () => Promise.resolve(), set: () => Promise.resolve() };
  assertThrows(() => sealedStore(below, []), RangeError, "Cannot seal a store");
});
