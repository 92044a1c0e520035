/** The packed tarball, installed into an empty project: what all tests of the package look at. */

import { npmProject } from "../support/npm.ts";

/** A project in a temporary folder that has the package, and nothing but the package, installed. */
export interface Installed {
  /** The project's folder. */
  readonly folder: string;
  /** The tarball, and the files in it. */
  readonly tarball: string;
  readonly files: readonly string[];
  /** Its `package.json`. */
  readonly manifest: Manifest;
  /** `kpn-auth`, `kpn-auth/curl`, …: what can be imported. */
  readonly entryPoints: readonly string[];
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, { import: string; require: string }>>;
  readonly [field: string]: unknown;
}

let installing: Promise<Installed> | undefined;

/** Builds, packs and installs once for all tests. */
export function installed(): Promise<Installed> {
  return installing ??= install();
}

async function install(): Promise<Installed> {
  const folder = await Deno.makeTempDir({ prefix: "kpn-auth-package-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const build = `${folder}/build`;
  await run(Deno.execPath(), [
    "run",
    "--no-lock",
    "--no-prompt",
    "-A",
    "scripts/build_npm.ts",
    `--out=${build}`,
  ]);
  const packed = await run("npm", ["pack", build, "--json", "--pack-destination", folder], folder);
  const [{ filename, files }] = JSON.parse(packed);
  await Deno.remove(build, { recursive: true });

  const tarball = `${folder}/${filename}`;
  const project = `${folder}/project`;
  await Deno.mkdir(project);
  await Deno.writeTextFile(`${project}/package.json`, `{ "private": true }`);
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], project);
  const manifest: Manifest = JSON.parse(
    await Deno.readTextFile(`${project}/node_modules/kpn-auth/package.json`),
  );
  return {
    folder: project,
    tarball,
    files: files.map(({ path }: { path: string }) => path).sort(),
    manifest,
    entryPoints: Object.keys(manifest.exports).map((path) => path.replace(".", manifest.name)),
  };
}

/** The tools that look at it: one project, one install. */
export function tools(): Promise<string> {
  return npmProject("package", {
    "ts54": "npm:typescript@5.4.5",
    "ts56": "npm:typescript@5.6.3",
    "ts59": "npm:typescript@5.9.3",
    "ts60": "npm:typescript@6.0.3",
    "ts70": "npm:typescript@7.0.2",
    "@types/node": "20.19.43",
    "@cloudflare/workers-types": "5.20261117.1",
    "bun-types": "1.4.5",
    "undici": "7.30.2",
    "publint": "0.3.25",
    "@arethetypeswrong/core": "0.18.5",
    "jest": "30.5.2",
    "esbuild": "0.28.2",
    "rollup": "4.68.8",
    "@rollup/plugin-node-resolve": "16.0.3",
    "webpack": "5.112.2",
  });
}

/** Makes packages of the tools' project visible in another one. */
export async function link(folder: string, names: readonly string[]): Promise<void> {
  const modules = `${await tools()}node_modules`;
  for (const name of names) {
    const [scope] = name.split("/").slice(0, -1);
    if (scope) await Deno.mkdir(`${folder}/node_modules/${scope}`, { recursive: true });
    await Deno.symlink(`${modules}/${name}`, `${folder}/node_modules/${name}`);
  }
}

/** The standard output of a command; throws with all that it said if it fails. */
export async function run(
  command: string,
  args: readonly string[],
  cwd = Deno.cwd(),
): Promise<string> {
  const output = await new Deno.Command(command, { args: [...args], cwd, stdin: "null" }).output();
  const [stdout, stderr] = [output.stdout, output.stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  if (!output.success) throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout!;
}
