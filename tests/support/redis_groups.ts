/** Redis as it is run: a Cluster, and a primary with a replica that Sentinels watch. */

import { freePort } from "./ports.ts";
import { run, type Running, start } from "./run.ts";

/** Several processes that stand for one another. */
export interface RedisGroup extends AsyncDisposable {
  /** The ports that clients are given: the cluster's nodes, or the Sentinels. */
  readonly ports: readonly number[];
  /** Kills the primary of `key`, by its id, and resolves when a replica has taken its place. */
  killPrimaryOf(key: string): Promise<void>;
}

/** The name of the primary that the Sentinels watch. */
export const SENTINEL_NAME = "kpn";

/** A node of ours that is unreachable for so long has failed, in ms. */
const NODE_TIMEOUT = 1_000;

/** Waits until `holds`, for two minutes at most. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not in two minutes: ${what}`);
}

/** Processes of one server, each with a folder of its own, ended and removed together. */
async function processes(server: string) {
  const folder = await Deno.makeTempDir();
  const cli = server.replace(/server$/, "cli");
  const running = new Map<number, Running>();
  return {
    async start(port: number, config: Readonly<Record<string, unknown>>, ...flags: string[]) {
      const file = `${folder}/${port}.conf`;
      const all = { port, bind: "127.0.0.1", dir: folder, ...config };
      const lines = Object.entries(all).map(([name, value]) => `${name} ${value}\n`);
      await Deno.writeTextFile(file, lines.join(""));
      const ready = flags.includes("--sentinel") ? /monitor master/ : /Ready to accept connections/;
      running.set(port, await start(server, [file, ...flags], ready));
      return port;
    },
    ask: (port: number, ...command: string[]) => run(cli, ["-p", `${port}`, ...command]),
    async kill(port: number) {
      await running.get(port)?.kill();
      running.delete(port);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.values()].map((process) => process.kill()));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Three primaries, each with a replica. */
export async function startCluster(server: string): Promise<RedisGroup> {
  const group = await processes(server);
  const ports: number[] = [];
  try {
    for (let node = 0; node < 6; node++) ports.push(await startNode(group));
    await joinNodes(group, ports);
  } catch (error) {
    await group[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ports,
    async killPrimaryOf(key) {
      const slot = Number(await group.ask(ports.at(-1)!, "CLUSTER", "KEYSLOT", key));
      const index = Math.floor(slot / SLOTS);
      await group.kill(ports[index]!);
      await until("the replica is promoted", async () => {
        const info = await group.ask(ports[index + 3]!, "INFO", "replication");
        return info.includes("role:master");
      });
    },
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  };
}

type Group = Awaited<ReturnType<typeof processes>>;

/** How many slots each of three primaries has, about. */
const SLOTS = 16_384 / 3;

function startNode(group: Group): Promise<number> {
  const port = freePort();
  return group.start(port, {
    "save": '""',
    "cluster-enabled": "yes",
    "cluster-port": freePort(),
    "cluster-config-file": `nodes-${port}.conf`,
    "cluster-node-timeout": NODE_TIMEOUT,
    "cluster-replica-validity-factor": 0,
  });
}

/** Introduces the nodes to one another, hands the slots to the first three, and lets the others follow. */
async function joinNodes(group: Group, ports: readonly number[]): Promise<void> {
  const [first] = ports as [number];
  const busOf = async (port: number) =>
    (await group.ask(port, "CONFIG", "GET", "cluster-port")).trim().split("\n").at(-1)!;
  for (const port of ports.slice(1)) {
    await group.ask(first, "CLUSTER", "MEET", "127.0.0.1", `${port}`, await busOf(port));
  }
  await until("every node knows the others", async () => {
    const known = await Promise.all(ports.map((port) => group.ask(port, "CLUSTER", "NODES")));
    return known.every((nodes) => nodes.match(/ connected/g)?.length === ports.length);
  });
  const ids = await Promise.all(ports.map((port) => group.ask(port, "CLUSTER", "MYID")));
  for (const [n, port] of ports.slice(0, 3).entries()) {
    const range = [Math.ceil(n * SLOTS), Math.ceil((n + 1) * SLOTS) - 1].map(String);
    await group.ask(port, "CLUSTER", "ADDSLOTSRANGE", ...range);
    await group.ask(ports[n + 3]!, "CLUSTER", "REPLICATE", ids[n]!.trim());
  }
  await until("the cluster is complete", async () => {
    const states = await Promise.all(ports.map((port) => group.ask(port, "CLUSTER", "INFO")));
    const links = await Promise.all(
      ports.slice(3).map((port) => group.ask(port, "INFO", "replication")),
    );
    return states.every((state) => state.includes("cluster_state:ok")) &&
      links.every((link) => link.includes("master_link_status:up"));
  });
}

/** A primary and its replica, watched by three Sentinels. */
export async function startSentinel(server: string): Promise<RedisGroup> {
  const group = await processes(server);
  const ports: number[] = [];
  const save = '""';
  const primary = await group.start(freePort(), { save });
  const replica = await group.start(freePort(), { save, replicaof: `127.0.0.1 ${primary}` });
  await until(
    "the replica follows",
    async () => (await group.ask(replica, "INFO", "replication")).includes("link_status:up"),
  );
  const watched = {
    "sentinel monitor": `${SENTINEL_NAME} 127.0.0.1 ${primary} 2`,
    "sentinel down-after-milliseconds": `${SENTINEL_NAME} ${NODE_TIMEOUT}`,
    "sentinel failover-timeout": `${SENTINEL_NAME} 10000`,
  };
  for (let n = 0; n < 3; n++) ports.push(await group.start(freePort(), watched, "--sentinel"));
  const about = (port: number) => group.ask(port, "SENTINEL", "MASTER", SENTINEL_NAME);
  await until("the Sentinels know one another and the replica", async () => {
    const known = await Promise.all(ports.map(about));
    return known.every((master) => /num-slaves\n1\nnum-other-sentinels\n2\n/.test(master));
  });
  return {
    ports,
    async killPrimaryOf() {
      await group.kill(primary);
      await until("the replica is promoted", async () => {
        const known = await Promise.all(ports.map(about));
        return known.every((master) => master.includes(`\nport\n${replica}\n`));
      });
    },
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  };
}
