/** `llms.txt`: what the package is and exports, for a language model that reads it in `node_modules`. */

interface Doc {
  readonly doc?: string;
}

interface DocModule {
  readonly module_doc?: Doc;
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly { readonly jsDoc?: Doc }[];
  }[];
}

/** From README's first paragraphs and the docstrings of the modules, by the names of the package's subpaths. */
export async function llmsText(
  name: string,
  modules: readonly { readonly name: string; readonly path: string }[],
): Promise<string> {
  const [title, summary] = (await Deno.readTextFile("README.md")).split("\n\n");
  const nodes = await docsOf(modules.map(({ path }) => path));
  const sections = modules.map(({ name: subpath, path }) => {
    const { module_doc, symbols } = nodes[new URL(path, `file://${Deno.cwd()}/`).href]!;
    const exported = symbols.map(({ name, declarations }) =>
      `- \`${name}\`: ${firstSentence(declarations.find(({ jsDoc }) => jsDoc?.doc)?.jsDoc)}`
    );
    const entry = subpath.replace(".", name);
    const intro = oneLine(plain(module_doc).split("\n\n")[0]);
    return [`## from "${entry}"`, intro, exported.join("\n")].join("\n\n");
  });
  const more = `- [README](README.md)\n- [Changes](CHANGELOG.md)`;
  return `${title}\n\n> ${oneLine(summary)}\n\n${
    sections.join("\n\n")
  }\n\n## Read more\n\n${more}\n`;
}

async function docsOf(paths: readonly string[]): Promise<Record<string, DocModule>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...paths],
  }).output();
  if (!success) throw new Error(`deno doc failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)).nodes;
}

function firstSentence(doc?: Doc): string {
  return /^.*?[.!](?= |$)|^.*/.exec(oneLine(plain(doc).split("\n\n")[0]))![0];
}

/** Without the links that only a documentation generator follows. */
function plain(doc?: Doc): string {
  return (doc?.doc ?? "").replace(/\{@link(?:code|plain)? ([^}]+)\}/g, "`$1`");
}

function oneLine(text = ""): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}
