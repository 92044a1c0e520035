/** Words of strangers, made fit to be quoted: no secret, no control character, not too many. */

/** So many characters of a secret in a row give it away. */
const RUN = 8;

/** How URLs and forms, JSON and HTML spell a character. */
const ESCAPES =
  /%([\da-f]{2})|\\u([\da-f]{4})|&#x([\da-f]+);|&#(\d+);|&(?:amp|lt|gt|quot|apos);|[+\\]/gi;

const NAMED: Readonly<Record<string, string>> = {
  "+": " ",
  "\\": "",
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
};

/**
 * At most `limit` characters of `text`, without control characters and without `secrets`. A run
 * of 8 characters of a secret is hidden, a shorter secret where it stands by itself: as it is,
 * percent-encoded, as a form, JSON or HTML writes it, or in base64. Linear in the text's length.
 */
export function redact(text: string, secrets: readonly string[], limit = 200): string {
  const decoded = decode(text);
  const hidden = hide(decoded, secrets.flatMap(spellings).filter(Boolean));
  // Cut last, so that no cut secret is left; cleaned after that, since a cut may halve a character.
  return (hidden === decoded ? text : hidden).slice(0, limit).replace(/[\p{C}\p{Z}]/gu, " ");
}

/** The secret as it is, in UTF-8's bytes, wholly decoded, and as it looks inside of a base64 text. */
function spellings(secret: string): string[] {
  const bytes = Array.from(new TextEncoder().encode(secret), (byte) => String.fromCharCode(byte))
    .join("");
  const inBase64 = [0, 1, 2].map((before) =>
    btoa("\0".repeat(before) + bytes)
      // The characters that hold nothing but bits of the secret.
      .slice(Math.ceil(before * 4 / 3), Math.floor((before + bytes.length) * 4 / 3))
  );
  const inBase64Url = inBase64.map((text) => text.replace(/\+/g, "-").replace(/\//g, "_"));
  return [secret, decode(secret), bytes, decode(bytes), ...inBase64, ...inBase64Url];
}

/** Undoes escapes, as bytes where they stand for bytes: a form in JSON in HTML has three layers. */
function decode(text: string, layers = 3): string {
  const decoded = text.replace(
    ESCAPES,
    (escape, byte, unicode, hex, decimal) =>
      NAMED[escape] ?? String.fromCharCode(decimal ?? parseInt(byte ?? unicode ?? hex, 16)),
  );
  return layers > 1 ? decode(decoded, layers - 1) : decoded;
}

/** Puts stars in the place of each run, and of each short value that stands by itself. */
function hide(text: string, values: readonly string[]): string {
  const runs = new Set<string>();
  for (const value of values) {
    for (let i = 0; i + RUN <= value.length; i++) {
      const run = decode(value.slice(i, i + RUN));
      // Shorter where the secret itself holds what looks like escapes; but no mere letter.
      if (run.length > 2) runs.add(run);
    }
  }
  const lengths = [...new Set([...runs].map((run) => run.length))];
  let shown = "";
  let hiddenTo = 0;
  for (let i = 0; i < text.length; i++) {
    for (const length of lengths) {
      if (!runs.has(text.slice(i, i + length))) continue;
      if (i >= hiddenTo && !shown.endsWith("***")) shown += "***";
      hiddenTo = Math.max(hiddenTo, i + length);
    }
    if (i >= hiddenTo) shown += text[i];
  }
  return values.filter((value) => value.length < RUN).reduce((shown, value) => {
    const alone = new RegExp(`(^|\\W)${decode(value).replace(/\W/g, "\\$&")}(?!\\w)`, "g");
    return shown.replace(alone, "$1***");
  }, shown);
}
