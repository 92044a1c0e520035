/** `call -v`: shows every request and answer on standard error, with secrets and tokens hidden. */

import { headOf } from "./answer.ts";
import type { Io } from "./io.ts";

/** Headers whose values are never shown. */
const HIDDEN = /^((?:proxy-)?authorization|cookie|set-cookie):.*$/i;

/** A `fetch` that shows requests and answers, with `secret` and tokens hidden everywhere. */
export function traced(fetch: Io["fetch"], secret: string, io: Io): Io["fetch"] {
  const tracedFetch: typeof fetch = async (input, init = {}) => {
    const { host, pathname, search } = new URL(String(input));
    const headers = new Headers(init.headers);
    const token = headers.get("authorization")?.replace(/^\w+ /, "") ?? "";
    const show = (mark: string, lines: readonly string[]) =>
      io.stderr(
        lines.map((line) => `${mark} ${hide(line, [secret, token])}\n`).join("") + `${mark}\n`,
      );

    await show(">", [
      `${init.method ?? "GET"} ${pathname}${search} HTTP/1.1`,
      `host: ${host}`,
      ...Array.from(headers, ([name, value]) => `${name}: ${value}`),
    ]);
    const response = await fetch(input, init);
    await show("<", headOf(response));
    return response;
  };
  return tracedFetch;
}

function hide(line: string, secrets: readonly string[]): string {
  if (HIDDEN.test(line)) return line.replace(/:.*$/s, ": ***");
  const spellings = secrets.filter(Boolean).flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    String(new URLSearchParams({ "": secret })).slice(1),
  ]);
  return spellings.reduce((text, spelling) => text.split(spelling).join("***"), line)
    .replace(/\p{Cc}+/gu, " ");
}
