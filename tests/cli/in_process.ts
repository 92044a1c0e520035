/** A command line in no process, before a mock without a socket. */

import { type Io, main } from "../../src/cli/main.ts";
import { type MockKpn, mockKpn } from "../../src/mock/mock.ts";
import type { Ended } from "../support/run.ts";

/** What a run is given beside its arguments. */
export type Given = Partial<Io> & { readonly variables?: Readonly<Record<string, string>> };

export const VARIABLES = {
  KPN_CLIENT_ID: "APP_CLIENT_ID",
  KPN_CLIENT_SECRET: "APP_CLIENT_SECRET",
};

/** Runs a command line to its end. */
export async function run(
  args: readonly string[],
  mock: MockKpn = mockKpn(),
  { variables = VARIABLES, ...given }: Given = {},
): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const code = await main(args, {
    env: (name) => variables[name],
    platform: "linux",
    runtime: { name: "deno", version: "2.9.6" },
    terminal: { stdin: false, stdout: false, stderr: false },
    fetch: mock.fetch,
    stdin: new ReadableStream<Uint8Array>(),
    typed: () => Promise.resolve(""),
    stdout: (chunk) => {
      stdout += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
      return Promise.resolve();
    },
    stderr: (text) => {
      stderr += text;
      return Promise.resolve();
    },
    interrupted: () => new Promise(() => {}),
    ...given,
  });
  return { code, stdout, stderr };
}

/** A file for a while. */
export async function withFile(
  content: string | Uint8Array,
  work: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    await work(path);
  } finally {
    await Deno.remove(path);
  }
}

/** A stream of what is piped in. */
export function piped(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}
