/** The page "Run this endpoint", used in a real Chromium. */

import { sample } from "../support/amount.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { type Page, withPage } from "../support/browser.ts";
import { npmTools } from "../support/npm.ts";
import { CHROMIUM, testWith } from "../support/programs.ts";
import { picture, withDesk } from "./support.ts";

const text = async (page: Page, selector: string) => await page.textContent(selector) ?? "";

/** Gets a token with the mock's credentials. */
async function getToken(page: Page): Promise<string> {
  await page.waitForSelector("#answer option", { state: "attached" }); // the page has met its mock
  await page.click("#token-form button.primary");
  await page.waitForSelector("#token-result pre");
  return await text(page, "#token-result pre");
}

testWith(
  [CHROMIUM],
  "the page: a token and a call, by the keyboard alone, and nothing is asked of anybody else",
  async () => {
    await withDesk({}, ({ mock, url }) =>
      withPage({}, async (page, { errors, urls }) => {
        await page.goto(url);
        await page.waitForSelector("#answer option", { state: "attached" });
        const press = async (...keys: string[]) => {
          for (const key of keys) await page.keyboard.press(key);
        };
        await press("Tab", "Enter"); // skip to the form, which is filled in
        await press("Enter");
        await page.waitForSelector("#token-result pre");
        assertMatch(await text(page, "#token-result pre"), /^[A-Za-z0-9]{28}$/);
        // The button has the focus, so that one goes on from there.
        assertEquals(await page.evaluate("document.activeElement.textContent"), "Get Access Token");
        await press("Tab", "Tab", "Tab", "Tab"); // past "Use the mock's" and the token, to the level
        await press("ArrowDown"); // standard
        await press("Tab", "Tab", "Enter");
        await page.waitForSelector("#call-result pre");
        assertStringIncludes(await text(page, "#call-result"), "07700 900000");
        assertStringIncludes(await text(page, "#call-result"), "Mock Mobile");
        assertEquals(mock.requests.map(({ url }) => new URL(url).pathname), [
          "/oauth/client_credential/accesstoken",
          "/communication/nexmo/number-insight/standard",
        ]);
        assert(urls.every((asked) => asked.startsWith(`${url}/`) || asked.startsWith("data:")));
        assertEquals(errors, []);
      }));
  },
);

testWith(
  [CHROMIUM],
  "the page shows requests as the mock received them, and the raw answers",
  async () => {
    await withDesk({}, ({ mock, url }) =>
      withPage({}, async (page) => {
        await page.goto(url);
        const token = await getToken(page);
        await page.waitForSelector("#exchanges details[open]");
        const wire = await text(page, "#exchanges details");
        const [received] = mock.requests;
        assertStringIncludes(
          wire,
          "POST /oauth/client_credential/accesstoken?grant_type=client_credentials HTTP/1.1",
        );
        for (const [name, value] of Object.entries(received!.headers)) {
          assertStringIncludes(wire, `${name}: ${value}`);
        }
        assertStringIncludes(wire, received!.body);
        assertStringIncludes(wire, "HTTP/1.1 200 OK");
        assertStringIncludes(wire, `  "access_token": "${token}"`);
      }));
  },
);

testWith(
  [CHROMIUM],
  "the page tells why there is no token, and what to do",
  async () => {
    await withDesk({ control: true }, ({ mock, url }) =>
      withPage({}, async (page) => {
        await page.goto(url);
        await getToken(page);
        await page.fill("#client-secret", "WRONG");
        await page.click("#token-form button.primary");
        await page.waitForSelector("#token-result .bad");
        assertMatch(
          await text(page, "#token-result"),
          /invalid_client.*developer\.kpn\.com/,
        );
        assertEquals(mock.mints, 1);

        // What KPN is known to do: a revoked token, which the library cures by itself.
        await page.click("#use-mock");
        await getToken(page);
        await page.click("#revoke");
        await page.waitForSelector("text=All tokens are revoked.");
        await page.click("#call-form button.primary");
        await page.waitForSelector("#call-result .good");
        assertEquals(mock.mints, 3);

        await page.selectOption("#answer", "not_entitled");
        await page.selectOption("#to", "api");
        await page.click("#fail-form button");
        await page.waitForSelector("text=request there: not_entitled");
        await page.click("#call-form button.primary");
        await page.waitForSelector("#call-result .bad");
        assertStringIncludes(
          await text(page, "#call-result"),
          "InvalidAPICallAsNoApiProductMatchFound",
        );
        assertMatch(await text(page, "#call-result"), /401not_entitled: .*project/);
        await picture(page, "page-failures");
      }));
  },
);

