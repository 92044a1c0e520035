/** The npm package as it is packed, installed into a project of its own. */

import { bundle } from "./bundle.ts";
import { npmProject } from "./npm.ts";

let installed: Promise<string> | undefined;

/** The folder of a project that has the packed package in its `node_modules`, with what the examples use beside it. */
export function packedProject(): Promise<string> {
  return installed ??= install();
}

async function install(): Promise<string> {
  const project = await npmProject("packed", { ky: "2.1.0", "openapi-fetch": "0.17.0" });
  const folder = `${project}node_modules/kpn-auth`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/mod.mjs`, await bundle(`export * from "./mod.ts"`));
  await Deno.writeTextFile(`${folder}/mod.cjs`, await bundle(`export * from "./mod.ts"`, { format: "cjs" }));
  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify({
      name: "kpn-auth",
      exports: { ".": { import: "./mod.mjs", require: "./mod.cjs" } },
    }),
  );
  return project;
}
