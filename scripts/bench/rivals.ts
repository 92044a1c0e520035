/** Our token source and its rivals, each minting from memory: no network in what is measured. */

import { createTokenSource } from "../../mod.ts";

/** A way to have a token, and how often it has asked for one. */
export interface Rival {
  readonly name: string;
  /** Makes one with nothing cached, that mints by `mint`. */
  make(mint: () => Promise<Response>): Promise<() => Promise<unknown>>;
}

const ENDPOINT = "https://localhost/oauth/token";

const ours: Rival = {
  name: "kpn-auth",
  make(fetch) {
    const source = createTokenSource({ clientId: "id", clientSecret: "secret", fetch });
    return Promise.resolve(() => source.token());
  },
};

/** What everybody writes first: the measure of the cached call. */
export const BASELINE: Rival = {
  name: "a hand-written cache: `async` function, `Date.now()`, cached object",
  make(mint) {
    let cached: { value: string; expiresAt: number } | undefined;
    return Promise.resolve(async () => {
      if (cached && Date.now() < cached.expiresAt) return cached;
      const { access_token, expires_in } = await (await mint()).json();
      return cached = { value: access_token, expiresAt: Date.now() + expires_in * 1000 };
    });
  },
};

const badgateway: Rival = {
  name: "@badgateway/oauth2-client",
  async make(fetch) {
    const { OAuth2Client, OAuth2Fetch } = await npm("@badgateway/oauth2-client");
    const client = new OAuth2Client({
      clientId: "id",
      clientSecret: "secret",
      tokenEndpoint: ENDPOINT,
      fetch,
    });
    const wrapper = new OAuth2Fetch({
      client,
      getNewToken: () => client.clientCredentials(),
      scheduleRefresh: false,
    });
    return () => wrapper.getAccessToken();
  },
};

const axios: Rival = {
  name: "axios-token-interceptor over axios-oauth-client",
  async make(mint) {
    const [{ default: axios }, oauth, { default: interceptor }] = await Promise.all([
      npm("axios"),
      npm("axios-oauth-client"),
      npm("axios-token-interceptor"),
    ]);
    const instance = axios.create({
      adapter: async (config: unknown) => ({
        data: await (await mint()).text(),
        status: 200,
        statusText: "OK",
        headers: {},
        config,
      }),
    });
    const request = oauth.clientCredentials(instance, ENDPOINT, "id", "secret");
    return interceptor.tokenCache(() => request(""), {
      getMaxAge: (body: { expires_in: number }) => body.expires_in * 1000,
    });
  },
};

const google: Rival = {
  name: "google-auth-library (OAuth2Client with a refresh handler)",
  async make(mint) {
    const { OAuth2Client } = await npm("google-auth-library");
    const client = new OAuth2Client();
    client.refreshHandler = async () => {
      const { access_token, expires_in } = await (await mint()).json();
      return { access_token, expiry_date: Date.now() + expires_in * 1000 };
    };
    return () => client.getAccessToken();
  },
};

const auth0: Rival = {
  name: "auth0 (TokenProvider)",
  async make(fetch) {
    const { TokenProvider } = await npm("auth0");
    const provider = new TokenProvider({
      domain: "localhost",
      audience: "x",
      clientId: "id",
      clientSecret: "secret",
      fetch,
    });
    return () => provider.getAccessToken();
  },
};

const oauth4webapi: Rival = {
  name: "oauth4webapi (no cache: a request for each call)",
  async make(fetch) {
    const oauth = await npm("oauth4webapi");
    const server = { issuer: "https://localhost", token_endpoint: ENDPOINT };
    const client = { client_id: "id" };
    return async () =>
      oauth.processClientCredentialsResponse(
        server,
        client,
        await oauth.clientCredentialsGrantRequest(
          server,
          client,
          oauth.ClientSecretPost("secret"),
          new URLSearchParams(),
          { [oauth.customFetch]: fetch },
        ),
      );
  },
};

/** All, ours first. */
export const RIVALS: readonly Rival[] = [ours, badgateway, axios, google, auth0, oauth4webapi];

/** Kept from the bundler: they are installed for the bench only. */
// deno-lint-ignore no-explicit-any -- their types are not installed
export function npm(name: string): Promise<any> {
  return import(name);
}
