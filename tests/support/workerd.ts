/** Cloudflare's workerd as a process of its own, on a free port of loopback. */

import { npmTools } from "./npm.ts";
import { type Running, start } from "./run.ts";

/** The newest workerd, and the one that miniflare brings; with the last date that each accepts. */
export const WORKERDS = { newest: "2026-11-17", miniflare: "2026-07-30" } as const;

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

/** Starts a worker, and waits until it listens. */
export async function startWorkerd(which: keyof typeof WORKERDS, worker: Worker): Promise<Workerd> {
  const program = `${await npmTools()}node_modules/workerd-${which}/bin/workerd`;
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/worker.capnp`, capnp(worker, WORKERDS[which]));
  // Its events and what the worker prints come on one stream.
  const args = ["serve", `${folder}/worker.capnp`, "--experimental", "--control-fd=1"];
  let workerd: Running;
  try {
    workerd = await start(program, args, /\{"event":"listen","socket":"http","port":(\d+)\}/, {
      env: { TZ: "UTC" },
      clearEnv: true,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return {
    origin: `http://127.0.0.1:${workerd.ready[1]}`,
    printed: workerd.printed,
    [Symbol.asyncDispose]: () => workerd.kill(), // SIGTERM waits for hung requests
  };
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
