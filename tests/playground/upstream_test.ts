/** `kpn-auth mock --upstream` before Prism, which knows an API's description (OpenAPI 3, Swagger 2). */

import { mockKpn } from "../../src/mock/mock.ts";
import { ALL, sample } from "../support/amount.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { testWith } from "../support/programs.ts";
import { start } from "../support/run.ts";
import { withServer } from "./support.ts";

const TOKEN = "/oauth/client_credential/accesstoken?grant_type=client_credentials";

/** Does `work` while Prism serves a description. */
async function withPrism(node: string, description: string, work: (url: string) => Promise<void>) {
  const path = new URL(`../mock/descriptions/${description}`, import.meta.url).pathname;
  const args = ["node_modules/@stoplight/prism-cli/dist/index.js", "mock", "--port=0", path];
  const ready = /listening on (http:\/\/[^:]+:\d+)/;
  await using prism = await start(node, args, ready, { cwd: await npmTools() });
  await work(prism.ready[1]!);
}

/** The APIs of the descriptions, of which usually one is served: base path, path, what is right and what is wrong. */
const APIS = {
  "sms.json": {
    basePath: "/communication/kpn/sms",
    path: "/send",
    right: { sender: "KPN", messages: [{ content: "Hallo" }] },
    wrong: { messages: "none" },
    answer: /mock-document/,
  },
  "sim_swap.yaml": {
    basePath: "/kpn/sim-swap",
    path: "/retrieve-date",
    right: { phoneNumber: "+31612345678" },
    wrong: { phoneNumber: "none" },
    answer: /latestSimChange/,
  },
} as const;

for (
  const [description, { basePath, path, right, wrong, answer }] of sample(Object.entries(APIS), 1)
) {
  testWith(
    ["node"],
    `Prism behind the mock serves ${description}: right and wrong tokens, calls and paths`,
    async ({ node }) => {
      await withPrism(node, description, async (upstream) => {
        const mock = mockKpn({ upstream: { [basePath]: upstream } });
        await withServer(mock.handle, async (origin) => {
          const form = { client_id: "APP_CLIENT_ID", client_secret: "APP_CLIENT_SECRET" };
          const token = await fetch(origin + TOKEN, {
            method: "POST",
            body: new URLSearchParams(form),
          });
          const { access_token } = await token.json();
          const call = async (to: string, body: unknown, bearer = access_token) => {
            const response = await fetch(origin + basePath + to, {
              method: "POST",
              headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
              body: JSON.stringify(body),
            });
            return { status: response.status, text: await response.text(), response };
          };
          const good = await call(path, right);
          assertEquals(good.status, 200, good.text);
          assertMatch(good.text, answer);
          assertEquals(good.response.headers.get("quota-used"), "1");
          assertEquals((await call(path, wrong)).status, 422);
          assertEquals((await call("/nowhere", right)).status, 404);
          const rejected = await call(path, right, "not-a-token");
          assertEquals(rejected.status, 401);
          assertMatch(rejected.text, /invalid_access_token/);
        });
      });
    },
  );
}

/** An upstream that answers with what it gets, as it gets it. */
function echo({ body }: Request): Response {
  return new Response(body);
}

/** Calls an upstream behind the mock with a body of one's own. */
async function callWith(origin: string, body: BodyInit, path = "/any"): Promise<Response> {
  const form = { client_id: "APP_CLIENT_ID", client_secret: "APP_CLIENT_SECRET" };
  const token = await fetch(origin + TOKEN, { method: "POST", body: new URLSearchParams(form) });
  const { access_token } = await token.json();
  return await fetch(origin + path, {
    method: "POST",
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    body,
  });
}

const BIN = new URL("../../src/cli/bin.ts", import.meta.url).pathname;
const LISTENS = /listens on (http:\S+)/;

/** Does `work` before `kpn-auth mock --upstream`. */
async function withMockBefore(upstream: string, work: (origin: string) => Promise<void>) {
  const args = ["run", "-A", BIN, "mock", "--upstream", upstream];
  await using running = await start(Deno.execPath(), args, LISTENS);
  await work(running.ready[1]!);
}

Deno.test("a body over 1 MiB streams through in both directions: each part arrives before the next is sent", async () => {
  await withServer(echo, async (upstream) => {
    await withMockBefore(upstream, async (origin) => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      const response = callWith(origin, readable);
      await writer.write(new Uint8Array(1_100_000)); // so much is read before it is passed on
      const reader = (await response).body!.getReader();
      let size = 0;
      while (size < 1_100_000) size += (await reader.read()).value!.length;
      for (const part of [1, 2, 3]) {
        await writer.write(Uint8Array.of(part));
        assertEquals((await reader.read()).value, Uint8Array.of(part));
      }
      await writer.close();
      assertEquals((await reader.read()).done, true);
    });
  });
});

/** Of so many bytes a test of size is made. */
const CONTENT = "x".repeat(10_000_000);

Deno.test("10 MB come back from an upstream through the mock", async () => {
  await withServer(echo, async (upstream) => {
    await withMockBefore(upstream, async (origin) => {
      const response = await callWith(origin, CONTENT);
      assertEquals((await response.text()).length, CONTENT.length);
    });
  });
});

if (ALL) { // Prism takes ten seconds to read them
  testWith(
    ["node"],
    "10 MB reach Prism through the mock, which reads them as a whole",
    async ({ node }) => {
      await withPrism(node, "sms.json", async (upstream) => {
        await withMockBefore(upstream, async (origin) => {
          // Prism's own limit: it answers 413 to more than its server takes.
          const body = JSON.stringify({ sender: "KPN", messages: [{ content: CONTENT }] });
          const response = await callWith(origin, body, "/send");
          assertEquals(response.status, 200, await response.text());
        });
      });
    },
  );
}
