/** What Redis does with the commands of ours, in memory. */

import type { RedisCommand } from "../../src/stores/redis.ts";

/** A Redis that keeps the commands that it was sent. */
export function redisInMemory(): { commands: string[][]; command: RedisCommand } {
  const entries = new Map<string, { readonly text: string; readonly until: number }>();
  const commands: string[][] = [];
  const get = (key: string) => {
    const { text, until } = entries.get(key) ?? { text: null, until: 0 };
    return Date.now() < until ? text : null;
  };
  function reply([name, ...args]: string[]): unknown {
    const [key = "", value = ""] = args;
    if (name === "GET") return get(key);
    if (name === "EVAL") {
      const [, , lock = "", owner] = args;
      return get(lock) === owner && entries.delete(lock) ? 1 : 0;
    }
    if (args.includes("NX") && get(key) !== null) return null;
    entries.set(key, { text: value, until: Date.now() + Number(args.at(-1)) });
    return "OK";
  }
  return {
    commands,
    command: (args) => {
      commands.push(args);
      return Promise.resolve(reply(args));
    },
  };
}
