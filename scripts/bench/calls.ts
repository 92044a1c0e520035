/** Ways of doing one authorized call: with a bare `fetch`, with ours, and with rivals. */

import { authorizedFetch, createTokenSource } from "../../mod.ts";
import { npm } from "./rivals.ts";

/** Makes the call, and reads the answer to its end. */
export type Call = () => Promise<unknown>;

/** Our ways; each is compared with the bare call at its place. */
export const OWN_WAYS = ["authorizedFetch", "with a record of headers", "with a `Request`"];

/** The rivals' ways of doing the first. */
export const RIVAL_WAYS = [
  "@badgateway/oauth2-client (`OAuth2Fetch`)",
  "ky with a hook",
  "ofetch with an interceptor",
  "axios with an interceptor",
];

const HEADERS = { accept: "application/json", "x-request-id": "1" };
const AUTHORIZATION = { authorization: "Bearer t" };
const TOKEN = { access_token: "t", token_type: "bearer", expires_in: 3600 };

const mint = () => Promise.resolve(Response.json(TOKEN));
const text = async (response: Promise<Response>) => await (await response).text();

/** What `fetch` takes: nothing is measured but what the others add. */
export function bareCalls(url: string): readonly Call[] {
  return [
    () => text(fetch(url, { headers: AUTHORIZATION })),
    () => text(fetch(url, { headers: { ...HEADERS, ...AUTHORIZATION } })),
    () => text(fetch(new Request(url, { headers: AUTHORIZATION }))),
  ];
}

/** {@linkcode OWN_WAYS}. */
export function ownCalls(url: string): readonly Call[] {
  const source = createTokenSource({ clientId: "id", clientSecret: "secret", fetch: mint });
  const kpn = authorizedFetch(source, { origins: [new URL(url).origin] });
  return [
    () => text(kpn(url)),
    () => text(kpn(url, { headers: { ...HEADERS } })),
    () => text(kpn(new Request(url))),
  ];
}

/** {@linkcode RIVAL_WAYS}. */
export async function rivalCalls(url: string): Promise<readonly Call[]> {
  return await Promise.all([badgateway, ky, ofetch, axios].map((make) => make(url)));
}

async function badgateway(url: string): Promise<Call> {
  const { OAuth2Client, OAuth2Fetch } = await npm("@badgateway/oauth2-client");
  const client = new OAuth2Client({
    clientId: "id",
    clientSecret: "secret",
    tokenEndpoint: "https://localhost/oauth/token",
    fetch: mint,
  });
  const wrapper = new OAuth2Fetch({
    client,
    getNewToken: () => client.clientCredentials(),
    scheduleRefresh: false,
  });
  return () => text(wrapper.fetch(url));
}

/** The token that the others add by a hook: it costs them next to nothing here. */
const cached = () => Promise.resolve("Bearer t");

async function ky(url: string): Promise<Call> {
  const { default: ky } = await npm("ky");
  const hook = async ({ request }: { request: Request }) => {
    request.headers.set("authorization", await cached());
  };
  const api = ky.create({ hooks: { beforeRequest: [hook] } });
  return () => api(url).text();
}

async function ofetch(url: string): Promise<Call> {
  const { ofetch } = await npm("ofetch");
  const api = ofetch.create({
    async onRequest({ options }: { options: { headers: Headers } }) {
      options.headers.set("authorization", await cached());
    },
  });
  return () => api(url, { responseType: "text" });
}

async function axios(url: string): Promise<Call> {
  const { default: axios } = await npm("axios");
  const api = axios.create({ adapter: "fetch", responseType: "text" });
  api.interceptors.request.use(async (config: { headers: Record<string, string> }) => {
    config.headers["authorization"] = await cached();
    return config;
  });
  return () => api.get(url);
}
