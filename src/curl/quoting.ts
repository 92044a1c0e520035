/** How to quote a text in each shell (B39, B40). */

export function quotePosix(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

export function quoteFish(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}

/** PowerShell treats curly single quotes as quotes. */
export function quotePowershell(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** A raw string, whose fence has more `#` than follow any quote. */
export function quoteNu(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  const longest = Math.max(...`'${text}`.match(/'#*/g)!.map((fence) => fence.length));
  const fence = "#".repeat(longest);
  return `r${fence}'${text}'${fence}`;
}

/**
 * Uses double quotes. A quote is doubled, so that cmd stays inside the quotes; the C runtime reads two
 * quotes as one, and backslashes literally unless a quote follows.
 */
export function quoteWindows(text: string): string {
  if (/\p{Cc}/u.test(text)) {
    refuse("a line of cmd cannot contain line breaks or other control characters");
  }
  if (/[^ -~]/.test(text)) {
    refuse("cmd needs ASCII: other characters depend on the code page");
  }
  // Backslashes count where a quote follows, the last one included.
  const parts = text.split('"').map((part) => part.replace(/(^|[^\\])(\\+)$/, "$1$2$2"));
  return `"${parts.join('""')}"`;
}

/** Throws the reason why there is no such command; it never quotes a value. */
export function refuse(why: string): never {
  throw new TypeError(`Cannot render a curl command: ${why}`);
}
