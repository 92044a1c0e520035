/** Builds the exact POST of KPN's cURL examples, without sending it. */

import { type Realm, TOKEN_ENDPOINTS } from "./kpn.ts";
import { checkObject, checkText, quoted, refuse } from "./options.ts";
import { secureUrl } from "./url.ts";

/** The credentials of a project, or of the Sandbox, as the portal shows them. */
export interface ClientCredentials {
  /** The portal's *client id*. */
  readonly clientId: string;
  /** The portal's *client secret*. */
  readonly clientSecret: string;
}

/** Where to request a token: at one of KPN's realms, or at another endpoint. */
export interface TokenTarget {
  /** One of KPN's realms. Default: `"gateway"`. */
  readonly realm?: Realm | undefined;
  /**
   * Another token endpoint, instead of a realm: a mock, a proxy. Its query is kept byte for byte
   * (RFC 6749 section 3.2), and its fragment is dropped. If the query has no `grant_type`,
   * `grant_type=client_credentials` is appended. Default: the realm's endpoint.
   */
  readonly tokenEndpoint?: string | URL | undefined;
  /** Accept an `http:` endpoint that is not on loopback. Default: `false`. */
  readonly allowInsecureHttp?: boolean | undefined;
  /**
   * More form fields, which follow `client_secret` in the given order. Number Verify needs
   * `{ scopes: "operator_lookup" }`. Default: none.
   */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/**
 * The token request: a frozen record that is also an init for `fetch`.
 * `fetch(request.url, request)` sends it. Do not log it: its body holds the secret.
 */
export interface TokenRequest {
  /** The token endpoint, with `grant_type=client_credentials` in its query. */
  readonly url: string;
  /** Always `"POST"`. */
  readonly method: "POST";
  /** Exactly cURL's content type: no charset. */
  readonly headers: { readonly "content-type": "application/x-www-form-urlencoded" };
  /**
   * `client_id`, `client_secret`, then the target's `parameters`, in the WHATWG form encoding;
   * a string, so that no charset is added.
   */
  readonly body: string;
  /** Always `"manual"`: following a redirect would send the secret elsewhere. */
  readonly redirect: "manual";
}

/**
 * Builds the POST that KPN's cURL examples send, byte for byte. It is pure and synchronous.
 *
 * @param credentials The client id and the secret, as the portal shows them.
 * @param target Where to request the token. Default: KPN's `gateway` realm.
 * @returns The request, frozen, not yet sent.
 * @throws {TypeError} If the id, the secret or the target cannot be used. The message says
 * what is wrong, and quotes the value unless it may be secret.
 *
 * @example
 * ```ts
 * import { createTokenRequest } from "kpn-auth";
 *
 * const request = createTokenRequest({
 *   clientId: "APP_CLIENT_ID",
 *   clientSecret: "APP_CLIENT_SECRET",
 * });
 * console.log(request.body); // client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET
 * ```
 */
export function createTokenRequest(
  credentials: ClientCredentials,
  target: TokenTarget = {},
): TokenRequest {
  checkObject("credentials", credentials);
  checkObject("target", target);
  const { clientId, clientSecret } = credentials;
  checkText("clientId", clientId);
  checkText("clientSecret", clientSecret);
  const form = [
    ["client_id", clientId],
    ["client_secret", clientSecret],
    ...fieldsOf(target.parameters),
  ];
  return Object.freeze({
    url: tokenEndpoint(target),
    method: "POST",
    headers: Object.freeze({ "content-type": "application/x-www-form-urlencoded" }),
    body: `${new URLSearchParams(form)}`,
    redirect: "manual",
  });
}

/** The URL of a target, checked. */
export function tokenEndpoint(
  { realm, tokenEndpoint: given, allowInsecureHttp }: TokenTarget,
): string {
  if (given === undefined) return realmEndpoint(realm);
  if (realm !== undefined) refuse(`realm ${quoted(realm)}`, "excludes tokenEndpoint: remove one");
  const { searchParams } = secureUrl("tokenEndpoint", given, allowInsecureHttp);
  // Not as `URL` spells it: a signature may cover the query.
  const [url = ""] = (typeof given === "string" ? given : given.href).split("#");
  if (searchParams.has("grant_type")) return url;
  const separator = /^[^?]*\?$/.test(url) ? "" : url.includes("?") ? "&" : "?";
  return `${url}${separator}grant_type=client_credentials`;
}

function realmEndpoint(realm: Realm = "gateway"): string {
  const realms = Object.keys(TOKEN_ENDPOINTS);
  if (!realms.includes(realm)) {
    refuse(`realm ${quoted(realm)}`, `must be one of ${realms.join(", ")}`);
  }
  return TOKEN_ENDPOINTS[realm];
}

/** The fields of `parameters`, checked. Messages name a field and never quote its value, which may be secret. */
function fieldsOf(parameters: TokenTarget["parameters"] = {}): string[][] {
  checkObject("parameters", parameters);
  const fields = Object.entries(parameters);
  for (const [name, value] of fields) {
    const field = `parameters[${quoted(name)}]`;
    if (/^(client_id|client_secret|grant_type)?$/i.test(name)) refuse(field, "must be left out");
    checkText(field, name);
    checkText(field, value);
  }
  return fields;
}
