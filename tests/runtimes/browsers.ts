/** Browsers in which the conformance suite runs: each opens a page, runs code there, and closes. */

import { withPage } from "../support/browser.ts";
import { npmTools } from "../support/npm.ts";
import { freePort } from "../support/ports.ts";
import { findProgram } from "../support/programs.ts";
import { start } from "../support/run.ts";
import { node, runProgram, withFile } from "./programs.ts";

/** Runs `code` in a page until `globalThis.done` is fulfilled: all that the page's console showed. */
export type Browser = (page: string, code: string) => Promise<string>;

/** Chromium, by Playwright. */
export const chromium: Browser = async (page, code) => {
  const printed: Promise<string>[] = [];
  await withPage({}, async (browser) => {
    browser.on("console", (message) => printed.push(shown(message)));
    await browser.goto(page);
    await browser.evaluate(`${code}; globalThis.done`);
    await Promise.all(printed); // while the page has the values
  });
  return (await Promise.all(printed)).join("\n");
};

/** Firefox, by Puppeteer over WebDriver BiDi, which wants Node. */
export const firefox: Browser = async (page, code) => {
  const driver = `
    import { inspect } from "node:util";
    import puppeteer from "${await npmTools()}node_modules/puppeteer-core/lib/puppeteer/puppeteer-core.js";
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: ${JSON.stringify(findProgram("firefox-esr"))},
      protocolTimeout: ${LONGEST},
    });
    try {
      const tab = await browser.newPage();
      tab.on("console", async (message) => {
        const values = message.args().map((arg) => arg.jsonValue().catch(String));
        console.log(message.text(), inspect(await Promise.all(values), { depth: 9 }));
      });
      await tab.goto("${page}");
      await tab.evaluate(${JSON.stringify(`${code}; globalThis.done`)});
    } finally {
      await browser.close();
    }
  `;
  const program = await node(24);
  return await withFile("firefox.mjs", driver, (path) => runProgram(program, [path]));
};

/** WebKit: MiniBrowser on a screen of its own, by WebDriver. */
export const webkit: Browser = async (page, code) => {
  await using screen = await start(findProgram("Xvfb")!, ["-displayfd", "1"], /^\d+\n/m);
  const port = freePort();
  const env = { DISPLAY: `:${screen.ready[0].trim()}`, LC_ALL: "C" };
  const args = [findProgram("WebKitWebDriver")!, `--port=${port}`];
  // The driver says nothing when it is ready: a shell says when it begins, and then becomes it.
  await using _driver = await start("sh", ["-c", 'echo begun; exec "$@"', "sh", ...args], /begun/, {
    env,
  });
  const session = await webdriver(`http://127.0.0.1:${port}/session`, {
    capabilities: {
      alwaysMatch: {
        "webkitgtk:browserOptions": { binary: miniBrowser(), args: ["--automation"] },
        timeouts: { script: LONGEST },
      },
    },
  });
  const url = `http://127.0.0.1:${port}/session/${session.sessionId}`;
  try {
    await webdriver(`${url}/url`, { url: page });
    const script = `${RECORDED} ${code}
      const end = arguments[arguments.length - 1];
      globalThis.done.then(() => end(printed.join("\\n")), (error) => end(String(error)));`;
    return await webdriver(`${url}/execute/async`, { script, args: [] });
  } finally {
    await fetch(url, { method: "DELETE" }).then((response) => response.body?.cancel());
  }
};

/** Debian puts it into a folder of WebKitGTK's version. */
function miniBrowser(): string {
  const libraries = "/usr/lib/x86_64-linux-gnu";
  const folders = Array.from(Deno.readDirSync(libraries), ({ name }) => `${libraries}/${name}`);
  return `${folders.find((folder) => folder.includes("/webkit2gtk-"))}/MiniBrowser`;
}

/** WebDriver hands out no console: the page keeps what its console was given, with what no JSON shows. */
const RECORDED = `
  const printed = [];
  const hidden = (value, seen = []) => Object(value) !== value || seen.includes(value)
    ? String(value)
    : Reflect.ownKeys(value).map((key) => String(key) + ": " + hidden(value[key], [...seen, value]));
  for (const name of ["log", "dir"]) {
    console[name] = (...values) => printed.push(...values.map((value) => name + " " + hidden(value)));
  }
`;

/** Sends a command of WebDriver. */
// deno-lint-ignore no-explicit-any -- each command has an answer of its own
async function webdriver(url: string, command: unknown): Promise<any> {
  for (let tries = 0;; tries++) {
    try {
      const response = await fetch(url, { method: "POST", body: JSON.stringify(command) });
      const { value } = await response.json();
      if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
      return value;
    } catch (error) {
      if (!(error instanceof TypeError) || tries === 600) throw error; // it does not listen yet
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** No machine is so busy that this runs out, in ms. */
const LONGEST = 10 * 60_000;

/** What a page's console shows of the values that it is given. */
async function shown(message: ConsoleMessage): Promise<string> {
  const values = message.args().map((arg) => arg.jsonValue().catch(String));
  return `${message.text()} ${Deno.inspect(await Promise.all(values), { depth: 9 })}`;
}

/** The part of Playwright's that is used here. */
interface ConsoleMessage {
  text(): string;
  args(): { jsonValue(): Promise<unknown> }[];
}