testWith(
  [CHROMIUM],
  "the page explains a pasted error, and sends it nowhere",
  async () => {
    await withDesk({}, ({ mock, url }) =>
      withPage({}, async (page, { errors, urls }) => {
        await page.goto(url);
        await page.waitForSelector("#answer option", { state: "attached" });
        const asked = urls.length;
        const explained = async (pasted: string) => {
          await page.fill("#pasted", pasted);
          await page.click("#explain-form button");
          await page.waitForSelector("#explain-result .pill");
          return await text(page, "#explain-result");
        };
        const refusal =
          '{"fault":{"faultstring":"<b>Not active</b>","detail":{"errorcode":"keymanagement.service.DeveloperStatusNotActive"}}}';
        const said = await explained(`HTTP/2 401 \r\nx-request-id: r-1\r\n\r\n${refusal}`);
        assertMatch(said, /^not_approved.*pending or revoked/);
        assertMatch(said, /KPN said<b>Not active<\/b>/);
        assertMatch(said, /What to do.*developer\.kpn\.com.*quote transactionId r-1/);
        assertMatch(said, /What not to try.*will not help/);
        await picture(page, "page-explain");
        assertMatch(await explained("hello"), /^\?The answer cannot be read/);
        assertMatch(await explained('HTTP/2 200 \n\n{"status":0}'), /^200.*(no|not an) error/);
        const since = urls.slice(asked).filter((url) => !url.endsWith("/mock/log"));
        assertEquals([errors, since, mock.requests.length], [[], [], 0]);
      }));
  },
);

testWith(
  [CHROMIUM],
  "the page counts a token's lifetime down, and a call after its end gets a new one",
  async () => {
    let time = Date.UTC(2026, 0, 1);
    await withDesk(
      { now: () => time, lifetime: 3_600_000 },
      ({ mock, url }) =>
        withPage({}, async (page) => {
          await page.clock.install({ time });
          await page.goto(url);
          const first = await getToken(page);
          await page.clock.fastForward(600_000);
          assertMatch(await text(page, "#remaining"), /^(50:00|49:5\d)$/);
          await page.clock.fastForward(3_600_000);
          assertEquals(await text(page, "#remaining"), "expired");
          assertStringIncludes(await text(page, "#expiry"), "The next call gets a new one.");
          time += 4_200_000;
          await page.click("#call-form button.primary");
          await page.waitForSelector("#call-result .good");
          assertNotEquals(await text(page, "#token-result pre"), first);
          assertEquals(mock.mints, 2);
        }),
    );
  },
);

/** A desktop, the same at 200 %, and two phones, in CSS pixels. */
const WIDTHS = [1280, 640, 390, 320];

/** How the page looks; usually in one way. */
const LOOKS = WIDTHS.flatMap((width) =>
  (["light", "dark"] as const).flatMap((colorScheme) =>
    (["none", "active"] as const).map((forcedColors) => ({ width, colorScheme, forcedColors }))
  )
);

for (const look of sample(LOOKS, 1)) {
  const { width, colorScheme, forcedColors } = look;
  const name = `${width}-${colorScheme}${forcedColors === "active" ? "-forced-colors" : ""}`;
  testWith(
    [CHROMIUM],
    `the page is accessible and fits (axe finds nothing): ${name}`,
    async () => {
      const axe = await Deno.readTextFile(
        `${await npmTools()}node_modules/axe-core/axe.min.js`,
      );
      await withDesk(
        { control: true },
        ({ url }) =>
          withPage(look, async (page) => {
            await page.goto(url);
            await getToken(page);
            await page.click("#call-form button.primary");
            await page.waitForSelector("#call-result pre");
            await page.evaluate(axe);
            const found = await page.evaluate<string[]>(
              "axe.run().then(({ violations }) => violations.map((one) => one.id + ' ' + one.nodes.map((node) => node.target)))",
            );
            assertEquals(found, []);
            assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
            const [red] =
              (await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"))
                .match(/\d+/)!;
            assertEquals(Number(red) < 128, colorScheme === "dark");
            await picture(page, `page-${name}`);
          }),
      );
    },
  );
}
