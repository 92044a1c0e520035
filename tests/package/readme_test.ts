/** The README tells all options and all codes, and stays short. */

import { assert, assertEquals } from "../support/assert.ts";
import { run } from "../support/run.ts";

const README = await Deno.readTextFile("README.md");

/** The rows of a table whose first cell names what is in backquotes. */
const told = new Set(
  README.split("\n").filter((line) => line.startsWith("|"))
    .flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name)),
);

interface Doc {
  readonly nodes: Readonly<
    Record<string, { readonly symbols: readonly Symbol[] }>
  >;
}

interface Symbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly def: { readonly properties?: readonly { readonly name: string }[] };
  }[];
}

/** The properties of the interfaces that stand in a file. */
async function propertiesOf(file: string, names: readonly string[]): Promise<string[]> {
  const doc: Doc = JSON.parse(await run(Deno.execPath(), ["doc", "--json", file]));
  const symbols = Object.values(doc.nodes).flatMap(({ symbols }) => symbols);
  return names.flatMap((name) => {
    const symbol = symbols.find((symbol) => symbol.name === name);
    assert(symbol, `${file} has no ${name}`);
    return symbol.declarations.flatMap(({ def }) => def.properties ?? []).map(({ name }) => name);
  });
}

Deno.test("the README's tables have every option of a token source and an authorized fetch", async () => {
  const options = [
    ...await propertiesOf("src/request.ts", ["ClientCredentials", "TokenTarget"]),
    ...await propertiesOf("src/grant.ts", ["RequestTokenOptions"]),
    ...await propertiesOf("src/source.ts", ["TokenSourceOptions"]),
    ...(await propertiesOf("src/token.ts", ["Margins"])).map((name) => `margins.${name}`),
    ...await propertiesOf("src/fetch.ts", ["AuthorizedFetchOptions"]),
  ].filter((name) => name !== "margins");
  assert(options.length > 15);
  assertEquals(options.filter((name) => !told.has(name)), []);
});

Deno.test("the README has fewer than 300 lines", () => {
  assert(README.trimEnd().split("\n").length < 300);
});
