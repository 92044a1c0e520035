import type { TokenStore } from "../../mod.ts";
import { checkContract } from "./contract.ts";

/** A store as short as one can be: what the contract asks, and no engine. */
function memoryStore(entries: Map<string, string>): TokenStore {
  const locks = new Map<string, number>();
  return {
    get: (key) => Promise.resolve(entries.get(key)).then((text) => text && JSON.parse(text)),
    set: (key, token) => Promise.resolve(entries.set(key, JSON.stringify(token))),
    exclusive(key, hold) {
      const until = Date.now() + hold;
      if (Date.now() < (locks.get(key) ?? 0)) return Promise.resolve(undefined);
      locks.set(key, until);
      const release = () => Promise.resolve(locks.get(key) === until && locks.delete(key));
      return Promise.resolve(release);
    },
  };
}

Deno.test("a store in memory keeps the contract", async (context) => {
  const entries = new Map<string, string>();
  await checkContract(context, {
    store: memoryStore(entries),
    excludes: true,
    plant: (key, text) => Promise.resolve(entries.set(key, text)),
  });
});
