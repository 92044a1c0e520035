/** The exact POST of KPN's cURL examples, built and not yet sent. */

import { type Realm, TOKEN_ENDPOINTS } from "./kpn.ts";

/** What the portal hands out for a project (or for its Sandbox). */
export interface ClientCredentials {
  /** The portal's *client id*. */
  readonly clientId: string;
  /** The portal's *client secret*. */
  readonly clientSecret: string;
}

/** Where a token is requested: at one of KPN's realms, or at any endpoint given. */
export interface TokenTarget {
  /** One of KPN's realms. Default: `"gateway"`. */
  readonly realm?: Realm | undefined;
  /**
   * A token endpoint other than KPN's, instead of a realm: a mock, a proxy. Its
   * query is kept (RFC 6749 section 3.2); `grant_type` is added if it lacks one.
   */
  readonly tokenEndpoint?: string | URL | undefined;
  /** Extra. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Accept an `http:` endpoint that is not on loopback. Default: `false`. */
  readonly allowInsecureHttp?: boolean | undefined;
}

/**
 * The token request as a frozen record that is also `fetch`'s init:
 * `fetch(request.url, request)` sends it. It holds the secret in its body, and
 * prints it when it is printed.
 */
export interface TokenRequest {
  /** The token endpoint, with `grant_type=client_credentials` in its query. */
  readonly url: string;
  /** Always `"POST"`. */
  readonly method: "POST";
  /** Exactly cURL's content type: no charset. */
  readonly headers: { readonly "content-type": "application/x-www-form-urlencoded" };
  /** `client_id` then `client_secret`, in the WHATWG form encoding; a string, so that no charset is added. */
  readonly body: string;
  /** Always `"manual"`: a secret follows no redirect. */
  readonly redirect: "manual";
}

/**
 * Builds the POST that KPN's cURL examples send, byte for byte. Pure and synchronous.
 *
 * @param credentials The client id and the secret, as the portal shows them.
 * @param target Where to request the token. Default: KPN's `gateway` realm.
 * @throws {TypeError} If an id or secret is empty, or has white space at an edge, a
 * control character or a lone surrogate (the message names the field, never the
 * value); if the endpoint is no `https:` URL, or carries a password.
 *
 * @example
 * ```ts
 * import { createTokenRequest } from "@kpn-auth/kpn-auth";
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
  const { clientId, clientSecret } = credentials;
  checkCredentials({ clientId, clientSecret });
  return Object.freeze({
    url: tokenEndpoint(target),
    method: "POST",
    headers: Object.freeze({ "content-type": "application/x-www-form-urlencoded" }),
    body: `${new URLSearchParams({ client_id: clientId, client_secret: clientSecret })}`,
    redirect: "manual",
  });
}

/** Refuses what no client id or secret of the portal can be. Names the field, never the value. */
function checkCredentials(credentials: ClientCredentials): void {
  for (const [field, value] of Object.entries(credentials)) {
    if (typeof value === "string" && !/^$|^\s|\s$|[\p{Cc}\p{Cs}]/u.test(value)) continue;
    throw new TypeError(
      `Cannot use ${field}: it must be non-empty text without control characters, lone ` +
        "surrogates or outer white space",
    );
  }
}

/** The URL that a target stands for, checked. */
export function tokenEndpoint(
  { realm, tokenEndpoint: given, allowInsecureHttp }: TokenTarget,
): string {
  const endpoint = given || TOKEN_ENDPOINTS[realm ?? "gateway"];
  if (!endpoint || given && realm) {
    throw new TypeError('Cannot use realm: it must be "gateway" or "msm", without a tokenEndpoint');
  }
  const url = secureUrl("tokenEndpoint", endpoint, allowInsecureHttp);
  if (!url.searchParams.has("grant_type")) {
    url.searchParams.set("grant_type", "client_credentials");
  }
  return url.href;
}

/** A URL that a secret or a token may travel to: https, loopback, or http on the caller's word. */
export function secureUrl(
  option: string,
  given: string | URL,
  allowInsecureHttp: boolean | undefined,
): URL {
  const url = new URL(URL.canParse(given) ? given : "about:invalid");
  const secure = allowInsecureHttp
    ? /^https?:/
    : /^https:|^http:..(localhost|127\.[\d.]+|\[::1])[:/]/;
  if (secure.test(url.href) && !url.username && !url.password) return url;
  throw new TypeError(
    `Cannot use ${option} ${url.origin}: it must be https, without user and password ` +
      "(http on loopback or with allowInsecureHttp)",
  );
}
