/**
 * The vectors of webhooks' signatures: three implementations of HMAC-SHA256 that are not ours
 * agree on each, and `tests/golden/webhook.json` holds what they give, for every runtime to verify.
 */

import { assertEquals } from "../support/assert.ts";
import { testWith } from "../support/programs.ts";
import { run } from "../support/run.ts";
import { bodyOf, type Vector } from "../support/webhook_vectors.ts";

const GOLDEN = new URL("../golden/webhook.json", import.meta.url);

const SECRET = "0123456789abcdef0123456789abcdef";

type Unsigned = Omit<Vector, "signature" | "pattern"> & { readonly pattern: Uint8Array };

const text = (pattern: string) => new TextEncoder().encode(pattern);

/** As a fixed text: each zlib packs in its own way. */
const GZIP = atob(
  "H4sIAAAAAAAA/6pWUMpNLS5OTE+Nz0xRslJQytU1VNJRUCouSSwpLQYJuLj6eIa5Brm6KCnUAgAAAP//AwC5UDKCLgAAAA==",
);

const report = text('{ "message_id": "m-1", "status": "DELIVERED" }');

/** What is signed; a body is its pattern, as often as told. */
const UNSIGNED: readonly Unsigned[] = [
  { name: "a delivery report", secret: SECRET, pattern: report, times: 1 },
  { name: "an empty body", secret: SECRET, pattern: text(""), times: 1 },
  {
    name: "UTF-8 with emoji",
    secret: SECRET,
    pattern: text('{"text":"Tot zo 👋🏽, één € 日本"}'),
    times: 1,
  },
  {
    name: "CRLF, and a mark before it",
    secret: SECRET,
    pattern: text("\ufeffa\r\nb\r\n"),
    times: 2,
  },
  { name: "every byte", secret: SECRET, pattern: Uint8Array.from(Array(256).keys()), times: 1 },
  { name: "1 MiB", secret: SECRET, pattern: text("0123456789abcdef"), times: 65_536 },
  { name: "in chunks", secret: SECRET, pattern: text("chunk of sixteen"), times: 640, chunk: 999 },
  {
    name: "gzip, as received",
    secret: SECRET,
    pattern: Uint8Array.from(GZIP, (char) => char.charCodeAt(0)),
    times: 1,
    headers: { "content-encoding": "gzip", "content-type": "application/json" },
  },
  { name: "a secret beyond ASCII", secret: "geheim-é€👋".repeat(4), pattern: report, times: 1 },
  { name: "a secret beyond a block", secret: SECRET.repeat(3), pattern: report, times: 1 },
];

/** A secret, and the file of a body. */
type Task = readonly [secret: string, path: string];

type Programs = Readonly<Record<"node" | "openssl" | "python3", string>>;

/** Each gives the HMAC-SHA256 of files under their secrets, in hexadecimal digits, a line each. */
const SIGNERS: readonly ((programs: Programs, tasks: readonly Task[]) => Promise<string>)[] = [
  ({ node }, tasks) =>
    run(node, [
      "-e",
      `const { createHmac } = require("node:crypto");
      const { readFileSync } = require("node:fs");
      const [, ...args] = process.argv;
      for (let at = 0; at < args.length; at += 2) {
        const hmac = createHmac("sha256", args[at]);
        console.log(hmac.update(readFileSync(args[at + 1])).digest("hex"));
      }`,
      ...tasks.flat(),
    ]),
  async ({ openssl }, tasks) => {
    const lines = tasks.map(async ([secret, path]) => {
      const hex = Array.from(text(secret), (byte) => byte.toString(16).padStart(2, "0")).join("");
      const key = ["-mac", "HMAC", "-macopt", `hexkey:${hex}`];
      return (await run(openssl, ["dgst", "-sha256", "-r", ...key, path])).split(" ")[0];
    });
    return `${(await Promise.all(lines)).join("\n")}\n`;
  },
  ({ python3 }, tasks) =>
    run(python3, [
      "-c",
      `import hashlib, hmac, sys
args = iter(sys.argv[1:])
for secret, path in zip(args, args):
    print(hmac.new(secret.encode(), open(path, "rb").read(), hashlib.sha256).hexdigest())`,
      ...tasks.flat(),
    ]),
];

testWith(
  ["node", "openssl", "python3"],
  "Node's crypto, OpenSSL and Python's hmac agree on every vector of webhooks",
  async (programs) => {
    await Deno.mkdir(".cache", { recursive: true });
    const folder = await Deno.makeTempDir({ dir: ".cache" });
    const vectors = UNSIGNED.map(({ pattern, ...rest }) => ({
      ...rest,
      pattern: btoa(String.fromCharCode(...pattern)),
    }));
    const tasks = await Promise.all(vectors.map(async (vector, index): Promise<Task> => {
      const path = `${folder}/${index}`;
      await Deno.writeFile(path, bodyOf(vector));
      return [vector.secret, path];
    }));
    const [node = "", ...others] = await Promise.all(SIGNERS.map((sign) => sign(programs, tasks)));
    await Deno.remove(folder, { recursive: true });
    for (const other of others) assertEquals(other, node);

    const lines = node.split("\n");
    const signed = vectors.map((vector, index) => ({ ...vector, signature: lines[index] }));
    const golden = `${JSON.stringify(signed, null, 2)}\n`;
    if (Deno.args.includes("--update")) await Deno.writeTextFile(GOLDEN, golden);
    assertEquals(golden, await Deno.readTextFile(GOLDEN));
  },
);
