/** `kpn-auth webhook`: verifies and makes signatures of KPN's webhooks, for debugging with curl. */

import { signBody } from "../mock/webhooks.ts";
import { verifyWebhook, type WebhookError } from "../webhook.ts";
import { command } from "./command.ts";
import { readInput } from "./credentials.ts";
import { EXIT, failure } from "./exit.ts";
import { type Io, readAll } from "./io.ts";
import type { Parsed } from "./options.ts";

const OPTIONS = {
  signature: { value: "HEX", help: "the received X-KPN-Webhook-Signature (verify)" },
  "key-id": { value: "ID", help: "X-KPN-Webhook-Key-Id: use only this key's secret" },
  "secret-file": { value: "FILE", help: "the secrets, one per line" },
} as const;

export const webhook = command({
  summary: "verify or make the signature of a webhook",
  takes: "verify|sign FILE|-",
  help: `\
kpn-auth webhook verify|sign FILE|-: verifies or makes the signature of a body.

  kpn-auth webhook verify --signature "$SIGNATURE" body.json
  curl -H "X-KPN-Webhook-Signature: $(kpn-auth webhook sign body.json)" \\
    -H "X-KPN-Webhook-Timestamp: $(date +%s)" --data-binary @body.json URL

verify says whether the signature matches the body, and if not, which change of
the body would make it match. sign prints the signature. Timestamps are ignored:
KPN does not sign them. The secret comes from KPN_WEBHOOK_SECRET, or from
--secret-file, where a line is SECRET or KEY_ID=SECRET.
`,
  options: OPTIONS,
  run,
});

type Values = Parsed<typeof OPTIONS>["values"];
type Bytes = Uint8Array<ArrayBuffer>;

async function run(
  { values, positionals: [action = "", path] }: Parsed<typeof OPTIONS>,
  io: Io,
): Promise<number> {
  if (!/^(verify|sign)$/.test(action)) {
    throw failure(EXIT.usage, "The first argument must be verify or sign.");
  }
  if (path === undefined) {
    throw failure(EXIT.usage, `${action} needs the body: a FILE, or - for standard input.`);
  }
  const secrets = await secretsOf(values, io);
  const body = path === "-" ? new Uint8Array(await readAll(io.stdin)) : await readInput(path);
  await io.stdout(
    action === "sign"
      ? `${await signBody(body, secrets[0]!)}\n`
      : await verified(body, secrets, values),
  );
  return EXIT.done;
}

async function verified(body: Bytes, secrets: string[], { signature }: Values): Promise<string> {
  if (!signature) throw failure(EXIT.usage, "verify needs --signature HEX.");
  const signs = async (body: Bytes) => {
    const headers = { "x-kpn-webhook-signature": signature, "x-kpn-webhook-timestamp": "0" };
    const any = { tolerance: Infinity, limit: Infinity };
    return await verifyWebhook({ body, headers }, secrets, any)
      .then(() => undefined, (error: WebhookError) => error);
  };
  const refused = await signs(body);
  if (!refused) return "The signature matches the body.\n";
  if (refused.code !== "wrong_signature") throw refused;
  for (const [mistake, undo] of MISTAKES) {
    const meant = undo(new TextDecoder("utf-8", { ignoreBOM: true }).decode(body));
    if (meant !== undefined && !await signs(new TextEncoder().encode(meant))) {
      throw failure(
        EXIT.failed,
        `The signature does not match this body, but it matches the body ${mistake}.`,
      );
    }
  }
  throw refused;
}

/** How saving a body to a file may change it, and how to undo that. */
const MISTAKES: readonly (readonly [string, (text: string) => string | undefined])[] = [
  ["without the line break at its end", (text) => text.replace(/\r?\n$/, "")],
  ["with a line break at its end", (text) => `${text}\n`],
  ["without any line break (curl's -d drops them)", (text) => text.replace(/[\r\n]/g, "")],
  ["with LF for CRLF", (text) => text.replace(/\r\n/g, "\n")],
  ["with CRLF for LF", (text) => text.replace(/\r?\n/g, "\r\n")],
  ["without the byte order mark", (text) => text.replace(/^\ufeff/, "")],
  ["printed without white space", (text) => printed(text)],
  ["printed with white space", (text) => printed(text, 2)],
];

function printed(text: string, indent?: number): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text), null, indent);
  } catch {
    return undefined; // not JSON
  }
}

/** The secrets that may have signed; at least one. */
async function secretsOf(values: Values, io: Io): Promise<string[]> {
  const { "secret-file": path, "key-id": keyId } = values;
  const text = path === undefined
    ? io.env("KPN_WEBHOOK_SECRET") ?? ""
    : new TextDecoder().decode(await readInput(path));
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line);
  const pairs = lines.map((line): readonly [id: string | undefined, secret: string] => {
    const [, id, secret] = /^(wk_\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    return id && secret ? [id, secret] : [undefined, line];
  });
  const secrets = pairs.filter(([id]) => !id || !keyId || id === keyId).map(([, secret]) => secret);
  const where = path ?? "KPN_WEBHOOK_SECRET";
  if (!lines.length) {
    const what = path === undefined ? `${where} is not set` : `${where} is empty`;
    throw failure(EXIT.credentials, `${what}. Set KPN_WEBHOOK_SECRET, or use --secret-file.`);
  }
  if (!secrets.length) throw failure(EXIT.credentials, `${where} has no secret for that key id.`);
  if (secrets.some(({ length }) => length < 32)) {
    throw failure(EXIT.credentials, `A secret in ${where} is shorter than KPN's 32 characters.`);
  }
  return secrets;
}
