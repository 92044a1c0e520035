import fc from "fast-check";
import { createTokenRequest } from "../../mod.ts";
import { HARD_VALUES, KPN_POSIX } from "../support/cases.ts";
import { runs } from "../support/amount.ts";
import { assertEquals } from "../support/assert.ts";
import { printable, unreserved } from "../support/values.ts";

/** The WHATWG form encoding, written down from its definition: bytes, not `URLSearchParams`. */
function encode(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9*._-]/.test(char)) return char;
    return char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** What any server does: `+` is a space, `%XX` a byte of UTF-8. */
function decode(body: string): [string, string][] {
  return body.split("&").map((field) => {
    const [name = "", value = ""] = field.split("=");
    return [name, decodeURIComponent(value.replace(/\+/g, "%20"))];
  });
}

function check(clientId: string, clientSecret: string): void {
  const { body } = createTokenRequest({ clientId, clientSecret });
  assertEquals(body, `client_id=${encode(clientId)}&client_secret=${encode(clientSecret)}`);
  assertEquals(decode(body), [["client_id", clientId], ["client_secret", clientSecret]]);
}

Deno.test("any id and secret arrive as given, encoded as an independent encoder does it", () => {
  fc.assert(fc.property(printable, printable, check), { numRuns: runs(1_000, 100_000) });
});

Deno.test("every hard value arrives as given", () => {
  for (const value of HARD_VALUES) check(value, value);
});

Deno.test("A-Z a-z 0-9 * - . _ stand in the body as in KPN's example", () => {
  const example = /-d '(.*)'/.exec(KPN_POSIX)![1]!;
  fc.assert(fc.property(unreserved, unreserved, (clientId, clientSecret) => {
    const { body } = createTokenRequest({ clientId, clientSecret });
    // Functions, since `$` in a replacement is special.
    assertEquals(
      body,
      example.replace("APP_CLIENT_ID", () => clientId)
        .replace("APP_CLIENT_SECRET", () => clientSecret),
    );
  }));
});
