/** Values that shells and encoders get wrong, shared by the tests of quoting and parity. */

const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/** Every pair of two punctuation marks, in one text: a de Bruijn sequence by the greedy rule. */
function allPairs(alphabet: string): string {
  const seen = new Set<string>();
  let text = alphabet[0]!;
  for (let added = true; added;) {
    added = false;
    for (const char of [...alphabet].reverse()) {
      const pair = text[text.length - 1]! + char;
      if (seen.has(pair)) continue;
      seen.add(pair);
      text += char;
      added = true;
      break;
    }
  }
  return text;
}

/** ASCII only, so that cmd can carry them. */
export const HARD_ASCII: readonly string[] = [
  ...PUNCTUATION,
  allPairs(PUNCTUATION),
  "two  spaces inside",
  "%41",
  "%PATH%",
  "%%PATH%%",
  "!x!",
  "!PATH!",
  "$HOME",
  "${HOME}",
  "$(id)",
  "`id`",
  "@file",
  "@-",
  "--next",
  "-K",
  "a\\",
  "a\\\\",
  'a\\"b',
  'a"b c\\',
  "it's",
  "'",
  "''",
  "a&b=c#d",
  "a|b>c<d&e^f",
  "^",
  "^^%PATH^%",
  "{{KPN_CLIENT_SECRET}}",
  "~root",
  "*.*",
  "x".repeat(2_000),
];

export const HARD_VALUES: readonly string[] = [
  ...HARD_ASCII,
  "zoë",
  "日本語",
  "🙂👩‍👩‍👧",
  "\u2018curly\u2019 \u201alow\u201b",
  "x".repeat(4_000),
];
