/** The page while things happen: ready at once, waiting and cancelled, every program's requests, local time. */

import { indented } from "../../src/playground/page/elements.js";
import { sample } from "../support/amount.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type Page, withPage } from "../support/browser.ts";
import { CHROMIUM, testWith } from "../support/programs.ts";
import { withDesk, withServer } from "./support.ts";

const text = async (page: Page, selector: string) => await page.textContent(selector) ?? "";
const met = (page: Page) => page.waitForSelector("#answer option", { state: "attached" });
const CALL = "/communication/nexmo/number-insight/basic";

testWith(
  [CHROMIUM],
  "the page starts with the mock's credentials, a command, and no error",
  async () => {
    await withDesk(
      { clientId: "my-id", clientSecret: "my-secret" },
      ({ url }) =>
        withPage({}, async (page, { errors }) => {
          await page.goto(url);
          await met(page);
          assertEquals(
            await page.evaluate("['client-id', 'client-secret'].map((id) => window[id].value)"),
            ["my-id", "my-secret"],
          );
          assertMatch(await text(page, "#snippet pre"), /^curl /);
          assertMatch(
            await text(page, "#first pre"),
            /KPN_CLIENT_ID='my-id'\n.*SECRET='CLIENT_SECRET'$/,
          );
          assertEquals(await page.evaluate("document.querySelectorAll('.bad').length"), 0);
          assertEquals(errors, []);
        }),
    );
  },
);

testWith(
  [CHROMIUM],
  "where the mock keeps its credentials to itself, the page offers none, and shows no error",
  async () => {
    await withDesk({}, async ({ url }) => {
      const elsewhere = async (request: Request) => {
        const { pathname } = new URL(request.url);
        if (pathname.startsWith("/mock")) return new Response(null, { status: 403 });
        return await fetch(url + pathname);
      };
      await withServer(elsewhere, (origin) =>
        withPage({}, async (page) => {
          await page.goto(origin);
          await page.waitForSelector("#use-mock", { state: "hidden" });
          assertMatch(await text(page, "#snippet pre"), /^curl /);
          assertEquals(await page.evaluate("window['log-card'].hidden"), true);
        }));
    });
  },
);

/** What can hang, and in which form; usually one of them does. */
const WAITS = [["token", "token"], ["token", "call"], ["api", "call"]] as const;

for (const [to, form] of sample(WAITS, 1)) {
  testWith(
    [CHROMIUM],
    `what waits for the ${to} in the ${form} form can be cancelled, and works again`,
    async () => {
      await withDesk({}, ({ mock, url }) =>
        withPage({}, async (page) => {
          await page.goto(url);
          await met(page);
          mock.respondNext("never", { to });
          await page.click(`#${form}-form button.primary`);
          await page.click(`#${form}-form button:has-text('Cancel')`);
          await page.waitForSelector(`#${form}-result >> text=You stopped waiting`);
          await page.waitForSelector("#exchanges >> text=the page stopped waiting");
          await page.click(`#${form}-form button.primary`);
          await page.waitForSelector(`#${form}-result .good`);
          assertEquals(mock.mints, 1, "a token that is held is used again");
        }));
    },
  );
}

