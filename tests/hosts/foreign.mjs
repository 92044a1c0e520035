/** Run on Node, beside the packed package: what other libraries bring, tried; prints what went wrong as JSON. */

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import { authorizedFetch, createTokenSource } from "kpn-auth";
import { mockKpn } from "kpn-auth/testing";

/** argv: a file in a folder whose `node_modules` has the libraries, and whether only undici is there. */
const [, , beside, only] = process.argv;
const load = createRequire(beside);
const ALL = only !== "undici";

const PATH = "/communication/nexmo/number-insight/basic";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const TEXT = "number=447700900000";

const mock = mockKpn();
const forms = [];
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, headers, url } = request;
  const body = chunks.length ? Buffer.concat(chunks) : undefined;
  const given = new Request(`http://${headers.host}${url}`, { method, headers, body });
  if (headers["content-type"]?.startsWith("multipart/")) {
    forms.push((await given.clone().formData()).get("number"));
  }
  const answer = await mock.handle(given);
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

/** Libraries that have fetch's classes, by name; `undefined` is the global fetch. */
const libraries = ALL
  ? {
    undici5: load("undici5"),
    undici6: load("undici6"),
    undici7: load("undici7"),
    "node-fetch 2": { ...load("node-fetch2"), fetch: load("node-fetch2") },
    "node-fetch 3": await import(load.resolve("node-fetch3")).then((all) => ({
      ...all,
      fetch: all.default,
    })),
  }
  : { undici7: load("undici") };
const windows = {};
if (ALL) {
  windows.jsdom = new (load("jsdom").JSDOM)("", { url: origin }).window;
  windows["happy-dom"] = new (load("happy-dom").Window)({ url: origin });
}
const realm = createContext({});
const inRealm = (code) => runInContext(code, realm);
const bytes = `Uint8Array.from(${JSON.stringify([...Buffer.from(TEXT)])})`;

/** Calls, each made anew: the input and the init. */
const calls = {
  "a Buffer": () => [PATH, { headers: FORM, body: Buffer.from(TEXT) }],
  "another realm's bytes": () => [PATH, { headers: FORM, body: inRealm(bytes) }],
  "another realm's ArrayBuffer": () => [PATH, { headers: FORM, body: inRealm(`${bytes}.buffer`) }],
  "another realm's record": () => [
    PATH,
    { headers: inRealm(`(${JSON.stringify(FORM)})`), body: TEXT },
  ],
  "another realm's list": () => [
    PATH,
    { headers: inRealm(JSON.stringify(Object.entries(FORM))), body: TEXT },
  ],
};
for (const [name, its] of Object.entries({ "the global": globalThis, ...libraries, ...windows })) {
  const init = { method: "POST", headers: FORM, body: TEXT };
  if (its.Request) calls[`${name} Request`] = () => [new its.Request(origin + PATH, init)];
  if (its.Headers) {
    calls[`${name} Headers`] = () => [PATH, { ...init, headers: new its.Headers(FORM) }];
  }
  if (its.URL) calls[`${name} URL`] = () => [new its.URL(PATH, origin), init];
  if (its.URLSearchParams) {
    calls[`${name} URLSearchParams`] = () => [
      PATH,
      { body: new its.URLSearchParams({ number: "447700900000" }) },
    ];
  }
  if (its.AbortController) {
    calls[`${name} signal`] = () => [PATH, { ...init, signal: new its.AbortController().signal }];
  }
  if (its.Blob && name !== "jsdom") {
    calls[`${name} Blob`] = () => [PATH, { headers: FORM, body: new its.Blob([TEXT]) }];
  }
  if (its.FormData) {
    calls[`${name} FormData`] = () => {
      const form = new its.FormData();
      form.append("number", "447700900000");
      return [PATH, { body: form }];
    };
  }
}

const wrong = [];
let tried = 0;
/** `check` names what is wrong with the answer of `call`, if something is. */
async function attempt(name, call, check) {
  tried++;
  mock.reset();
  forms.length = 0;
  mock.respondNext("invalid_access_token", { to: "api" });
  const fault = await call().then(check, (error) => `${error}`);
  if (fault || mock.mints !== 2) wrong.push(`${name}: ${fault || `${mock.mints} mints`}`);
}

const kpnBy = (fetch) => {
  const options = fetch ? { fetch } : {};
  const tokenEndpoint = `${origin}/oauth/client_credential/accesstoken`;
  return authorizedFetch(
    createTokenSource({ ...mock.credentials, tokenEndpoint, ...options }),
    options,
  );
};
const isRight = (text) => text.includes("United Kingdom") ? undefined : text;

for (const [by, { fetch }] of Object.entries({ "the global fetch": {}, ...libraries })) {
  for (const [name, make] of Object.entries(calls)) {
    await attempt(`${name} by ${by}`, async () => {
      const [input, init] = make();
      return await kpnBy(fetch)(input, init && { method: "POST", ...init });
    }, async (answer) => {
      const text = await answer.text();
      // KPN takes no multipart: it has to arrive as one, twice.
      if (name.endsWith("FormData")) return `${forms}` === "447700900000,447700900000" ? "" : text;
      return isRight(text);
    });
  }
}

if (ALL) {
  const body = new URLSearchParams({ number: "447700900000" });
  const { default: axios } = await import(load.resolve("axios"));
  await attempt("axios", () => {
    return axios.create({ adapter: "fetch", env: { fetch: kpnBy(), Request, Response } })
      .post(origin + PATH, body);
  }, ({ data }) => isRight(JSON.stringify(data)));
  const { createFetch } = await import(load.resolve("ofetch"));
  await attempt(
    "ofetch",
    () =>
      createFetch({ fetch: kpnBy(), Headers, AbortController })(origin + PATH, {
        method: "POST",
        body,
      }),
    (data) => isRight(JSON.stringify(data)),
  );
  // What a wrapper that is no fetch gives is named.
  for (
    const [name, fetch] of Object.entries({
      axios: (url, { body, signal, ...init }) => axios(url, { ...init, data: body, signal }),
      ofetch: createFetch({ fetch: globalThis.fetch, Headers, AbortController }),
    })
  ) {
    tried++;
    mock.reset();
    const said = await kpnBy(fetch)(PATH).then(() => "", ({ message }) => message);
    if (!said.includes("what fetch gave has no `body`, `text` or `json`")) {
      wrong.push(`${name}: ${said}`);
    }
  }
  windows.jsdom.close();
  await windows["happy-dom"].happyDOM.abort();
}
server.closeAllConnections();
server.close();
console.log(JSON.stringify({ tried, wrong }));
