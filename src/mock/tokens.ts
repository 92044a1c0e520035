/** The tokens of a mock: handed out in a sequence of their own, known until they are revoked. */

import { FAILURES } from "./answers.ts";

/** What every token of a mock tells of itself. */
export interface TokenFacts {
  readonly clientId: string;
  readonly level: string;
  /** In ms. */
  readonly lifetime: number;
}

/** The tokens that a mock has handed out. */
export interface Tokens {
  /** A new one, in KPN's documented answer. */
  mint(): Record<string, string>;
  /** KPN's refusal if an `authorization` header does not bear a token that is valid now. */
  refuse(authorization: string | undefined): Response | undefined;
  /** Forgets them all. */
  revoke(): void;
}

/** Tokens that follow from `seed` and live by the clock `now`. */
export function tokensOf(facts: TokenFacts, now: () => number, seed: number): Tokens {
  const expiries = new Map<string, number>();
  const next = tokenSequence(seed);
  return {
    mint() {
      const token = next();
      const issuedAt = now();
      expiries.set(token, issuedAt + facts.lifetime);
      return documentedAnswer(token, issuedAt, facts);
    },
    refuse(authorization) {
      const token = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? "")?.[1] ?? "";
      const expiresAt = expiries.get(token);
      if (expiresAt === undefined) return FAILURES.invalid_access_token();
      return now() < expiresAt ? undefined : FAILURES.access_token_expired();
    },
    revoke: () => expiries.clear(),
  };
}

/** KPN's documented answer: every value is a string. */
function documentedAnswer(
  access_token: string,
  issuedAt: number,
  { clientId, level, lifetime }: TokenFacts,
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

/** Tokens that look like KPN's: 28 letters and digits, the same sequence for the same seed. */
function tokenSequence(seed: number): () => string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  let state = seed;
  const letter = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return alphabet[Math.floor(state / 2 ** 32 * alphabet.length)]!;
  };
  return () => Array.from({ length: 28 }, letter).join("");
}
