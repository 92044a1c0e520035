/** Ways of doing one authorized call: with a bare `fetch`, with ours, and with rivals. */

import { authorizedFetch, createTokenSource } from "../../mod.ts";
import { npm } from "./rivals.ts";

/** One way. */
export interface Way {
  readonly name: string;
  /** The bare call that it is compared with, by its place among {@linkcode BARE}. */
  readonly bare: number;
  /** Makes the call, and reads the answer to its end. */
  call(): Promise<unknown>;
}

const HEADERS = { accept: "application/json", "x-request-id": "1" };
const AUTHORIZATION = { authorization: "Bearer t" };
const TOKEN = { access_token: "t", token_type: "bearer", expires_in: 3600 };

const mint = () => Promise.resolve(Response.json(TOKEN));
const text = async (response: Promise<Response>) => await (await response).text();

/** What `fetch` takes for it: nothing is measured but this. */
export function bareCalls(url: string): readonly (() => Promise<unknown>)[] {
  return [
    () => text(fetch(url, { headers: AUTHORIZATION })),
    () => text(fetch(url, { headers: { ...HEADERS, ...AUTHORIZATION } })),
    () => text(fetch(new Request(url, { headers: AUTHORIZATION }))),
  ];
}

/** Ours first. */
export async function waysOf(url: string): Promise<readonly Way[]> {
  const source = createTokenSource({ clientId: "id", clientSecret: "secret", fetch: mint });
  const kpn = authorizedFetch(source, { origins: [new URL(url).origin] });
  return [
    { name: "authorizedFetch", bare: 0, call: () => text(kpn(url)) },
    {
      name: "authorizedFetch, with headers",
      bare: 1,
      call: () => text(kpn(url, { headers: { ...HEADERS } })),
    },
    { name: "authorizedFetch, of a Request", bare: 2, call: () => text(kpn(new Request(url))) },
    { name: "@badgateway/oauth2-client, OAuth2Fetch", bare: 0, call: await badgateway(url) },
    { name: "ky with a hook", bare: 0, call: await ky(url) },
    { name: "ofetch with an interceptor", bare: 0, call: await ofetch(url) },
    { name: "axios with an interceptor", bare: 0, call: await axios(url) },
  ];
}

async function badgateway(url: string): Promise<Way["call"]> {
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

/** The token that each of the others adds by a hook of its own: it costs them nothing here. */
const cached = () => Promise.resolve("Bearer t");

async function ky(url: string): Promise<Way["call"]> {
  const { default: ky } = await npm("ky");
  const hook = async (given: Request | { request: Request }) => {
    const { headers } = "request" in given ? given.request : given;
    headers.set("authorization", await cached());
  };
  const api = ky.create({ hooks: { beforeRequest: [hook] } });
  return () => api(url).text();
}

async function ofetch(url: string): Promise<Way["call"]> {
  const { ofetch } = await npm("ofetch");
  const api = ofetch.create({
    async onRequest({ options }: { options: { headers: Headers } }) {
      options.headers.set("authorization", await cached());
    },
  });
  return () => api(url, { responseType: "text" });
}

async function axios(url: string): Promise<Way["call"]> {
  const { default: axios } = await npm("axios");
  const api = axios.create({ adapter: "fetch", responseType: "text" });
  api.interceptors.request.use(async (config: { headers: Record<string, string> }) => {
    config.headers["authorization"] = await cached();
    return config;
  });
  return () => api.get(url);
}
