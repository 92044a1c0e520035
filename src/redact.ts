/** Words of strangers, made fit to be quoted: no secret, no control character, not too many. */

/** So many characters of a secret in a row give it away. */
const RUN = 8;

/** How often a text may have been encoded: a form in JSON in HTML. */
const LAYERS = 3;

/** How URLs and forms, JSON and programs, HTML spell a character: by its number, in hex or not, or by a name. */
const ESCAPES =
  /(?:%|\\x)([\da-f]{2})|[%\\]u([\da-f]{4})|\\u\{([\da-f]+)\}|&#x([\da-f]+);?|&#(\d+);?|&(?:amp|lt|gt|quot|apos);|[+\\]/gi;

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
 * At most `limit` characters of `text`, on one line, without control characters, `secrets` and the
 * queries of URLs. A run of 8 characters of a secret is hidden, a shorter secret where it stands by
 * itself: as it is, percent-encoded, as a form, JSON or HTML writes it, or in base64. Linear in the
 * text's length.
 */
export function redact(text: string, secrets: readonly string[], limit = 200): string {
  const hide = hider(secrets.flatMap(spellings));
  let shown = text;
  // The layers below are looked at, too: what looks like an escape may be a part of the secret.
  for (let layers = LAYERS; layers >= 0 && shown === text; layers--) {
    const decoded = decode(text, layers);
    const hidden = hide(decoded);
    if (hidden !== decoded) shown = hidden;
  }
  // Cut last, so that no cut secret is left; cleaned after that, since a cut may halve a character.
  return withoutQueries(shown).replace(UNFIT, " ").slice(0, limit).replace(UNFIT, " ").trim();
}

/** Control characters, white space, and half characters. */
const UNFIT = /[\p{C}\p{Z}]+/gu;

/** A URL's query may be a signature. */
function withoutQueries(text: string): string {
  return text.replace(/\S+/g, (word) => {
    const at = word.indexOf("://");
    if (at < 0) return word;
    return word.slice(0, at) + word.slice(at).replace(/\?.*?(\)?[.,:;]?)$/, "?***$1");
  });
}

/** The secret as it is, in UTF-8's bytes, wholly decoded, and as it looks inside of a base64 text. */
function spellings(secret: string): string[] {
  // UTF-8 without TextEncoder, which Jest's jsdom does not have; half a character is U+FFFD.
  const bytes = encodeURIComponent(secret.replace(/\p{Cs}/gu, "\ufffd"))
    .replace(/%(..)/g, (_, byte) => String.fromCharCode(parseInt(byte, 16)));
  const inBase64 = [0, 1, 2].map((before) =>
    btoa("\0".repeat(before) + bytes)
      // The characters that hold nothing but bits of the secret.
      .slice(Math.ceil(before * 4 / 3), Math.floor((before + bytes.length) * 4 / 3))
  );
  const inBase64Url = inBase64.map((text) => text.replace(/\+/g, "-").replace(/\//g, "_"));
  return [secret, decode(secret), bytes, decode(bytes), ...inBase64, ...inBase64Url];
}

/** Undoes so many layers of escapes, as bytes where they stand for bytes. */
function decode(text: string, layers = LAYERS): string {
  if (!layers) return text;
  const decoded = text.replace(ESCAPES, (escape, ...[byte, unit, point, hex, decimal]) => {
    const code = Number(decimal ?? parseInt(byte ?? unit ?? point ?? hex, 16));
    return NAMED[escape] ?? (code <= 0x10ffff ? String.fromCodePoint(code) : escape);
  });
  return decode(decoded, layers - 1);
}

/** Puts stars in the place of each run of the values, and of each short value that stands by itself. */
function hider(values: readonly string[]): (text: string) => string {
  const runs = new Set<string>();
  for (const value of values) {
    for (let i = 0; i + RUN <= value.length; i++) {
      const run = value.slice(i, i + RUN);
      // Shorter where the secret itself holds what looks like escapes; but no mere letter.
      for (const spelled of [run, decode(run)]) if (spelled.length > 2) runs.add(spelled);
    }
  }
  const lengths = [...new Set([...runs].map((run) => run.length))];
  const alone = values.filter((value) => value && value.length < RUN)
    .map((value) => new RegExp(`(^|\\W)${value.replace(/\W/g, "\\$&")}(?!\\w)`, "g"));
  return (text) =>
    alone.reduce((shown, short) => shown.replace(short, "$1***"), hideRuns(text, runs, lengths));
}

function hideRuns(text: string, runs: ReadonlySet<string>, lengths: readonly number[]): string {
  let shown = "";
  let hiddenTo = 0;
  for (let i = 0; i < text.length; i++) {
    for (const length of lengths) {
      if (!runs.has(text.slice(i, i + length))) continue;
      if (i > hiddenTo || !shown) shown += `${text.slice(hiddenTo, i)}***`;
      hiddenTo = Math.max(hiddenTo, i + length);
    }
  }
  return shown + text.slice(hiddenTo);
}
