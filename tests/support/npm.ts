/** Heavy development dependencies, installed from npm when a suite first needs them. */

/**
 * The folder of a project that has `dependencies` (name to exact version, or an npm
 * alias) in its `node_modules`: made under `.cache/` on first use, then kept. No
 * install script runs and no binary is linked.
 */
export function npmProject(
  name: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<string> {
  const manifest = JSON.stringify({ name, private: true, type: "module", dependencies }, null, 2);
  // Tests that run at once must not install into one folder at once.
  const known = installed.get(manifest) ?? install(name, manifest);
  installed.set(manifest, known);
  return known;
}

const installed = new Map<string, Promise<string>>();

async function install(name: string, manifest: string): Promise<string> {
  const folder = new URL(`../../.cache/${name}/`, import.meta.url).pathname;
  if (await readText(`${folder}installed.json`) === manifest) return folder;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}package.json`, manifest);
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund"],
    cwd: folder,
    stdin: "null",
  }).output();
  if (!success) {
    throw new Error(`npm could not install ${name}: ${new TextDecoder().decode(stderr)}`);
  }
  await Deno.writeTextFile(`${folder}installed.json`, manifest);
  return folder;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}
