/** The page in browsers that Playwright does not drive: one journey, which runs inside of the page. */

import { type Browser, firefox, webkit } from "../runtimes/browsers.ts";
import { ALL } from "../support/amount.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { testWith } from "../support/programs.ts";
import { withDesk } from "./support.ts";

/** Each takes seconds to start, and is tried where everything is. */
const BROWSERS: Readonly<Record<string, { readonly run: Browser; readonly needed: string[] }>> = {
  Firefox: { run: firefox, needed: ["firefox-esr"] },
  WebKit: { run: webkit, needed: ["Xvfb", "WebKitWebDriver"] },
};

for (const [name, { run, needed }] of Object.entries(ALL ? BROWSERS : {})) {
  testWith(
    needed,
    `the page in ${name}: ready, a token, a call, what hangs is cancelled, axe finds nothing`,
    async () => {
      await withDesk({ control: true }, async ({ mock, url }) => {
        const axe = await Deno.readTextFile(`${await npmTools()}node_modules/axe-core/axe.min.js`);
        const printed = await run(
          `${url}/`,
          `${axe}; globalThis.done = (${journey})().then(JSON.stringify, String)
            .then((told) => console.log("TOLD" + encodeURIComponent(told) + "END"));`,
        );
        const [, told = printed] = /TOLD(.*?)END/.exec(printed) ?? [];
        const { token, call, cancelled, ...rest } = JSON.parse(decodeURIComponent(told));
        assertMatch(token, /^[A-Za-z0-9]{28}$/);
        assertMatch(call, /^200.*07700 900000/s);
        assertMatch(cancelled, /You stopped waiting/);
        assertEquals(rest, { id: "APP_CLIENT_ID", found: [], tooWide: 0, logged: 3 });
        assertEquals(mock.mints, 1);
      });
    },
  );
}

/** What runs in the page; gives what it saw. */
async function journey() {
  // deno-lint-ignore no-explicit-any -- the page's own globals
  const { document, fetch, axe, innerWidth } = globalThis as any;
  const until = async (selector: string) => {
    for (let look = 0; look < 2_000; look++) {
      const element = document.querySelector(selector);
      if (element) return element;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`There is no ${selector}: ${document.body.innerText}`);
  };
  const press = async (selector: string) => (await until(selector)).click();
  await until("#answer option");
  const id = document.querySelector("#client-id").value;
  await press("#token-form .primary");
  const token = (await until("#token-result pre")).textContent;
  await press("#call-form .primary");
  await until("#call-result .good");
  const call = document.querySelector("#call-result").textContent;
  await fetch("/mock/respond-next", { method: "POST", body: '{"answer":"never"}' });
  await press("#call-form .primary");
  await press("#call-form .primary + button");
  await until("#call-form .primary:not([aria-disabled])");
  const cancelled = document.querySelector("#call-result").textContent;
  await until("#log li:nth-child(3)");
  const logged = document.querySelector("#log").children.length;
  const { violations } = await axe.run();
  const found = violations.map(({ id, nodes }: Violation) =>
    `${id} ${nodes.map(({ html }) => html)}`
  );
  const tooWide = Math.max(0, document.documentElement.scrollWidth - innerWidth);
  return { id, token, call, cancelled, found, tooWide, logged };
}

/** What axe finds. */
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}
