/** Property tests of the body: what a server decodes is what was given. */

import fc from "fast-check";
import { createTokenRequest } from "../mod.ts";
import { assertEquals } from "./support/assert.ts";

/** Printable text of any script: no control characters, no lone surrogates, no white space around it. */
const printable = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 })
  .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text) && text === text.trim() && text !== "");

const unreserved = fc.string({
  unit: fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._"),
  minLength: 1,
});

/** The WHATWG form encoding, written anew from its specification: UTF-8 bytes, space as +, all but `*-._` and alphanumerics as %XX. */
function formEncode(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9*._-]/.test(char)) return char;
    return char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

Deno.test("any id and secret: what the server decodes is what was given, and the encoding is the form's", () => {
  fc.assert(fc.property(printable, printable, (clientId, clientSecret) => {
    const { body } = createTokenRequest({ clientId, clientSecret });
    assertEquals([...new URLSearchParams(body)], [
      ["client_id", clientId],
      ["client_secret", clientSecret],
    ]);
    assertEquals(
      body,
      `client_id=${formEncode(clientId)}&client_secret=${formEncode(clientSecret)}`,
    );
  }));
});

Deno.test("for A–Z a–z 0–9 * - . _ the body is KPN's example, literally", () => {
  fc.assert(fc.property(unreserved, unreserved, (clientId, clientSecret) => {
    const { body } = createTokenRequest({ clientId, clientSecret });
    assertEquals(body, `client_id=${clientId}&client_secret=${clientSecret}`);
  }));
});
