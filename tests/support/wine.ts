/** wine's cmd, with a curl.exe that notes its arguments instead of sending anything. */

import { run } from "./run.ts";

/** The programs that this takes, all from Debian. */
export const WINE = ["wine", "x86_64-w64-mingw32-gcc"] as const;

const ROOT = new URL("../../", import.meta.url).pathname;

/** The arguments that curl gets for each line, typed at cmd's prompt or in a batch file. */
export async function argumentsInWine(
  lines: readonly string[],
  batch: boolean,
): Promise<string[][]> {
  const folder = await Deno.makeTempDir();
  try {
    await run("x86_64-w64-mingw32-gcc", [
      "-o",
      `${folder}/curl.exe`,
      `${ROOT}tests/support/windows/arguments.c`,
    ]);
    const script = `${batch ? "@echo off\r\n" : ""}${lines.join("\r\n")}\r\n`;
    await Deno.writeTextFile(`${folder}/lines.bat`, script);
    // Typed at the prompt is what comes from standard input. Its echo goes to a file: a pipe is slow.
    const start = batch ? "wine cmd /c lines.bat" : "wine cmd <lines.bat";
    await run("sh", ["-c", `${start} >echo.txt 2>&1; :`], {
      cwd: folder,
      env: await environment(),
    });
    const noted = await Deno.readTextFile(`${folder}/arguments.txt`);
    return noted.trimEnd().split("\n").map((line) => line.split("\x1f"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A Windows of our own, kept under `.cache/`. */
async function environment(): Promise<Record<string, string>> {
  const WINEPREFIX = `${ROOT}.cache/wine`;
  const env = {
    WINEPREFIX,
    WINEDEBUG: "-all",
    WINEARCH: "win64",
    WINEDLLOVERRIDES: "mscoree,mshtml=",
  };
  try {
    await Deno.stat(`${WINEPREFIX}/system.reg`); // written when all is there
  } catch {
    await Deno.mkdir(WINEPREFIX, { recursive: true });
    await run("wine", ["wineboot", "-i"], { env });
  }
  return env;
}
