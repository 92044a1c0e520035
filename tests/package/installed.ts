/** The packed tarball, installed into an empty project: what all tests of the package look at. */

import { npmTools } from "../support/npm.ts";
import { filledOnce } from "../support/once.ts";
import { run } from "../support/run.ts";

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
  /** By subpath; `./package.json` is a path, the modules are pairs. */
  readonly exports: Readonly<Record<string, string | { import: string; require: string }>>;
  /** Who built it: `dnt@…`, or the fall-back's `typescript@…`. */
  readonly _generatedBy: string;
  readonly [field: string]: unknown;
}

/** Whether what is tested must be what is released; dnt is a build step that this machine may not reach. */
export const REQUIRE_DNT: boolean = Deno.args.includes("--require-dnt");

let installing: Promise<Installed> | undefined;

/** Installs for all tests of a process, in a folder of its own that they may write to. */
export function installed(): Promise<Installed> {
  return installing ??= install();
}

async function install(): Promise<Installed> {
  const folder = await Deno.makeTempDir({ prefix: "kpn-auth-package-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const copy = (kept: string) => run("cp", ["-R", kept, `${folder}/kept`]);
  await filledOnce("packed", await sourcesKey(), pack, copy);
  const project = `${folder}/kept/project`;
  const manifest: Manifest = JSON.parse(
    await Deno.readTextFile(`${project}/node_modules/kpn-auth/package.json`),
  );
  const [{ filename, files }] = JSON.parse(await Deno.readTextFile(`${folder}/kept/packed.json`));
  return {
    folder: project,
    tarball: `${folder}/kept/${filename}`,
    files: files.map(({ path }: { path: string }) => path).sort(),
    manifest,
    entryPoints: Object.keys(manifest.exports).filter((path) => path !== "./package.json")
      .map((path) => path.replace(".", manifest.name)),
  };
}

/** Builds, packs, and installs into an empty project. */
async function pack(folder: string): Promise<void> {
  const build = `${folder}build`;
  const script = ["run", "--no-lock", "--no-prompt", "-A", "scripts/build_npm.ts"];
  const flags = REQUIRE_DNT ? ["--require-dnt"] : [];
  await run(Deno.execPath(), [...script, `--out=${build}`, ...flags]);
  const packed = await run("npm", ["pack", build, "--json", "--pack-destination", folder]);
  await Deno.writeTextFile(`${folder}packed.json`, packed);
  await Deno.remove(build, { recursive: true });
  const [{ filename }] = JSON.parse(packed);
  await Deno.mkdir(`${folder}project`);
  await Deno.writeTextFile(`${folder}project/package.json`, `{ "private": true }`);
  const install = ["install", "--offline", "--no-audit", "--no-fund", `../${filename}`];
  await run("npm", install, { cwd: `${folder}project` });
}

/** All that the package is made of. */
async function sourcesKey(): Promise<string> {
  const files = ["mod.ts", "deno.json", "README.md", "CHANGELOG.md", "LICENSE"];
  const scripts = ["scripts/build_npm.ts", "scripts/emit_npm.ts", "scripts/llms.ts"];
  const paths = [...files, ...scripts, ...sources("src")];
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  return [String(REQUIRE_DNT), ...texts].join("\0");
}

function sources(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? sources(`${folder}/${name}`) : [`${folder}/${name}`]
  ).sort();
}

/** Makes packages of the tests' tools visible in another project. */
export async function link(folder: string, names: readonly string[]): Promise<void> {
  const modules = `${await npmTools()}node_modules`;
  for (const name of names) {
    const [scope] = name.split("/").slice(0, -1);
    if (scope) await Deno.mkdir(`${folder}/node_modules/${scope}`, { recursive: true });
    await Deno.symlink(`${modules}/${name}`, `${folder}/node_modules/${name}`);
  }
}
