/** The tokens of a mock: a fixed sequence, valid until they expire or are revoked. */

import { failing, type Outcome } from "./answers.ts";
import type { MockClient } from "./token_endpoint.ts";

/** The tokens that a mock has issued. */
export interface Tokens {
  /** Issues a token, in KPN's documented answer. */
  mint(client: MockClient): Record<string, string>;
  /** The client of the token in an `authorization` header, even if it has expired. */
  clientOf(authorization: string | undefined): MockClient | undefined;
  /** KPN's refusal, unless an `authorization` header has a token that is valid now. */
  refuse(authorization: string | undefined): Outcome | undefined;
  /** How many tokens were issued. */
  readonly count: () => number;
  /** Forgets all tokens. */
  revoke(): void;
  /** Forgets all tokens, and restarts the sequence. */
  reset(): void;
}

/** How many tokens the mock remembers; it forgets the oldest first. */
const TOKEN_LIMIT = 20_000;

/** The tokens of the sequence that `seed` starts; they expire by the clock `now`. */
export function tokensOf(
  { lifetime, seed, strict, now }: {
    readonly lifetime: number;
    readonly seed: number;
    readonly strict: boolean;
    readonly now: () => number;
  },
): Tokens {
  const issued = new Map<string, { readonly client: MockClient; readonly expiresAt: number }>();
  let next = tokenSequence(seed);
  let count = 0;
  const scheme = strict ? STRICT_SCHEME : SCHEME;
  const tokenIn = (authorization = "") => scheme.exec(authorization)?.[1];
  const find = (authorization: string | undefined) => issued.get(tokenIn(authorization) ?? "");

  return {
    mint(client) {
      const token = next();
      const issuedAt = now();
      count++;
      issued.set(token, { client, expiresAt: issuedAt + lifetime });
      if (issued.size > TOKEN_LIMIT) issued.delete(issued.keys().next().value!);
      return documentedAnswer(token, issuedAt, lifetime, client);
    },
    clientOf: (authorization) => find(authorization)?.client,
    refuse(authorization) {
      const token = find(authorization);
      if (!token) {
        const why = tokenIn(authorization) ? "the token is unknown" : "there is no Bearer token";
        return failing("invalid_access_token", why);
      }
      if (now() < token.expiresAt) return undefined;
      return failing("access_token_expired", "the token has expired");
    },
    count: () => count,
    revoke: () => issued.clear(),
    reset() {
      issued.clear();
      next = tokenSequence(seed);
      count = 0;
    },
  };
}

const STRICT_SCHEME = /^Bearer ([\x21-\x7e]+)$/i;

/** One program uses Apigee's name of the token type as the scheme. */
const SCHEME = /^Bearer(?:Token)? ([\x21-\x7e]+)$/i;

/** How a call's `authorization` header differs from the documented one, if it does. */
export function bearerDifference(authorization = ""): string | undefined {
  return /^BearerToken /i.test(authorization) ? "authorization says BearerToken" : undefined;
}

/** KPN's documented answer: every value is a string. */
function documentedAnswer(
  access_token: string,
  issuedAt: number,
  lifetime: number,
  { clientId, level = "demo" }: MockClient,
): Record<string, string> {
  return {
    refresh_token_expires_in: "0",
    api_product_list: "[number-insight]",
    organization_name: "kpn",
    developer_email: "demo123@kpn.com",
    token_type: "Bearer",
    issued_at: String(issuedAt),
    client_id: clientId,
    access_token,
    application_name: "test_application",
    level,
    scope: "",
    expires_in: String(Math.floor(lifetime / 1000)),
    refresh_token: "",
    refresh_count: "0",
    status: "approved",
  };
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Makes tokens that look like KPN's: 28 letters and digits; the same seed gives the same sequence. */
function tokenSequence(seed: number): () => string {
  let state = seed;
  const letter = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ALPHABET[Math.floor(state / 2 ** 32 * ALPHABET.length)]!;
  };
  return () => {
    let token = "";
    while (token.length < 28) token += letter();
    return token;
  };
}
