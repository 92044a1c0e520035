/** The completion scripts, asked in the shells themselves. */

import { assertEquals } from "../support/assert.ts";
import { testWith } from "../support/programs.ts";
import { run as runProgram } from "../support/run.ts";
import { run } from "./in_process.ts";

/** How a shell is asked: its arguments before the code, the code's beginning, and what asks for a line. */
interface Ask {
  readonly args: readonly string[];
  readonly begin: (script: string) => string;
  readonly line: (line: string) => string;
}

const quoted = (line: string) => line.split(" ").map((word) => `'${word}'`).join(" ");

const ASK: Readonly<Record<string, Ask>> = {
  bash: {
    args: ["--norc", "-c"],
    begin: (script) => `source '${script}'`,
    line: (line) =>
      `COMP_WORDS=(${quoted(line)}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _kpn_auth
       printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  zsh: { // completes inside its line editor alone: here compadd prints what it is handed
    args: ["-f", "-c"],
    begin: (script) =>
      `compdef() { :; }; compadd() { print -rl -- "\${@:#--}"; }; source '${script}'`,
    line: (line) => `words=(${quoted(line)}); CURRENT=\${#words}; _kpn_auth`,
  },
  fish: {
    args: ["--no-config", "-c"],
    begin: (script) => `source '${script}'`,
    line: (line) => `complete -C '${line}'`,
  },
  pwsh: {
    args: ["-NoProfile", "-NonInteractive", "-Command"],
    begin: (script) => `. '${script}'`,
    line: (line) => `(TabExpansion2 '${line}' ${line.length}).CompletionMatches.CompletionText`,
  },
};

/** A line, and whether a word is offered for it. */
const LINES:
  readonly (readonly [line: string, offered: readonly string[], not: readonly string[]])[] = [
    ["kpn-auth ", ["token", "call", "curl", "doctor", "mock", "completion"], ["--json"]],
    ["kpn-auth call --data-u", ["--data-urlencode"], []],
    ["kpn-auth token --", ["--json", "--credentials", "--help"], ["--env-file", "--data"]],
    ["kpn-auth curl --shell ", ["fish", "powershell", "zsh"], ["--json", "token"]],
    ["kpn-auth curl --expand ", ["shell", "curl"], ["--json"]],
    ["kpn-auth completion ", ["bash", "zsh", "fish", "pwsh"], ["token"]],
  ];

for (const [shell, ask] of Object.entries(ASK)) {
  testWith(
    [shell],
    `completion ${shell} offers commands, options and their values`,
    async (found) => {
      const { code, stdout } = await run(["completion", shell]);
      assertEquals(code, 0);
      const script = await Deno.makeTempFile({ suffix: shell === "pwsh" ? ".ps1" : "" });
      try {
        await Deno.writeTextFile(script, stdout);
        const asked = LINES.map(([line]) => `${ask.line(line)}\necho "===="`);
        const asking = [ask.begin(script), ...asked].join("\n");
        const said = await runProgram(found[shell]!, [...ask.args, asking], {
          env: { NO_COLOR: "1" },
        });
        const answers = said.split("====\n");
        LINES.forEach(([line, offered, not], index) => {
          const words = answers[index]!.split("\n").map((word) => word.split("\t")[0]!.trim());
          const missing = offered.filter((word) => !words.includes(word));
          assertEquals([line, missing, not.filter((word) => words.includes(word))], [line, [], []]);
        });
      } finally {
        await Deno.remove(script);
      }
    },
  );
}
