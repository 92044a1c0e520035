/**
 * Makes the Postman collection and its environment from the OpenAPI document, with
 * Postman's own converter (which needs npm and Node).
 *
 *     deno task build:postman
 */

import { npmTools } from "../tests/support/npm.ts";
import { run } from "../tests/support/run.ts";
import { KPN_ORIGIN } from "../src/kpn.ts";

const PLAYGROUND = new URL("../src/playground/", import.meta.url);

/** The part of Postman's collection format (v2.1) that is touched here. */
interface Item {
  name: string;
  item?: Item[];
  request?: {
    auth?: unknown;
    url: { host: string[]; path: string[]; query: { key: string; value: string }[] };
    body?: { urlencoded: { key: string; value: string }[] };
  };
  event?: unknown[];
}

/** Saves the token for the requests that follow, or says why there is none. */
const SAVE_TOKEN = `pm.test("an access token came", () => {
  pm.response.to.have.status(200);
  pm.expect(pm.response.json().access_token).to.be.a("string").and.not.empty;
});
const { access_token } = pm.response.json();
if (access_token) pm.environment.set("access_token", access_token);
else pm.environment.unset("access_token");`;

const EXPECT_SUCCESS = `pm.test("the call succeeded", () => pm.response.to.have.status(200));`;

/** The files' texts, by name. */
export async function postmanFiles(): Promise<Record<string, string>> {
  const { item, info } = await convert();
  const { name, description } = info;
  const schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
  const collection = {
    info: { name, description, schema },
    auth: { type: "bearer", bearer: [{ key: "token", value: "{{access_token}}", type: "string" }] },
    item: item.map(adapt),
  };
  const environment = {
    name: `${name}: environment`,
    values: [
      { key: "baseUrl", value: KPN_ORIGIN, type: "default", enabled: true },
      { key: "client_id", value: "APP_CLIENT_ID", type: "default", enabled: true },
      { key: "client_secret", value: "APP_CLIENT_SECRET", type: "secret", enabled: true },
      { key: "access_token", value: "", type: "secret", enabled: true },
    ],
    _postman_variable_scope: "environment",
  };
  const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return { "collection.json": text(collection), "environment.json": text(environment) };
}

/** One request, or a folder of them, as a person would set it up. */
function adapt({ name, item, request }: Item): Item {
  if (!request) return { name, item: (item ?? []).map(adapt) };
  const { auth: _inherited, ...rest } = { ...request, url: withRaw(request.url) };
  if (name !== "Get Access Token") {
    return { name, request: rest, event: [script(EXPECT_SUCCESS)] };
  }
  for (const field of rest.body?.urlencoded ?? []) field.value = `{{${field.key}}}`;
  return { name, request: { ...rest, auth: { type: "noauth" } }, event: [script(SAVE_TOKEN)] };
}

/** Importers of other tools read the URL as one text. */
function withRaw<T extends NonNullable<Item["request"]>["url"]>(url: T): T & { raw: string } {
  const query = url.query.map(({ key, value }) => `${key}=${value}`).join("&");
  const raw = [...url.host, ...url.path].join("/") + (query && `?${query}`);
  return { raw, ...url };
}

function script(code: string): unknown {
  return { listen: "test", script: { type: "text/javascript", exec: code.split("\n") } };
}

async function convert(): Promise<{ info: { name: string; description: unknown }; item: Item[] }> {
  const options = { folderStrategy: "Tags", parametersResolution: "Example" };
  const program = `
    const { convertV2 } = require("openapi-to-postmanv2");
    const data = require("fs").readFileSync(process.argv[1], "utf8");
    convertV2({ type: "string", data }, ${JSON.stringify(options)}, (error, result) => {
      if (!result?.result) throw error ?? new Error(result.reason);
      process.stdout.write(JSON.stringify(result.output[0].data));
    });`;
  const args = ["-e", program, new URL("openapi.yaml", PLAYGROUND).pathname];
  return JSON.parse(await run("node", args, { cwd: await npmTools() }));
}

if (import.meta.main) {
  await Deno.mkdir(new URL("postman/", PLAYGROUND), { recursive: true });
  for (const [name, text] of Object.entries(await postmanFiles())) {
    await Deno.writeTextFile(new URL(`postman/${name}`, PLAYGROUND), text);
  }
}
