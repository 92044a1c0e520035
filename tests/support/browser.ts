/** A real Chromium: started once for a test file, and driven by Playwright. */

import { createRequire } from "node:module";
import { npmTools } from "./npm.ts";
import { CHROMIUM, findProgram } from "./programs.ts";

/** The part of Playwright's `Page` that is used here. */
export interface Page {
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
  /** The page's clock, in the test's hand. */
  readonly clock: {
    install(options: { time: number }): Promise<void>;
    fastForward(ms: number): Promise<void>;
  };
  goto(url: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  fill(selector: string, value: string): Promise<void>;
  check(selector: string): Promise<void>;
  selectOption(selector: string, value: string): Promise<unknown>;
  textContent(selector: string): Promise<string | null>;
  waitForSelector(
    selector: string,
    options?: { state: "attached" | "detached" | "hidden" },
  ): Promise<unknown>;
  // deno-lint-ignore no-explicit-any -- what runs in the page returns what it likes
  evaluate<T>(work: string | ((argument: any) => T), argument?: unknown): Promise<T>;
  screenshot(options: { path: string; fullPage: boolean }): Promise<unknown>;
  // deno-lint-ignore no-explicit-any -- events of many kinds
  on(event: string, listener: (argument: any) => void): void;
}

/** What a page did that it should not have. */
export interface Trouble {
  /** Errors that it threw, and what it complained of in the console. */
  readonly errors: string[];
  /** Every URL that it asked for. */
  readonly urls: string[];
}

/** How a page looks. */
export interface PageOptions {
  readonly width?: number;
  readonly colorScheme?: "light" | "dark";
  /** The reader's own few colours, in place of the page's. */
  readonly forcedColors?: "active" | "none";
  /** Default: the machine's. */
  readonly timezoneId?: string;
}

/** A step of a page may take so many ms: what hangs ends. */
const PATIENCE = 120_000;

const FLAGS = [
  "--no-sandbox",
  "--no-first-run",
  "--no-startup-window", // a tab that is slow to start would hold up whoever connects
  "--disable-gpu",
  "--accept-lang=en-US,en;q=0.9", // the whole browser has a language by itself
  "--hide-scrollbars",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-extensions",
  "--force-color-profile=srgb",
  "--password-store=basic",
  "--remote-debugging-port=0",
];

/** Does `work` with a page that shares nothing with other pages but the browser's process. */
export async function withPage(
  { width = 1200, colorScheme = "light", ...options }: PageOptions,
  work: (page: Page, trouble: Trouble) => Promise<void>,
): Promise<void> {
  const context = await (await (browser ??= connect())).newContext({
    viewport: { width, height: 800 },
    colorScheme,
    ...options,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  try {
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const trouble: Trouble = { errors: [], urls: [] };
    page.on("pageerror", (error: Error) => trouble.errors.push(error.message));
    page.on("request", (request: { url(): string }) => trouble.urls.push(request.url()));
    page.on("console", (message: { type(): string; text(): string }) => {
      if (message.type() === "error") trouble.errors.push(message.text());
    });
    await work(page, trouble);
  } finally {
    await context.close();
  }
}

// deno-lint-ignore no-explicit-any -- Playwright is no dependency, so its types are not here
let browser: Promise<any> | undefined;

async function connect() {
  const playwright = createRequire(await npmTools())("playwright-core");
  return await playwright.chromium.connectOverCDP(await start(findProgram(CHROMIUM)!), {
    timeout: PATIENCE,
  });
}

/** Starts the browser; a shell ends it when this process ends, however that comes. */
async function start(chromium: string): Promise<string> {
  const profile = await Deno.makeTempDir({ prefix: "kpn-auth-chromium-" });
  const script = '"$@" >"$0/log" 2>&1 & read end; kill -9 $!; wait; rm -rf "$0"';
  new Deno.Command("sh", {
    args: ["-c", script, profile, chromium, ...FLAGS, `--user-data-dir=${profile}`],
    stdin: "piped",
    stdout: "null",
  }).spawn().unref();
  for (let look = 0; look < 2_000; look++) {
    const [, url] = /DevTools listening on (ws:\S+)/.exec(
      await Deno.readTextFile(`${profile}/log`).catch(() => ""),
    ) ?? [];
    if (url) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Chromium did not start: ${await Deno.readTextFile(`${profile}/log`)}`);
}
