/** The cookbook's recipes, executed as they stand there, from the packed package. */

import { installed, link } from "../package/installed.ts";
import { sample } from "../support/amount.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { example } from "./examples.ts";
import { Gateway } from "./gateway.ts";
import { node, runProgram } from "./programs.ts";

const COOKBOOK = ".github/COOKBOOK.md";

const LIBRARIES = [
  "axios",
  "ofetch",
  "ky",
  "openapi-fetch",
  "@hey-api/client-fetch",
  "hono",
  "@sveltejs/kit",
  "@opentelemetry/api",
  "@opentelemetry/sdk-metrics",
];

/** A folder with all recipes but the hosts' (which are in folders), beside the package and the libraries. */
async function kitchen(): Promise<string> {
  const { folder } = await installed();
  await link(folder, LIBRARIES);
  const text = await Deno.readTextFile(COOKBOOK);
  for (const [, name = ""] of text.matchAll(/<!-- example: ([^\s/]+\.m?js) -->/g)) {
    await Deno.writeTextFile(`${folder}/${name}`, await example(name, COOKBOOK));
  }
  return folder;
}

let cooking: Promise<string> | undefined;

/** Runs a program beside the recipes, against the gateway: what it prints. */
async function run(
  gateway: Gateway,
  code: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = await (cooking ??= kitchen());
  const main = `${folder}/${crypto.randomUUID()}.mjs`;
  await Deno.writeTextFile(main, code);
  return await runProgram(await node(24), [main], { ...gateway.env, ...env });
}

const CLIENTS = ["axios", "ofetch", "ky", "openapi_fetch", "hey_api", "tenants"];

for (const client of sample(CLIENTS, 2)) {
  Deno.test(`B43: the cookbook's ${client}.mjs calls an API, and replays the call`, async () => {
    await using gateway = new Gateway();
    assertEquals(await run(gateway, `import "./${client}.mjs";`), "United Kingdom\n");
    gateway.assertReplayed();
  });
}

/** Answers a request for a number: what was answered, as text. */
const HANDLERS: Readonly<Record<string, string>> = {
  "hono.mjs": `
    import app from "./hono.mjs";
    const ask = async (number) => await (await app.request("/" + number)).text();`,
  "+server.js": `
    import { GET } from "./+server.js";
    const ask = async (number) => await (await GET({ params: { number } })).text();`,
  "lambda.mjs": `
    import { handler } from "./lambda.mjs";
    const ask = async (number) => (await handler({ queryStringParameters: { number } })).body;`,
};

for (const [name, ask] of sample(Object.entries(HANDLERS), 1)) {
  const program = `${ask} console.log(await ask("447700900000"));`;

  Deno.test(`the cookbook's ${name} serves, and replays the call`, async () => {
    await using gateway = new Gateway();
    assertStringIncludes(await run(gateway, program), '"country_name":"United Kingdom"');
    gateway.assertReplayed();
  });

  Deno.test(`the cookbook's ${name} answers 502 if there is no token`, async () => {
    await using gateway = new Gateway();
    const printed = await run(gateway, program, { KPN_CLIENT_SECRET: "another" });
    assertStringIncludes(printed, '{"error":"invalid_client"}\n');
  });
}

Deno.test("the cookbook's secret_manager.mjs asks Vault before each token request", async () => {
  const asked: unknown[] = [];
  await using vault = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked.push([new URL(request.url).pathname, request.headers.get("x-vault-token")]);
    return Response.json({ data: { data: { client_secret: "APP_CLIENT_SECRET" } } });
  });
  await using gateway = new Gateway();
  const printed = await run(gateway, `import "./secret_manager.mjs";`, {
    VAULT_ADDR: `http://127.0.0.1:${vault.addr.port}`,
    VAULT_TOKEN: "s.1",
    KPN_CLIENT_SECRET: "not this",
  });
  assertEquals(printed, "demo\n");
  assertEquals(asked, [["/v1/secret/data/kpn", "s.1"]]);
});

Deno.test("the cookbook's pre_warming.mjs starts with a token, and without one", async () => {
  await using gateway = new Gateway();
  assertEquals(await run(gateway, `import "./pre_warming.mjs";`), "ready\n");
  assertEquals(gateway.mock.mints, 1);
  const failed = await run(gateway, `import "./pre_warming.mjs";`, { KPN_CLIENT_ID: "nobody" });
  assertStringIncludes(failed, "ready\n");
  assertStringIncludes(failed, "no token yet: ");
});

Deno.test("the cookbook's health.mjs says whether a token can be obtained", async () => {
  await using gateway = new Gateway();
  const program = `
    import { health } from "./health.mjs";
    console.log((await health()).code, (await health()).ok);`;
  assertEquals(await run(gateway, program), "true\nundefined true\n");
  assertEquals(gateway.mock.mints, 1);
  const failed = await run(gateway, program, { KPN_CLIENT_ID: "nobody" });
  assertEquals(failed, "false\ninvalid_client false\n");
});

Deno.test("the cookbook's open_telemetry.mjs counts events", async () => {
  await using gateway = new Gateway();
  const printed = await run(
    gateway,
    `
    import { metrics } from "@opentelemetry/api";
    import * as sdk from "@opentelemetry/sdk-metrics";
    const exporter = new sdk.InMemoryMetricExporter(sdk.AggregationTemporality.CUMULATIVE);
    const reader = new sdk.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9 });
    metrics.setGlobalMeterProvider(new sdk.MeterProvider({ readers: [reader] }));
    await import("./open_telemetry.mjs");
    await reader.forceFlush();
    const [{ scopeMetrics: [{ metrics: all }] }] = exporter.getMetrics();
    for (const { descriptor, dataPoints } of all) {
      for (const { attributes, value } of dataPoints) {
        console.log(descriptor.name, attributes.type ?? "", value.count ?? value);
      }
    }
    await reader.shutdown();`,
  );
  assertEquals(
    printed,
    "demo\nkpn_auth.events mintStarted 1\nkpn_auth.events mintSucceeded 1\n" +
      "kpn_auth.mint.duration  1\n",
  );
});
