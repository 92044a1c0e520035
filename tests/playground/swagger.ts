/** KPN's second way: the steps of its page "SwaggerHub", in Swagger UI and a real Chromium. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type Page, withPage } from "../support/browser.ts";
import { npmTools } from "../support/npm.ts";
import { CHROMIUM, testWith } from "../support/programs.ts";
import { picture, withDesk, withServer } from "./support.ts";

/** Swagger UI on an origin of its own, as SwaggerHub is. */
async function withSwaggerUi(description: string, work: (url: string) => Promise<void>) {
  const folder = `${await npmTools()}node_modules/swagger-ui-dist/`;
  const page = `<!doctype html><meta charset="utf-8"><title>Swagger UI</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/swagger-ui.css"><div id="ui"></div>
<script src="/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: ${JSON.stringify(description)}, dom_id: "#ui" });</script>`;
  await withServer(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(page, { headers: { "content-type": "text/html" } });
    const type = pathname.endsWith(".css") ? "text/css" : "text/javascript";
    const file = await Deno.readFile(folder + pathname.slice(1));
    return new Response(file, { headers: { "content-type": type } });
  }, work);
}

const FORM = ".auth-container";

/** Authorize, fill in client_id and client_secret, Authorize. */
async function authorize(page: Page, secret: string): Promise<void> {
  await page.click("button.authorize.unlocked >> text=Authorize");
  await page.fill(
    `${FORM} [data-name=clientId], ${FORM} #client_id_clientCredentials`,
    "APP_CLIENT_ID",
  );
  await page.fill(`${FORM} #client_secret_clientCredentials`, secret);
  await page.click(`${FORM} button.authorize`);
}

testWith(
  [CHROMIUM],
  "Swagger UI: Authorize, Close, an endpoint, Try it out, Execute, and the response shows",
  async () => {
    await withDesk(
      {},
      ({ mock, url }) =>
        withSwaggerUi(
          `${url}/openapi.yaml`,
          (ui) =>
            withPage({}, async (page, { urls }) => {
              await page.goto(ui);
              await authorize(page, "APP_CLIENT_SECRET");
              await page.waitForSelector(`${FORM} >> text=Authorized`);
              await page.click(`button.btn-done`); // Close
              await page.click(
                "#operations-Number_insight-basicInsight button.opblock-summary-control",
              );
              await page.click("button.try-out__btn");
              await page.fill(
                "[data-property-name=number] input, tr:has-text('number') input >> nth=0",
                "447700900000",
              );
              await page.click("button.execute");
              const response = ".live-responses-table .response";
              await page.waitForSelector(`${response} .response-col_status`);
              assertStringIncludes(
                await page.textContent(`${response} .response-col_status`) ?? "",
                "200",
              );
              assertStringIncludes(await page.textContent(response) ?? "", "07700 900000");
              await picture(page, "swagger-ui");

              const [token, insight] = mock.requests;
              assertEquals(mock.requests.length, 2);
              // The traps of its token request: Basic, and grant_type twice.
              assertEquals(
                token?.headers["authorization"],
                `Basic ${btoa("APP_CLIENT_ID:APP_CLIENT_SECRET")}`,
              );
              assertEquals(token?.body, "grant_type=client_credentials");
              assertStringIncludes(token?.url ?? "", "?grant_type=client_credentials");
              assertMatch(insight?.headers["authorization"] ?? "", /^Bearer [A-Za-z0-9]{28}$/);
              assert(
                urls.every((asked) =>
                  asked.startsWith(ui) || asked.startsWith(url) || asked.startsWith("data:")
                ),
              );
            }),
        ),
    );
  },
);

testWith(
  [CHROMIUM],
  "Swagger UI: a wrong secret is told, and no token comes",
  async () => {
    await withDesk(
      {},
      ({ mock, url }) =>
        withSwaggerUi(`${url}/openapi.yaml`, (ui) =>
          withPage({}, async (page) => {
            await page.goto(ui);
            await authorize(page, "WRONG");
            await page.waitForSelector(".auth-container .errors");
            assertMatch(
              await page.textContent(".auth-container .errors") ?? "",
              /401|Unauthorized/i,
            );
            assertEquals(mock.mints, 0);
            await picture(page, "swagger-ui-wrong-secret");
          })),
    );
  },
);
