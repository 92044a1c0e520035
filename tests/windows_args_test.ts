import { cmdArguments, splitArguments } from "./support/windows_args.ts";
import { assertEquals, assertThrows } from "./support/assert.ts";

Deno.test("the C runtime's rules, on Microsoft's own table and harder", () => {
  const table: [string, string[]][] = [
    ['"abc" d e', ["abc", "d", "e"]],
    ['a\\\\b d"e f"g h', ["a\\\\b", "de fg", "h"]],
    ['a\\\\\\"b c d', ['a\\"b', "c", "d"]],
    ['a\\\\\\\\"b c" d e', ["a\\\\b c", "d", "e"]],
    ['a"b"" c d', ['ab" c d']],
    ['"" x', ["", "x"]],
    ["  a\t b ", ["a", "b"]],
    ['"a\\\\"', ["a\\"]],
  ];
  for (const [line, args] of table) assertEquals(splitArguments(line), args, line);
});

Deno.test("cmd keeps what is inside quotes, takes carets away outside, and ends at & | < >", () => {
  assertEquals(cmdArguments('curl "a&b|c<d>e^f"'), ["curl", "a&b|c<d>e^f"]);
  assertEquals(cmdArguments("curl a^&b ^^"), ["curl", "a&b", "^"]);
  assertThrows(() => cmdArguments("curl a&b"), Error, "&");
});
