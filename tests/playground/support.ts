/** What the playground's suites share: a playground on a socket, and a page in a real Chromium. */

import { createRequire } from "node:module";
import { type MockKpn, mockKpn, type MockKpnOptions } from "@kpn-auth/kpn-auth/testing";
import { createPlayground, type PlaygroundOptions } from "../../src/playground/playground.ts";
import { npmProject } from "../support/npm.ts";

/** A mock, and where its playground listens. */
export interface ServedPlayground {
  readonly mock: MockKpn;
  readonly url: string;
}

/** Does `work` while a playground listens on loopback. */
export async function withDesk(
  options: MockKpnOptions & PlaygroundOptions,
  work: (playground: ServedPlayground) => Promise<void>,
): Promise<void> {
  const mock = mockKpn(options);
  await withServer(createPlayground(mock, options), (url) => work({ mock, url }));
}

/** Does `work` while `handler` is served on loopback. */
export async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  try {
    await work(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

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
  waitForSelector(selector: string, options?: { state: "attached" | "detached" }): Promise<unknown>;
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

/** Does `work` with a page of a new browser; a step may take 20 s. */
export async function withPage(
  chromium: string,
  options: { readonly width?: number; readonly colorScheme?: "light" | "dark" },
  work: (page: Page, trouble: Trouble) => Promise<void>,
): Promise<void> {
  const folder = await npmProject("playwright", { "playwright-core": "1.65.1" });
  const playwright = createRequire(folder)("playwright-core");
  const browser = await playwright.chromium.launch({
    executablePath: chromium,
    args: ["--no-sandbox"],
  });
  try {
    const { width = 1200, colorScheme = "light" } = options;
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    const trouble: Trouble = { errors: [], urls: [] };
    page.on("pageerror", (error: Error) => trouble.errors.push(error.message));
    page.on("request", (request: { url(): string }) => trouble.urls.push(request.url()));
    page.on("console", (message: { type(): string; text(): string }) => {
      if (message.type() === "error") trouble.errors.push(message.text());
    });
    await work(page, trouble);
  } finally {
    await browser.close();
  }
}

/** Where Swagger UI and axe are installed. */
export function browserTools(): Promise<string> {
  return npmProject("playground", { "swagger-ui-dist": "5.35.0", "axe-core": "4.14.1" });
}

/** Keeps a picture under `.cache/screenshots/`, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const path = new URL(`../../.cache/screenshots/${name}.png`, import.meta.url).pathname;
  await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path, fullPage: true });
}
