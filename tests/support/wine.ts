/** wine's cmd, with a curl.exe that notes its arguments instead of sending anything. */

import { filledOnce } from "./once.ts";
import { run } from "./run.ts";

/** The programs that this takes, all from Debian. */
export const WINE = ["wine", "x86_64-w64-mingw32-gcc"] as const;

const ROOT = new URL("../../", import.meta.url).pathname;

/** The arguments that curl gets for each line, typed at cmd's prompt or in a batch file. */
export async function argumentsInWine(
  lines: readonly string[],
  batch: boolean,
): Promise<string[][]> {
  const env = { ...ENV, WINEPREFIX: await prefix() };
  const folder = await Deno.makeTempDir();
  try {
    const source = `${ROOT}tests/support/windows/arguments.c`;
    await run("x86_64-w64-mingw32-gcc", ["-o", `${folder}/curl.exe`, source]);
    const script = `${batch ? "@echo off\r\n" : ""}${lines.join("\r\n")}\r\n`;
    await Deno.writeTextFile(`${folder}/lines.bat`, script);
    // Typed at the prompt is what comes from standard input. Its echo goes to a file: a pipe is slow.
    const start = batch ? "wine cmd /c lines.bat" : "wine cmd <lines.bat";
    await run("sh", ["-c", `${start} >echo.txt 2>&1; :`], { cwd: folder, env });
    const noted = await Deno.readTextFile(`${folder}/arguments.txt`);
    const calls = noted.trimEnd().split("\n").map((line) => line.split("\x1f"));
    if (calls.length === lines.length) return calls;
    const echo = await Deno.readTextFile(`${folder}/echo.txt`);
    throw new Error(`wine ran ${calls.length} of ${lines.length} lines, and said:\n${echo}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ENV = { WINEDEBUG: "-all", WINEARCH: "win64", WINEDLLOVERRIDES: "mscoree,mshtml=" };

/** A Windows of our own, made once. */
async function prefix(): Promise<string> {
  const fill = async (WINEPREFIX: string) => {
    await run("wine", ["wineboot", "-i"], { env: { ...ENV, WINEPREFIX } });
    await run("wineserver", ["-w"], { env: { ...ENV, WINEPREFIX } }); // until all is written
  };
  return await filledOnce("wine", JSON.stringify(ENV), fill, (folder) => folder);
}
