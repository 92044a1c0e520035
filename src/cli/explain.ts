/** `kpn-auth explain`: explains a pasted error. */

import { explain as explanationOf, type Explanation } from "../explain.ts";
import { command } from "./command.ts";
import { readInput } from "./credentials.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, painter, readAll } from "./io.ts";
import type { Parsed } from "./options.ts";

const OPTIONS = {
  status: { value: "N", help: "the input is only a body, and this is its status" },
  json: { help: "print JSON" },
} as const;

export const explain = command({
  summary: "explain an error of KPN's",
  takes: "FILE|-",
  help: `\
kpn-auth explain [FILE|-]: explains an answer of KPN's.

  curl -i https://api-prd.kpn.com/… | kpn-auth explain

Reads the output of curl -i from FILE or standard input. Says what the answer
means, whose fault it is, what to do, and what will not help. Sends nothing.
The exit code is 0 if the answer was understood, and 5 if not.
`,
  options: OPTIONS,
  run,
});

async function run(
  { values, positionals: [file = "-"] }: Parsed<typeof OPTIONS>,
  io: Io,
): Promise<number> {
  const status = statusOf(values.status);
  if (/^\s*[{<]|^HTTP\//.test(file)) {
    throw failure(EXIT.usage, "Paste the answer on standard input, not as an argument.");
  }
  if (file === "-" && io.terminal.stdin) {
    await io.stderr(
      "Paste the answer, press Enter, and then Ctrl-D (on Windows: Ctrl-Z and Enter).\n",
    );
  }
  const bytes = file === "-" ? new Uint8Array(await readAll(io.stdin)) : await readInput(file);
  const explanation = explanationOf(textOf(bytes), status);
  await io.stdout(values.json ? `${JSON.stringify(explanation)}\n` : lines(explanation, io));
  return explanation.understood ? EXIT.done : EXIT.gateway;
}

function statusOf(value: string | undefined): number | undefined {
  if (value === undefined || /^[1-5]\d\d$/.test(value)) return value ? Number(value) : undefined;
  throw failure(EXIT.usage, "--status must be an HTTP status, such as 401.");
}

/** PowerShell's `>` writes UTF-16. */
function textOf(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(bytes);
}

function lines(explanation: Explanation, io: Io): string {
  const { code, status, originalCode, message, means, whose, remedy, avoid } = explanation;
  const paint = painter(io, "stdout");
  const said = [originalCode, message].filter(Boolean).join(", ");
  const title = [code && paint("red", code), status && `HTTP ${status}`, said].filter(Boolean);
  const rows = [
    ["It means", means],
    ["Whose fault", whose],
    ["What to do", remedy],
    ["What not to try", avoid],
  ] as const;
  return [
    ...code ? [title.join(" · ")] : [],
    ...rows.filter(([, text]) => text).map(([name, text]) =>
      `${paint("grey", name.padEnd(16))} ${text}`
    ),
    "",
  ].join("\n");
}
