/** What Postman's and Insomnia's curl importers read in a POSIX command. */

import { createTokenRequest } from "../../mod.ts";
import { curlCommand, type CurlRequest } from "../../src/curl/curl.ts";
import { assertEquals } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { testWith } from "../support/programs.ts";
import { run } from "../support/run.ts";

/** Prints what each importer made of the commands in the file that is its argument. */
const READ = `
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const require = createRequire(import.meta.url);
const postman = require("curl-to-postmanv2"), insomnia = require("insomnia-importers");
const read = [];
for (const data of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const { output } = await new Promise((resolve, reject) =>
    postman.convert({ type: "string", data }, (error, made) => error ? reject(error) : resolve(made)));
  const { method, url, header, body } = output[0].data;
  const { data: { resources: [other] } } = await insomnia.convert(data);
  read.push({
    postman: { method, url: url.raw ?? url, headers: Object.fromEntries(header.map(({ key, value }) => [key, value])),
      body: body?.raw ?? body?.urlencoded?.map(({ key, value }) => [key, value]) },
    insomnia: { method: other.method, url: other.url,
      headers: other.headers.map(({ name }) => name),
      body: other.body.text ?? other.body.params?.map(({ name, value }) => [name, value]) },
  });
}
console.log(JSON.stringify(read));
`;

const JSON_BODY = '{"text": "it\'s \\"quoted\\" & 100% @ $HOME \\\\"}';
const BASIC = "https://api-prd.kpn.com/communication/nexmo/number-insight/basic";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const token = createTokenRequest({ clientId: "the id", clientSecret: "+&=%" });

testWith(
  ["node"],
  "importers read the same request, its secrets as variables",
  async ({ node }) => {
    const tools = await npmTools();
    const script = await Deno.makeTempFile({ dir: tools, suffix: ".mjs" }); // beside node_modules
    const bearer = { authorization: "Bearer t0ken" };
    const requests: readonly (readonly [CurlRequest, boolean])[] = [
      [token, true],
      [token, false],
      [
        {
          method: "POST",
          url: BASIC,
          headers: { ...FORM, ...bearer },
          body: "number=447700900000",
        },
        false,
      ],
      [{
        method: "PUT",
        url: `${BASIC}/x`,
        headers: { "content-type": "application/json", ...bearer },
        body: JSON_BODY,
      }, false],
      [{ url: BASIC, headers: bearer }, false],
    ];
    const commands = requests.map(([request, revealSecrets]) =>
      curlCommand(request, { shell: "posix", revealSecrets })
    );
    await Deno.writeTextFile(script, READ);
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, JSON.stringify(commands));
    const [revealed, hidden, form, json, get] = JSON.parse(
      await run(node, [script, file]),
    );
    await Promise.all([script, file].map((path) => Deno.remove(path)));

    const { url, headers } = token;
    const asToken = { method: "POST", url, headers };
    const fields = [["client_id", "the id"], ["client_secret", "+&=%"]];
    assertEquals(revealed.postman, { ...asToken, body: fields });
    const variables = [["client_id", "$KPN_CLIENT_ID"], ["client_secret", "$KPN_CLIENT_SECRET"]];
    assertEquals(hidden.postman, { ...asToken, body: variables });
    const authorization = "Bearer $KPN_TOKEN";
    assertEquals(form.postman, {
      method: "POST",
      url: BASIC,
      headers: { ...FORM, authorization },
      body: [["number", "447700900000"]],
    });
    assertEquals(json.postman, {
      method: "PUT",
      url: `${BASIC}/x`,
      headers: { "content-type": "application/json", authorization },
      body: JSON_BODY,
    });
    assertEquals(get.postman, { method: "GET", url: BASIC, headers: { authorization } });

    // Insomnia's drops variables, and the query of a URL that has a form.
    const names = Object.keys(headers);
    assertEquals([hidden.insomnia.method, hidden.insomnia.url], ["POST", url.split("?")[0]]);
    assertEquals(hidden.insomnia.headers, names);
    assertEquals(form.insomnia, {
      method: "POST",
      url: BASIC,
      headers: [...names, "authorization"],
      body: [["number", "447700900000"]],
    });
    assertEquals(json.insomnia, {
      method: "PUT",
      url: `${BASIC}/x`,
      headers: ["content-type", "authorization"],
      body: JSON_BODY,
    });
  },
);
