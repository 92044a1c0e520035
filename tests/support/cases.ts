/** The values that request, curl and parity tests share. */

/** The credentials of KPN's examples. */
export const PLACEHOLDERS = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };

/** KPN's documented answer (`.github/KPN.md`). */
export const KPN_ANSWER: Readonly<Record<string, string>> = {
  refresh_token_expires_in: "0",
  api_product_list: "[xxxxxx]",
  organization_name: "kpn",
  developer_email: "demo123@kpn.com",
  token_type: "Bearer",
  issued_at: "1587458037687",
  client_id: "APP_CLIENT_ID",
  access_token: "staG765sBUuai4OMeZiTful6PTRt",
  application_name: "test_application",
  level: "demo",
  scope: "",
  expires_in: "3599",
  refresh_token: "",
  refresh_count: "0",
  status: "approved",
};

/** KPN's example for Linux and macOS, as the page has it. */
export const KPN_POSIX = `curl -X POST \\
 'https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials' \\
 -H 'content-type: application/x-www-form-urlencoded' \\
 -d 'client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET'`;

/** KPN's example for Windows, as the page has it. */
export const KPN_WINDOWS =
  'curl -X POST "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials" -H "content-type: application/x-www-form-urlencoded" -d "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET"';

const PUNCTUATION = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];

/** Every mark of ASCII before every one: 1,024 values. */
export const PUNCTUATION_PAIRS: readonly string[] = PUNCTUATION.flatMap((first) =>
  PUNCTUATION.map((second) => first + second)
);

/** Printable values that some shell, encoder or program stumbles over. */
export const HARD_VALUES: readonly string[] = [
  ...PUNCTUATION,
  ...PUNCTUATION.map((first) => PUNCTUATION.map((second) => first + second).join("")),
  "a b",
  "a  b\\",
  "%41",
  "%PATH%",
  "100%PATH%3D%2",
  "%%PATH%%",
  "!x!",
  "!PATH!",
  "^!PATH^!",
  "$HOME",
  "${HOME}",
  "$(id)",
  "`id`",
  "@file",
  "@/etc/passwd",
  "--next",
  "-K",
  "EOF",
  'a"&whoami&"b',
  'a\\\\"b\\\\',
  'it\'s "quoted" \\ here',
  "{{KPN_TOKEN}}",
  "#}'",
  "##{'",
  "~ * - . _ +",
  "caf\u00e9 \u20ac \u{1f600}",
  "\u2018curly\u2019",
  "x".repeat(4_000),
];