testWith(
  [CHROMIUM],
  "the page shows what any program sends to the mock, as it comes, without secrets and tokens",
  async () => {
    await withDesk({}, ({ mock, url }) =>
      withPage({}, async (page) => {
        await page.goto(url);
        await page.waitForSelector("text=None yet.");
        const refused = await fetch(`${url}${CALL}?client_secret=HUSH`, {
          method: "POST",
          headers: { authorization: "Bearer HUSH-TOKEN" },
          body: new URLSearchParams({ number: "1" }),
        });
        await refused.body?.cancel();
        await page.waitForSelector("#log .bad");
        const row = await text(page, "#log li");
        assertMatch(row, /401POST \/communication\/nexmo\/number-insight\/basic/);
        assertMatch(row, /Differs from KPN's: content-type has a parameter/);

        mock.respondNext("never", { to: "token" });
        const leaving = new AbortController();
        const token = `${url}/oauth/client_credential/accesstoken?grant_type=client_credentials`;
        const waiting = fetch(token, { method: "POST", signal: leaving.signal }).catch(() => {});
        await page.waitForSelector("#log >> text=waits for its answer");
        leaving.abort();
        await waiting;
        await page.waitForSelector("#log >> text=no answer");
        assertEquals(await page.evaluate("window.log.children.length"), 2);
        assert(!/HUSH/.test(await text(page, "#log-card")));
      }));
  },
);

testWith([CHROMIUM], "times are those of the reader's own zone", async () => {
  const time = Date.UTC(2026, 0, 1, 0, 0, 0);
  await withDesk(
    { now: () => time },
    ({ url }) =>
      withPage({ timezoneId: "Asia/Tokyo" }, async (page) => {
        await page.clock.install({ time });
        await page.goto(url);
        await met(page);
        await page.click("#token-form button.primary");
        await page.waitForSelector("#log li");
        assertMatch(await text(page, "#expiry"), /at 0?(9:59:59|10:00:\d\d)/);
        for (const where of ["#exchanges summary", "#log li"]) {
          assertMatch(await text(page, where), /\b0?9:00:\d\d/);
        }
      }),
  );
});

testWith(
  [CHROMIUM],
  "a button copies the token, the response stands above the browser's headers",
  async () => {
    await withDesk({}, ({ url }) =>
      withPage({}, async (page) => {
        await page.goto(url);
        await met(page);
        await page.click("#token-form button.primary");
        await page.click("[aria-label='Copy the access token']");
        await page.waitForSelector("text=Copied.");
        const copied = await page.evaluate<string>("navigator.clipboard.readText()");
        assertEquals(copied, await text(page, "#token-result pre"));
        const headings = await page.evaluate<string[]>(
          "Array.from(document.querySelectorAll('#exchanges h3'), (one) => one.textContent)",
        );
        assertEquals(headings, ["Request", "Response", "Headers that the browser added"]);
        const [request, , added] = await page.evaluate<string[]>(
          "Array.from(document.querySelectorAll('#exchanges pre'), (one) => one.textContent)",
        );
        assertStringIncludes(request!, "content-type: application/x-www-form-urlencoded");
        assertMatch(added!, /^user-agent: /m);
        assert(!added!.includes("content-type"));
      }));
  },
);

testWith(
  [CHROMIUM],
  "with the reader's own colours, what is chosen and what is left can be seen",
  async () => {
    await withDesk({}, ({ url }) =>
      withPage({ forcedColors: "active" }, async (page) => {
        await page.goto(url);
        await met(page);
        await page.click("#token-form button.primary");
        await page.waitForSelector("#token-result pre");
        const ground = (selector: string) =>
          page.evaluate<string>(
            `getComputedStyle(document.querySelector("${selector}")).backgroundColor`,
          );
        const [chosen, other] = [
          await ground("#shells :checked + span"),
          await ground("#shells :not(:checked) + span"),
        ];
        assert(chosen !== other, chosen);
        assertEquals(await page.evaluate("getComputedStyle(window.bar).appearance"), "auto");
        assertEquals(await page.evaluate("window.bar.value > 0.9"), true);
      }));
  },
);

Deno.test("JSON is indented, each value as it was written; other text stays", () => {
  for (
    const [given, shown] of [
      ['{"a":[1,{"b":"x, {y}: \\"z\\""}],"c":{},"d":[ ]}', undefined],
      ["[]", "[]"],
      [" null ", "null"],
      ["<fault>{</fault>", "<fault>{</fault>"],
      ["", ""],
      ['{"a":1', '{"a":1'],
      ['{"id":12345678901234567890,"n":1.0}', '{\n  "id": 12345678901234567890,\n  "n": 1.0\n}'],
    ] as const
  ) {
    assertEquals(indented(given), shown ?? JSON.stringify(JSON.parse(given), null, 2));
  }
});
