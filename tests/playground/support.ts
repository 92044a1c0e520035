/** What the playground's suites share: a playground on a socket, and pictures of pages. */

import type { MockKpnOptions } from "kpn-auth/testing";
import { libraryBeside } from "../../src/cli/library.ts";
import { createGateway, type Gateway } from "../../src/mock/gateway.ts";
import { receive } from "../../src/mock/received.ts";
import { settingsOf } from "../../src/mock/settings.ts";
import { createPlayground, type PlaygroundOptions } from "../../src/playground/playground.ts";
import type { Page } from "../support/browser.ts";

const BIN = new URL("../../src/cli/bin.ts", import.meta.url).pathname;

/** A mock, and where its playground listens. */
export interface ServedPlayground {
  readonly mock: Gateway["mock"];
  readonly url: string;
}

/** Where {@linkcode playgroundOf} is asked. */
export const HOME = "http://127.0.0.1:8080";

/** A playground without a socket. */
export function playgroundOf(options: MockKpnOptions & PlaygroundOptions = {}) {
  const gateway = createGateway(settingsOf(options));
  const library = libraryBeside(BIN);
  const handle = createPlayground(gateway, { library, ...options });
  const ask = async (path: string, init?: RequestInit) =>
    await handle(await receive(new Request(new URL(path, HOME), init)));
  return { mock: gateway.mock, ask };
}

/** Does `work` while a playground listens on loopback. */
export async function withDesk(
  options: MockKpnOptions & PlaygroundOptions,
  work: (playground: ServedPlayground) => Promise<void>,
): Promise<void> {
  const gateway = createGateway(settingsOf(options));
  const handle = createPlayground(gateway, { library: libraryBeside(BIN), ...options });
  await withServer(
    async (request) => await handle(await receive(request)),
    (url) => work({ mock: gateway.mock, url }),
  );
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

/** Keeps a picture under `.cache/screenshots/`, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const path = new URL(`../../.cache/screenshots/${name}.png`, import.meta.url).pathname;
  await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path, fullPage: true });
}
