/**
 * KPN's token endpoints: they accept what KPN documents and what programs in use send, and refuse
 * everything else (`.github/KPN.md`).
 */

import { TOKEN_ENDPOINTS } from "../kpn.ts";
import { failing, type Outcome, refusing } from "./answers.ts";
import { contentTypeDifference, formOf, quotedName, repeatedName } from "./form.ts";
import type { Received } from "./received.ts";

/** A client id and its secret. */
export interface MockCredentials {
  /** The client id. */
  readonly clientId: string;
  /** The client's secret. */
  readonly clientSecret: string;
}

/** A client of the gateway: a project on KPN's portal. */
export interface MockClient extends MockCredentials {
  /** The tier that its tokens name: `"demo"` for Sandbox, `"prod"` for Project. Default: `"demo"`. */
  readonly level?: string | undefined;
}

/** How a token request differs from KPN's example. */
export interface Difference {
  readonly words: string;
  /** How `strict` refuses it; absent if KPN's own pages send it like this. */
  readonly refusal?: readonly [status: number, message: string];
}

const FORM_ONLY = "The content type must be application/x-www-form-urlencoded.";
const BASIC_ONLY = "Authorization must be Basic base64(client_id:client_secret), or absent.";

/** Whether a path is meant to be a token endpoint. */
export function isTokenPath(pathname: string): boolean {
  return pathname.endsWith("/accesstoken");
}

/** The client that gets a token, or the refusal. */
export function judgeTokenRequest(
  request: Received,
  clients: readonly MockClient[],
  strictly: readonly Difference[],
): MockClient | Outcome {
  const realm = REALMS.get(request.url.pathname);
  if (!realm) return failing("unknown_path", "there is no such token endpoint");
  if (request.method !== "POST") return refusing(405, "Only POST is accepted.", { allow: "POST" });
  if (request.stream) return refusing(413, "No request of KPN's is over 1 MiB.");
  const form = formOf(request);
  if (!form) return refusing(415, FORM_ONLY);
  const refused = strictly.find(({ refusal }) => refusal)?.refusal;
  if (refused) return refusing(...refused);
  return refuseParameters(request.url.searchParams, form) ??
    clientOf(request, form, clients, realm);
}

/** The realms, by the paths of their token endpoints. */
const REALMS: ReadonlyMap<string, string> = new Map(
  Object.entries(TOKEN_ENDPOINTS).map(([realm, endpoint]) => [new URL(endpoint).pathname, realm]),
);

/** KPN reads `grant_type` from the query; some programs send it there twice, or also in the body. */
function refuseParameters(query: URLSearchParams, form: URLSearchParams): Outcome | undefined {
  const others = new URLSearchParams([...query].filter(([name]) => name !== "grant_type"));
  const repeated = repeatedName(others) ?? repeatedName(form);
  if (repeated) return refusing(400, `Parameter ${repeated} is given more than once.`);
  const types = query.getAll("grant_type");
  if (types.every((type) => !type)) {
    return failing("missing_grant_type", "grant_type is not in the query");
  }
  if ([...types, ...form.getAll("grant_type")].every((type) => type === "client_credentials")) {
    return undefined;
  }
  return refusing(400, "The only grant_type is client_credentials.");
}

function clientOf(
  request: Received,
  form: URLSearchParams,
  clients: readonly MockClient[],
  realm: string,
): MockClient | Outcome {
  const given = credentialsOf(request, form);
  if ("response" in given) return given;
  const { clientId, clientSecret } = given;
  if (!clientId) return failing("missing_client_id", "there is no client_id");
  if (!clientSecret) return failing("missing_client_secret", "there is no client_secret");
  const client = clients.find((client) => client.clientId === clientId);
  if (client?.clientSecret === clientSecret) return client;
  const name = realm === "msm" ? "invalid_client_500" : "invalid_client";
  return failing(name, client ? "the secret is wrong" : "there is no such client");
}

/** The credentials, from the body as in KPN's cURL examples, or from `Authorization: Basic` as Swagger UI sends them. */
function credentialsOf({ headers }: Received, form: URLSearchParams): MockCredentials | Outcome {
  const clientId = form.get("client_id") ?? "";
  const clientSecret = form.get("client_secret") ?? "";
  const { authorization } = headers;
  if (authorization === undefined || saysNothing(authorization)) return { clientId, clientSecret };
  if (clientId || clientSecret) {
    return refusing(400, "The credentials are given twice: in the body and in Authorization.");
  }
  return parseBasic(authorization) ?? refusing(400, BASIC_ONLY);
}

/** Whether to ignore the header: importers of other tools add a `Bearer` header, even an empty one. */
function saysNothing(authorization: string): boolean {
  return /^(Bearer(Token)?\b.*)?$/i.test(authorization);
}

/** Reads `Basic` (RFC 7617). The credentials are not form-encoded first, as Swagger UI sends them. */
function parseBasic(authorization: string): MockCredentials | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (!encoded || encoded.length % 4) return undefined;
  const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return { clientId: text.slice(0, colon), clientSecret: text.slice(colon + 1) };
}

/** The client id in a token request, known or not. */
export function claimedClientId(request: Received): string | undefined {
  const form = formOf(request);
  const given = form && credentialsOf(request, form);
  return given && "clientId" in given ? given.clientId : undefined;
}

/** How a token request differs from KPN's cURL example. */
export function tokenRequestDifferences(request: Received): Difference[] {
  const form = formOf(request);
  if (!form) return [];
  const { searchParams } = request.url;
  const differences: Difference[] = [];
  const add = (words: string, ...refusal: [status: number, message: string] | []) =>
    differences.push(refusal.length ? { words, refusal } : { words });

  const type = contentTypeDifference(request);
  if (type) add(type.words, ...type.unusual ? [415, FORM_ONLY] as const : []);
  if (searchParams.getAll("grant_type").length > 1) {
    add("grant_type is twice in the query", 400, "Parameter grant_type is given more than once.");
  }
  if (form.has("grant_type")) add("grant_type is also in the body");
  addAuthorization(request.headers["authorization"], add);
  const names = [...form.keys()].filter((name) => name !== "grant_type");
  if (names[0] === "client_secret" && names[1] === "client_id") {
    add("client_secret comes before client_id");
  }
  const others = [...searchParams.keys(), ...names].filter((name) =>
    !/^(grant_type|client_id|client_secret)$/.test(name)
  );
  if (others.length) add(`more parameters: ${others.slice(0, 10).map(quotedName).join(", ")}`);
  return differences;
}

function addAuthorization(
  authorization: string | undefined,
  add: (words: string, ...refusal: [number, string] | []) => void,
): void {
  if (authorization === undefined) return;
  if (!saysNothing(authorization)) return add("the credentials are in Authorization: Basic");
  const scheme = /^\w+/.exec(authorization)?.[0];
  add(`Authorization: ${scheme ?? "(empty)"} is ignored`, 400, BASIC_ONLY);
}
