/** Makes foreign text safe to quote: without secrets and control characters, and short. */

/** How many characters of a secret in a row are hidden. */
const RUN = 8;

/** How many layers of encoding are undone: a form in JSON in HTML has three. */
const LAYERS = 3;

/** The escapes of URLs and forms, of JSON and programs, and of HTML. */
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
 * At most `limit` characters of `text`, on one line, without control characters, without `secrets`
 * and without the queries of URLs. Any 8 characters of a secret in a row are hidden, and a shorter
 * secret where it is a whole word: plain, percent-encoded, encoded for a form, JSON or HTML, or in
 * base64. Takes time linear in the text's length.
 */
export function redact(text: string, secrets: readonly string[], limit = 200): string {
  const hide = hider(secrets.flatMap(spellings));
  let shown = text;
  // Fewer layers are tried, too: what looks like an escape may be part of the secret.
  for (let layers = LAYERS; layers >= 0 && shown === text; layers--) {
    const decoded = decode(text, layers);
    const hidden = hide(decoded);
    if (hidden !== decoded) shown = hidden;
  }
  // Cut after hiding, so that no part of a secret remains; clean again, since a cut may halve a character.
  return withoutQueries(shown).replace(UNFIT, " ").slice(0, limit).replace(UNFIT, " ").trim();
}

/** Control characters, white space, and lone surrogates. */
const UNFIT = /[\p{C}\p{Z}]+/gu;

/** Hides the queries of URLs: one may be a signature. */
function withoutQueries(text: string): string {
  return text.replace(/\S+/g, (word) => {
    const at = word.indexOf("://");
    if (at < 0) return word;
    return word.slice(0, at) + word.slice(at).replace(/\?.*?(\)?[.,:;]?)$/, "?***$1");
  });
}

/** A secret's spellings: plain, as UTF-8 bytes, decoded, and as it looks inside base64. */
function spellings(secret: string): string[] {
  const whole = secret.replace(/\p{Cs}/gu, "\ufffd"); // as UTF-8 has lone surrogates
  // UTF-8 without TextEncoder, which Jest's jsdom lacks.
  const bytes = encodeURIComponent(whole)
    .replace(/%(..)/g, (_, byte) => String.fromCharCode(parseInt(byte, 16)));
  // Basic has the plain secret, or an encoded one (RFC 6749 section 2.3.1).
  const encoded = [encodeURIComponent(whole), `${new URLSearchParams({ "": whole })}`.slice(1)];
  const inBase64 = [...new Set([bytes, ...encoded])].flatMap((text) =>
    [0, 1, 2].map((before) =>
      btoa("\0".repeat(before) + text)
        // Only the characters whose bits are all the secret's.
        .slice(Math.ceil(before * 4 / 3), Math.floor((before + text.length) * 4 / 3))
    )
  );
  const inBase64Url = inBase64.map((text) => text.replace(/\+/g, "-").replace(/\//g, "_"));
  return [secret, decode(secret), bytes, decode(bytes), ...inBase64, ...inBase64Url];
}

/** Undoes `layers` layers of escapes. */
function decode(text: string, layers = LAYERS): string {
  if (!layers) return text;
  const decoded = text.replace(ESCAPES, (escape, ...[byte, unit, point, hex, decimal]) => {
    const code = Number(decimal ?? parseInt(byte ?? unit ?? point ?? hex, 16));
    return NAMED[escape] ?? (code <= 0x10ffff ? String.fromCodePoint(code) : escape);
  });
  return decode(decoded, layers - 1);
}

/** Replaces each run of the values, and each short value that is a whole word, with stars. */
function hider(values: readonly string[]): (text: string) => string {
  const runs = new Set<string>();
  for (const value of values) {
    for (let i = 0; i + RUN <= value.length; i++) {
      const run = value.slice(i, i + RUN);
      // A decoded run is shorter if the secret contains what looks like escapes; one or two characters are skipped.
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
