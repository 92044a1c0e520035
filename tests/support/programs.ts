/** Tests that need system programs: found, or skipped by name; with `CI=true` a missing one fails. */

/** The paths of the programs that a test asked for, by name. */
export type Programs<Name extends string> = Readonly<Record<Name, string>>;

/** Chromium without a window: for a page's test it takes a third of what the whole browser does. */
export const CHROMIUM = "chromium-headless-shell";

/** A test that needs the programs named: where one is missing it reports itself as skipped, by name. */
export function testWith<Name extends string>(
  needed: readonly Name[],
  name: string,
  test: (programs: Programs<Name>, context: Deno.TestContext) => void | Promise<void>,
  options: Pick<Deno.TestDefinition, "sanitizeOps" | "sanitizeResources"> = {},
): void {
  const found = needed.map((program) => [program, findProgram(program)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([program]) => program);
  if (missing.length === 0) {
    // What drives a browser keeps a connection to it over all tests.
    const sanitize = !(needed as readonly string[]).includes(CHROMIUM);
    return Deno.test(
      name,
      { sanitizeOps: sanitize, sanitizeResources: sanitize, ...options },
      (context) => test(Object.fromEntries(found) as Programs<Name>, context),
    );
  }
  const skipped = `${name} [needs ${missing.join(", ")}]`;
  if (Deno.env.get("CI") !== "true") return Deno.test.ignore(skipped, () => {});
  Deno.test(skipped, () => {
    throw new Error(`On CI every program must be there; missing: ${missing.join(", ")}`);
  });
}

/** Where a program is on the `PATH`. */
export function findProgram(name: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return folders.map((folder) => `${folder}/${name}`).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
