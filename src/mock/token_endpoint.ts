/** What KPN's token endpoints accept, and how they refuse all else (`kpn.md`). */

import { TOKEN_ENDPOINTS } from "../kpn.ts";
import { FAILURES, ownRefusal } from "./answers.ts";
import { formOf, type RecordedRequest, repeatedName } from "./record.ts";

/** A client id and its secret. */
export interface MockCredentials {
  /** The client id. */
  readonly clientId: string;
  /** Its secret. */
  readonly clientSecret: string;
}

/** Whether a path is meant to be a token endpoint. */
export function isTokenPath(pathname: string): boolean {
  return pathname.endsWith("/accesstoken");
}

/** The refusal of a token request, or `undefined` if it deserves a token. */
export function refuseTokenRequest(
  request: RecordedRequest,
  expected: MockCredentials,
): Response | undefined {
  const url = new URL(request.url);
  const realm = realmOf(url.pathname);
  if (!realm) return FAILURES.unknown_path();
  if (request.method !== "POST") {
    return ownRefusal(405, "Only POST is accepted.", { allow: "POST" });
  }
  const form = formOf(request);
  if (!form) {
    return ownRefusal(415, "The content type must be application/x-www-form-urlencoded.");
  }
  const repeated = repeatedName(url.searchParams) ?? repeatedName(form);
  if (repeated) return ownRefusal(400, `Parameter ${repeated} is given more than once.`);
  const refusal = refuseGrantType(url.searchParams.get("grant_type"), form.get("grant_type"));
  if (refusal) return refusal;
  const given = credentialsOf(request, form);
  if (given instanceof Response) return given;
  const { clientId, clientSecret } = given;
  if (!clientId) return FAILURES.missing_client_id();
  if (!clientSecret) return FAILURES.missing_client_secret();
  if (clientId === expected.clientId && clientSecret === expected.clientSecret) return undefined;
  return realm === "msm" ? FAILURES.invalid_client_500() : FAILURES.invalid_client();
}

function realmOf(pathname: string): string | undefined {
  const realms = Object.entries(TOKEN_ENDPOINTS);
  return realms.find(([, endpoint]) => new URL(endpoint).pathname === pathname)?.[0];
}

/** KPN reads it from the query; Swagger UI sends it in the body as well. */
function refuseGrantType(query: string | null, body: string | null): Response | undefined {
  if (!query) return FAILURES.missing_grant_type();
  const known = (type: string | null) => type === "client_credentials";
  if (known(query) && known(body ?? query)) return undefined;
  return ownRefusal(400, "The only grant_type is client_credentials.");
}

/** The credentials in the body as KPN's cURL examples have them, or in `Authorization: Basic` as Swagger UI sends them. */
function credentialsOf(
  { headers }: RecordedRequest,
  form: URLSearchParams,
): MockCredentials | Response {
  const clientId = form.get("client_id") ?? "";
  const clientSecret = form.get("client_secret") ?? "";
  const { authorization } = headers;
  if (authorization === undefined) return { clientId, clientSecret };
  if (clientId || clientSecret) {
    return ownRefusal(400, "The credentials are given twice: in the body and in Authorization.");
  }
  return parseBasic(authorization) ??
    ownRefusal(400, "Authorization must be Basic base64(client_id:client_secret), or absent.");
}

/** RFC 7617; the credentials raw, not form-encoded first, as Swagger UI sends them. */
function parseBasic(authorization: string): MockCredentials | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (!encoded || encoded.length % 4) return undefined;
  const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return { clientId: text.slice(0, colon), clientSecret: text.slice(colon + 1) };
}
