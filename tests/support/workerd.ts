/** Cloudflare's workerd as a process of its own, on a free port of loopback. */

import { npmProject } from "./npm.ts";

/** The newest workerd, and the one that miniflare 4.20260730.0 brings; with the last date that each accepts. */
export const WORKERDS = {
  newest: { version: "1.20261117.1", compatibilityDate: "2026-11-17" },
  miniflare: { version: "1.20260730.1", compatibilityDate: "2026-07-30" },
} as const;

/** A worker: its modules by name, the first of them the main one, and what `env` holds. */
export interface Worker {
  readonly modules: Readonly<Record<string, string>>;
  readonly bindings?: Readonly<Record<string, string>>;
  readonly compatibilityFlags?: readonly string[];
  /** The host and port that all its requests go to, in plain HTTP. Default: wherever they are meant for. */
  readonly outbound?: string;
}

/** A running workerd. */
export interface Workerd extends AsyncDisposable {
  readonly origin: string;
  /** All that it printed so far, on both streams. */
  printed(): string;
}

/** The folder that has each of {@linkcode WORKERDS} by its name. */
export async function installWorkerd(): Promise<string> {
  const packages = Object.entries(WORKERDS).map(([name, { version }]) => [
    name,
    `npm:@cloudflare/workerd-linux-64@${version}`,
  ]);
  return `${await npmProject("workerd", Object.fromEntries(packages))}node_modules/`;
}

/** Starts a worker, and waits until it listens. */
export async function startWorkerd(
  which: keyof typeof WORKERDS,
  worker: Worker,
): Promise<Workerd> {
  const { compatibilityDate } = WORKERDS[which];
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/worker.capnp`, capnp(worker, compatibilityDate));
  const process = new Deno.Command(`${await installWorkerd()}${which}/bin/workerd`, {
    // Its events and what the worker prints come on one stream.
    args: ["serve", `${folder}/worker.capnp`, "--experimental", "--control-fd=1"],
    env: { TZ: "UTC" },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  let printed = "";
  const { promise: port, resolve, reject } = Promise.withResolvers<number>();
  const reading = [process.stdout, process.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      printed += text;
      const listening = /\{"event":"listen","socket":"http","port":(\d+)\}/.exec(printed);
      if (listening) resolve(Number(listening[1]));
    }
  });
  const ended = Promise.all([process.status, ...reading]);
  ended.then(() => reject(new Error(`workerd did not start: ${printed}`)));

  const stop = async () => {
    // SIGTERM waits for hung requests.
    process.kill("SIGKILL");
    await ended;
    await Deno.remove(folder, { recursive: true });
  };
  try {
    return {
      origin: `http://127.0.0.1:${await port}`,
      printed: () => printed,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** Cap'n Proto's text form; JSON's strings are close enough to its own. */
function capnp(worker: Worker, compatibilityDate: string): string {
  const { modules, bindings = {}, compatibilityFlags = [], outbound } = worker;
  const text = JSON.stringify;
  const internet = outbound
    ? `external = (address = ${text(outbound)}, http = ())`
    : `network = (allow = ["public", "private"])`;
  return `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = .worker),
        (name = "internet", ${internet}),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const worker :Workerd.Worker = (
      modules = [${
    Object.entries(modules).map(([name, code]) =>
      `(name = ${text(name)}, esModule = ${text(code)})`
    )
  }],
      bindings = [${
    Object.entries(bindings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`)
  }],
      compatibilityDate = ${text(compatibilityDate)},
      compatibilityFlags = [${compatibilityFlags.map((flag) => text(flag))}],
    );
  `;
}
