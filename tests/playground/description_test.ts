/** openapi.yaml: a linter finds nothing, and the mock's answers are what it says. */

import { createRequire } from "node:module";
import { type MockFailure, type MockKpn, mockKpn } from "kpn-auth/testing";
import { assert, assertEquals } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { testWith } from "../support/programs.ts";
import { runToEnd } from "../support/run.ts";

const DESCRIPTION = new URL("../../src/playground/openapi.yaml", import.meta.url).pathname;
const TOKEN_PATH = "/oauth/client_credential/accesstoken";
const INSIGHT = "/communication/nexmo/number-insight";
const CREDENTIALS = { client_id: "APP_CLIENT_ID", client_secret: "APP_CLIENT_SECRET" };
const NUMBER = { number: "447700900000", callback: "http://127.0.0.1:9/" };

testWith(["node", "npm"], "openapi.yaml passes Redocly's strict rules", async ({ node }) => {
  const redocly = `${await npmTools()}node_modules/@redocly/cli/bin/cli.js`;
  const { code, stderr } = await runToEnd(
    node,
    [redocly, "lint", DESCRIPTION, "--extends=recommended-strict"],
    { env: { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" } },
  );
  assertEquals(code, 0, stderr);
});

/** The description, and a validator for any schema in it. */
async function description() {
  const require = createRequire(await npmTools());
  const document = require("yaml").parse(await Deno.readTextFile(DESCRIPTION));
  const ajv = new (require("ajv").Ajv)({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, "openapi");
  const check = (pointer: string, value: unknown) => {
    const validate = ajv.compile({ $ref: `openapi#${pointer}` });
    assert(
      validate(value),
      `${pointer}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`,
    );
  };
  return { document, check };
}

const escape = (text: string) => text.split("~").join("~0").split("/").join("~1");

/** Where the schema of an answer stands, references to responses followed. */
// deno-lint-ignore no-explicit-any -- a document of any shape
function schemaOf(document: any, path: string, status: number): string {
  const reference = document.paths[path].post.responses[status].$ref as string | undefined;
  const response = reference?.slice(1) ?? `/paths/${escape(path)}/post/responses/${status}`;
  return `${response}/content/${escape("application/json")}/schema`;
}

async function post(
  mock: MockKpn,
  path: string,
  form: Record<string, string>,
  token?: string,
): Promise<Response> {
  const query = path === TOKEN_PATH ? "?grant_type=client_credentials" : "";
  return await mock.fetch(`https://api-prd.kpn.com${path}${query}`, {
    method: "POST",
    body: new URLSearchParams(form),
    ...token && { headers: { authorization: `Bearer ${token}` } },
  });
}

/** The failures that an endpoint documents, beside those that a wrong request gets. */
const SCRIPTED: readonly MockFailure[] = ["server_error", "unavailable"];
const SCRIPTED_API: readonly MockFailure[] = [
  "kpn_flat",
  "access_token_expired",
  "not_entitled_403",
  "unknown_path",
  "quota",
  "spike_arrest",
  "quota_500",
  "invalid_access_token_500",
];

testWith(
  ["npm"],
  "the mock's answers are those of openapi.yaml, each documented status once",
  async () => {
    const { document, check } = await description();
    const mock = mockKpn({ fetch: () => Promise.resolve(new Response(null, { status: 204 })) });
    const { access_token } = await (await post(mock, TOKEN_PATH, CREDENTIALS)).json();

    for (const path of Object.keys(document.paths)) {
      const seen = new Set<string>();
      const see = async (answer: Promise<Response>) => {
        const response = await answer;
        seen.add(String(response.status));
        check(schemaOf(document, path, response.status), await response.json());
      };
      const right = path === TOKEN_PATH ? CREDENTIALS : NUMBER;
      await see(post(mock, path, right, path === TOKEN_PATH ? undefined : access_token));
      await see(post(mock, path, {}, path === TOKEN_PATH ? undefined : access_token));
      await see(
        post(mock, path, path === TOKEN_PATH ? { ...CREDENTIALS, client_secret: "x" } : right),
      );
      for (const failure of path === TOKEN_PATH ? SCRIPTED : [...SCRIPTED, ...SCRIPTED_API]) {
        mock.respondNext(failure);
        await see(post(mock, path, right, access_token));
      }
      assertEquals([...seen].sort(), Object.keys(document.paths[path].post.responses), path);
    }
  },
);

testWith(["npm"], "every field of the mock's answers is described", async () => {
  const { document } = await description();
  const mock = mockKpn();
  const token = await (await post(mock, TOKEN_PATH, CREDENTIALS)).json();
  const schemas = document.components.schemas;
  // deno-lint-ignore no-explicit-any -- a schema of any shape
  const names = (schema: any): string[] => [
    ...Object.keys(schema.properties ?? {}),
    ...(schema.allOf ?? []).flatMap(names),
    ...schema.$ref ? names(schemas[schema.$ref.split("/").pop()]) : [],
  ];
  assertEquals(Object.keys(token).sort(), names(schemas.Token).sort());
  for (
    const [level, schema] of [["basic", "Basic"], ["standard", "Standard"], [
      "advanced",
      "Advanced",
    ]]
  ) {
    const form = { ...NUMBER, cnam: "true", ip: "192.0.2.1" };
    const insight = await (await post(mock, `${INSIGHT}/${level}`, form, token.access_token))
      .json();
    assertEquals(Object.keys(insight).sort(), names(schemas[schema!]).sort());
  }
});

testWith(
  ["npm"],
  "the callback of advanced/async is the insight that openapi.yaml promises",
  async () => {
    const { check } = await description();
    let sent: unknown;
    const mock = mockKpn({
      fetch: (_url, init) => {
        sent = JSON.parse(String(init.body));
        return Promise.resolve(new Response());
      },
    });
    const { access_token } = await (await post(mock, TOKEN_PATH, CREDENTIALS)).json();
    await (await post(mock, `${INSIGHT}/advanced/async`, NUMBER, access_token)).body?.cancel();
    await Promise.all(mock.callbacks);
    check("/components/schemas/Advanced", sent);
  },
);
