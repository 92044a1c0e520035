/** Answers made at random: statuses, headers and bytes of every odd kind, the same for the same seed. */

import { FAILURES } from "../../src/mock/answers.ts";
import { chooser } from "./chooser.ts";

/** An answer to make as often as it is needed. */
export interface GeneratedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly answer: () => Response;
}

const STATUSES = [200, 201, 204, 302, 399, 400, 401, 403, 404, 407, 418, 429, 500, 502, 503, 599];
const WORDS = ["fault", "error", "code", "message", "name", "type", "detail", "errorcode", "title"];
const VALUES: readonly unknown[] = [
  "keymanagement.service.invalid_access_token",
  "invalid_client",
  "invalid_request",
  "UNAUTHENTICATED",
  "words for people",
  "",
  "\u0000\u001b[2J\u2028",
  null,
  0,
  -1e308,
  true,
  [],
  {},
  ["x", { "": "y" }],
];

/** Makes answers; `secret` stands somewhere in about every third. */
export function answersOf(random: () => number, secret: string): () => GeneratedAnswer {
  const { pick, chance, below } = chooser(random);

  function value(depth: number): unknown {
    if (chance(0.15)) return `client_secret=${secret}`;
    if (depth === 0 || chance(0.5)) return pick(...VALUES);
    if (chance(0.2)) return Array.from({ length: below(4) }, () => value(depth - 1));
    const fields = ["__proto__", "", "ErrorCode", "transactionId", "notifications", "access_token"];
    const names = [...WORDS, ...fields, "errorResponse", "error_code", "expires_in", "token_type"];
    return Object.fromEntries(
      Array.from({ length: below(6) }, () => [pick(...names), value(depth - 1)]),
    );
  }

  const texts: readonly (() => string)[] = [
    () => JSON.stringify(value(5)),
    () => JSON.stringify({ access_token: "a-token", expires_in: value(1), level: value(1) }),
    () => `\ufeff${JSON.stringify(value(3))}`,
    () => JSON.stringify(JSON.stringify(value(3))),
    () => "[".repeat(30_000) + (chance(0.5) ? "]".repeat(30_000) : ""),
    () => '{"error":'.repeat(5_000) + `"${secret}"` + "}".repeat(5_000),
    () => `<fault><faultstring>${value(0)}</faultstring><detail><errorcode>${value(0)}</errorcode>`,
    () => `<!DOCTYPE html><html><p>${secret}</p>${"<div>".repeat(below(2_000))}`,
    () => " ".repeat(below(70_000)),
    () => secret.repeat(below(3_000)),
    () => "",
  ];

  /** A text, whole or cut, in one of some encodings; or noise. */
  function bytes(): Uint8Array<ArrayBuffer> {
    if (chance(0.1)) return Uint8Array.from({ length: below(500) }, () => below(256));
    const text = pick(...texts)();
    const encoded = chance(0.1)
      ? new Uint8Array(Uint16Array.from(text.slice(0, 4_000), (one) => one.charCodeAt(0)).buffer)
      : new TextEncoder().encode(text);
    return chance(0.2) ? encoded.slice(0, below(encoded.length + 1)) : encoded;
  }

  function headers(): Record<string, string> {
    const all: Record<string, readonly string[]> = {
      "content-type": ["application/json", "text/html", "application/xml; charset=utf-16", "/", ""],
      "www-authenticate": [
        `Bearer error="invalid_token", error_description="${secret}"`,
        `Bearer realm="${secret}\\", error=invalid_client`,
        '="",,= error',
      ],
      "retry-after": ["1", "-1", "soon", "Thu, 26 Nov 2026 05:00:00 GMT", "9".repeat(40)],
      "location": ["https://evil.example/", "/x", "http://[", `https://evil.example/?${secret}`],
      "x-request-id": ["id", secret, "x".repeat(300)],
      "via": ["1.1 proxy.example"],
    };
    return Object.fromEntries(
      Object.entries(all).filter(() => chance(0.25)).map((
        [name, values],
      ) => [name, pick(...values)]),
    );
  }

  /** The bytes in pieces of any size, some of them empty; some streams break off. */
  function stream(whole: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const size = 1 + below(whole.length + 1);
    const breaks = chance(0.05);
    let at = 0;
    return new ReadableStream({
      pull(body) {
        if (at >= whole.length) {
          return breaks ? body.error(new TypeError(`lost: ${secret}`)) : body.close();
        }
        body.enqueue(whole.slice(at, at += Math.max(size, 500)));
        if (size % 7 === 0) body.enqueue(new Uint8Array(0));
      },
    });
  }

  return () => {
    if (chance(0.1)) {
      const { stalled: _, ...ending } = FAILURES;
      return {
        status: 0,
        headers: {},
        bytes: new Uint8Array(),
        answer: pick(...Object.values(ending)),
      };
    }
    const made = { status: pick(...STATUSES), headers: headers(), bytes: bytes() };
    const body = made.status === 204 ? null : stream(made.bytes);
    return { ...made, answer: () => new Response(body, made) };
  };
}
