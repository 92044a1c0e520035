/** The table of shells. */

import { curlCommand } from "../../src/curl/curl.ts";
import { type Shell, SHELLS } from "../../src/curl/shells.ts";
import { assertEquals } from "../support/assert.ts";
import { assertLinear } from "../support/linear.ts";

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

Deno.test("B64: a command is made in linear time, whatever its body repeats", () => {
  for (const shell of Object.keys(SHELLS) as Shell[]) {
    for (const piece of ["\\", "' ", '"a": " b", ', "a b\\", "%#^&"]) {
      assertLinear(`${shell}, ${piece}`, (size) => {
        const body = piece.repeat(size / piece.length);
        const request = { url: "https://api-prd.kpn.com/x", method: "POST", headers: {}, body };
        return () => {
          try {
            curlCommand(request, { shell });
          } catch {
            // cmd has a limit, and refuses some
          }
        };
      }, 8_192);
    }
  }
});
