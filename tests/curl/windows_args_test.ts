import { assertEquals, assertThrows } from "../support/assert.ts";
import { commandLine, splitArguments, windowsArguments } from "../support/windows_args.ts";

const env = { PATH: "C:\\x", X: "value" };
const prompt = { batch: false, env };
const batch = { batch: true, env };

Deno.test("the C runtime's documented examples", () => {
  for (
    const [line, ...args] of [
      [`"abc" d e`, "abc", "d", "e"],
      [`a\\\\b d"e f"g h`, "a\\\\b", "de fg", "h"],
      [`a\\\\\\"b c d`, 'a\\"b', "c", "d"],
      [`a\\\\\\\\"b c" d e`, "a\\\\b c", "d", "e"],
      [`a"b"" c d`, 'ab" c d'],
      [`a "" "\\\\" \\ b\\`, "a", "", "\\", "\\", "b\\"],
      [`\\" x`, '"', "x"],
    ]
  ) assertEquals(splitArguments(line!), args, line!);
});

Deno.test("cmd expands percent signs first, at the prompt and in a batch file in different ways", () => {
  for (
    const [line, atPrompt, inBatch] of [
      [`"%X%"`, `"value"`, `"value"`],
      [`%x%`, "value", "value"],
      [`%UNDEFINED%`, "%UNDEFINED%", ""],
      [`100%`, "100%", "100"],
      [`%%X%%`, "%value%", "%X%"],
      [`%41`, "%41", "1"],
      [`a%1b%*`, "a%1b%*", "ab"],
      [`"a"%"X"%"b"`, `"a"%"X"%"b"`, `"a""b"`],
    ]
  ) {
    assertEquals(commandLine(line!, prompt), atPrompt);
    assertEquals(commandLine(line!, batch), inBatch);
  }
});

Deno.test("cmd: carets outside of quotes, operators, delayed expansion", () => {
  assertEquals(commandLine(`a^&b "c^&d" \\^"e`, prompt), `a&b "c^&d" \\"e`);
  assertThrows(() => commandLine(`"a" & whoami`, prompt), Error, "operator");
  assertThrows(() => commandLine(`"a\\"&whoami"`, prompt), Error, "operator");
  assertEquals(commandLine(`"!X! ^^ !none!"`, { ...prompt, delayed: true }), `"value ^ "`);
  assertEquals(commandLine(`"^^ without"`, { ...prompt, delayed: true }), `"^^ without"`);
  assertEquals(commandLine(`"!X!"`, prompt), `"!X!"`);
  assertEquals(windowsArguments(`curl ""%"X"%""`, prompt), ["curl", "%X%"]);
});
