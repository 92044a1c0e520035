/** The table of shells. */

import { SHELLS } from "../../src/curl/shells.ts";
import { assertEquals } from "../support/assert.ts";

const ALL = Object.values(SHELLS);

Deno.test("each shell is known by the names of its programs", () => {
  assertEquals(ALL.map(({ programs }) => programs.join(" ")), [
    "sh bash zsh ksh mksh dash ash",
    "",
    "",
    "pwsh",
    "",
    "bat",
  ]);
});

Deno.test("each shell is named as people know it, and sets a variable for what it starts", () => {
  const seen = ALL.map(({ title, assign }) => [title, assign("A", "a&'%")]);
  assertEquals(seen, [
    ["Linux, macOS", "export A='a&'\\''%'"],
    ["fish", "set -gx A 'a&\\'%'"],
    ["Nushell", "$env.A = r#'a&'%'#"],
    ["PowerShell", "$env:A = 'a&''%'"],
    ["Windows cmd", "set A=a^&'^%"],
    ["Batch file", "set A=a^&'%%"],
  ]);
});
