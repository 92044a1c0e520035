/** Examples of our documents, taken out as they stand there, and served. */

import { installed } from "../package/installed.ts";
import { assert } from "../support/assert.ts";
import { start } from "../support/run.ts";

/** The code block of a document that follows its name in a comment. */
export async function example(name: string, document = "README.md"): Promise<string> {
  const text = await Deno.readTextFile(new URL(`../../${document}`, import.meta.url));
  const [, code] = text.split(`<!-- example: ${name} -->`)[1]?.match(/```\w+.*\n([^]*?)```/) ?? [];
  assert(code, `${document} has no example ${name}`);
  return code;
}

/** What serves, until it is disposed of. */
export interface Served extends AsyncDisposable {
  readonly origin: string;
}

/** A program that serves until it is ended, and prints its port. */
export async function serve(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Served> {
  const served = await start(program, args, /(?:localhost:|127\.0\.0\.1:|on port )(\d+)/, {
    cwd: (await installed()).folder,
    env: { ...env, NO_COLOR: "1" },
  });
  return {
    origin: `http://127.0.0.1:${served.ready[1]}`,
    [Symbol.asyncDispose]: () => served.kill(),
  };
}
