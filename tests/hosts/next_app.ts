/** A small application of Next.js, whose `lib/kpn.js` is the recipe of the cookbook. */

import { installed } from "../package/installed.ts";
import { example } from "../runtimes/examples.ts";
import { hostTools } from "./tools.ts";

/** A call that no cache has answered yet, and what came of it. Reads nothing of the request: a route that does is dynamic. */
const CALL = `
  const URL = "/communication/nexmo/number-insight/basic";
  const call = async (fetch, number) => {
    const body = new URLSearchParams({ number });
    const response = await fetch(URL, { method: "POST", body });
    return \`\${response.status} \${(await response.json()).country_name}\`;
  };
  const another = () => \`447700\${String(performance.now()).replace(".", "").slice(-6)}\`;
`;

const PLAIN = `
  import { authorizedFetch } from "kpn-auth";
  const plain = authorizedFetch(globalThis.kpnSource);
`;

const route = (code: string) => `
  import * as lib from "../../lib/kpn.js";
  ${code}
  export async function GET() {
    return new Response(\`\${lib.edition} \${await answer()}\`);
  }
`;

/** Everything but `lib/kpn.js`. */
const FILES: Readonly<Record<string, string>> = {
  "package.json": `{ "private": true }`,
  "app/layout.js": `
    export default ({ children }) => <html><body>{children}</body></html>;
  `,
  "app/route-handler/route.js": route(`${CALL} const answer = () => call(lib.kpn, another());`),
  // Without `no-store`: Next.js 14 caches what it can.
  "app/plain/route.js": route(`${PLAIN} ${CALL} const answer = () => call(plain, another());`),
  "app/cached/route.js": route(
    `${PLAIN} ${CALL} const answer = () => call(plain, "447700900000");`,
  ),
  "app/component/page.js": `
    import { kpn } from "../../lib/kpn.js";
    ${CALL}
    export default async () => <p>{await call(kpn, another())}</p>;
  `,
  "app/revalidated/page.js": `
    import "../../lib/kpn.js";
    ${PLAIN} ${CALL}
    export const revalidate = 1;
    export default async () => <p>{performance.now()} {await call(plain, another())}</p>;
  `,
  "middleware.js": `
    import * as lib from "./lib/kpn.js";
    ${CALL}
    export const config = { matcher: "/edge" };
    export const middleware = async () =>
      new Response(\`\${lib.edition} \${await call(lib.kpn, another())}\`);
  `,
};

/** An application in a folder of its own. */
export interface App extends AsyncDisposable {
  readonly folder: string;
  /** Next.js's program, for Node. */
  readonly next: string;
  /** Changes `lib/kpn.js`, as a developer does: its `edition` shows which is run. */
  edit(edition: number): Promise<void>;
}

/** Writes the application, with this Next.js. */
export async function nextApp(next: "next14" | "next15"): Promise<App> {
  const folder = await Deno.makeTempDir({ prefix: "kpn-auth-next-" });
  const recipe = await example("next/lib/kpn.js", ".github/COOKBOOK.md");
  const inEdition = (edition: number) => `${recipe}\nexport const edition = ${edition};\n`;
  for (const [path, text] of Object.entries({ ...FILES, "lib/kpn.js": inEdition(0) })) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
  const tools = `${await hostTools()}node_modules`;
  const packages = `${(await installed()).folder}/node_modules`;
  await Deno.mkdir(`${folder}/node_modules`);
  for (
    const [name, path] of [
      ["next", `${tools}/${next}`],
      ["react", `${tools}/react`],
      ["react-dom", `${tools}/react-dom`],
      ["kpn-auth", `${packages}/kpn-auth`],
    ] as const
  ) {
    await Deno.symlink(path, `${folder}/node_modules/${name}`);
  }
  return {
    folder,
    next: `${folder}/node_modules/next/dist/bin/next`,
    edit: (edition) => Deno.writeTextFile(`${folder}/lib/kpn.js`, inEdition(edition)),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
