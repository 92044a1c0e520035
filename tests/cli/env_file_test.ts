/** Env files as people have them (B84): read as they were meant, or refused without quoting a value. */

import { mockKpn } from "../../src/mock/mock.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { run, withFile } from "./in_process.ts";

const ID = "id-of-the-file";
const SECRET = "s3cret#with/marks=";

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(text.length * 2 + 2));
  [...`\ufeff${text}`].forEach((char, at) =>
    view.setUint16(at * 2, char.charCodeAt(0), littleEndian)
  );
  return new Uint8Array(view.buffer);
}

const PLAIN = `KPN_CLIENT_ID=${ID}\nKPN_CLIENT_SECRET=${SECRET}\n`;

const READ: Readonly<Record<string, string | Uint8Array>> = {
  "a # inside": PLAIN,
  "comments":
    `# mine\n\nKPN_CLIENT_ID=${ID} # the id\n  # more\nKPN_CLIENT_SECRET=${SECRET}\t# and\n`,
  "double quotes, export": `export KPN_CLIENT_ID="${ID}"\nexport KPN_CLIENT_SECRET="${SECRET}" # x`,
  "single quotes": `KPN_CLIENT_ID='${ID}'\nKPN_CLIENT_SECRET='${SECRET}'`,
  "backticks": `KPN_CLIENT_ID=\`${ID}\`\nKPN_CLIENT_SECRET=\`${SECRET}\``,
  "blanks around": `  KPN_CLIENT_ID = ${ID}  \nKPN_CLIENT_SECRET =\t'${SECRET}'  `,
  "CRLF": PLAIN.replace(/\n/g, "\r\n"),
  "CR": PLAIN.replace(/\n/g, "\r"),
  "a BOM": `\ufeff${PLAIN}`,
  "PowerShell's UTF-16": utf16(PLAIN.replace(/\n/g, "\r\n"), true),
  "UTF-16 the other way": utf16(PLAIN, false),
  "UTF-16 without a mark": utf16(PLAIN, true).slice(2),
  "YAML": `KPN_CLIENT_ID: ${ID}\nKPN_CLIENT_SECRET: "${SECRET}"\n`,
  "YAML, indented": `env:\n  KPN_CLIENT_ID: ${ID} # x\n  KPN_CLIENT_SECRET: '${SECRET}'\n`,
  "a list of docker compose": `- KPN_CLIENT_ID=${ID}\n- KPN_CLIENT_SECRET=${SECRET}\n`,
  "PowerShell": `$env:KPN_CLIENT_ID = "${ID}"\n$env:KPN_CLIENT_SECRET = '${SECRET}';\n`,
  "cmd": `set KPN_CLIENT_ID=${ID}\r\nset KPN_CLIENT_SECRET=${SECRET}\r\n`,
  "a key over lines before": `KEY="-----BEGIN\nKPN_CLIENT_ID=no\n-----END"\n${PLAIN}`,
  "the last one counts": `KPN_CLIENT_ID=old\n${PLAIN}`,
};

Deno.test("B84: env files are read as they were meant", async () => {
  for (const [name, content] of Object.entries(READ)) {
    const mock = mockKpn({ clientId: ID, clientSecret: SECRET });
    await withFile(content, async (path) => {
      const { code, stderr } = await run(["token", "--credentials", path], mock, { variables: {} });
      assertEquals([name, code, stderr], [name, 0, ""]);
    });
  }
});

Deno.test("escapes in double quotes, and what is none", async () => {
  for (
    const [written, meant] of [['a\\"b', 'a"b'], ["a\\\\b", "a\\b"], ["a\\wb", "a\\wb"], [
      "a\\$b",
      "a$b",
    ]]
  ) {
    const mock = mockKpn({ clientId: ID, clientSecret: `12345678${meant}` });
    await withFile(`KPN_CLIENT_ID=${ID}\nKPN_CLIENT_SECRET="12345678${written}"`, async (path) => {
      const { code } = await run(["token", "--credentials", path], mock, { variables: {} });
      assertEquals([written, code], [written, 0]);
    });
  }
});

const REFUSED: readonly (readonly [string | Uint8Array, RegExp])[] = [
  [
    `KPN_CLIENT_ID=${ID}\nKPN_SECRET=${SECRET}`,
    /KPN_CLIENT_SECRET is neither in \S+ nor .+ It contains KPN_CLIENT_ID, KPN_SECRET\.\n/,
  ],
  [
    `CLIENT_ID=${ID}\nclient_secret=${SECRET}`,
    /has neither KPN_CLIENT_ID nor .+ It contains CLIENT_ID, client_secret\.\n/,
  ],
  [`KPN_CLIENT_ID=${ID}\n=${SECRET}\n`, /It contains KPN_CLIENT_ID\. Not NAME=VALUE: line 2\.\n/],
  [`KPN_CLIENT_ID=${ID}\ns3cretS3CRET==\n`, /It contains KPN_CLIENT_ID, 1 more\.\n/],
  [`KPN_CLIENT_ID=${ID}\nKPN_CLIENT_SECRET=\n`, /KPN_CLIENT_SECRET is neither in/],
  [
    `KPN_CLIENT_ID=${ID}\nKPN_CLIENT_SECRET=s3cret #s3cret\n`,
    /line 2: KPN_CLIENT_SECRET has a # after white space/,
  ],
  [
    `KPN_CLIENT_ID=${ID}\nKPN_CLIENT_SECRET="s3cret\n`,
    /line 2: KPN_CLIENT_SECRET begins with a quote that is not closed/,
  ],
  [
    `KPN_CLIENT_ID=${ID}\nKPN_CLIENT_SECRET="s3cret"s3cret"\n`,
    /line 2: KPN_CLIENT_SECRET continues after its closing quote/,
  ],
  [`KPN_CLIENT_ID=${ID}\nKPN_CLIENT_SECRET="s3cret\\ns3cret"\n`, /clientSecret/],
  [`s3cret\n`, /It contains nothing\. Not NAME=VALUE: line 1\.\n/],
  ["", /It contains nothing\.\n/],
  [new Uint8Array([0x4b, 0x80, 0x81, 0x3d]), /not text in UTF-8 or UTF-16/],
];

Deno.test("B84: what cannot be told is refused with what the file has, names only", async () => {
  for (const [content, reason] of REFUSED) {
    const mock = mockKpn();
    await withFile(content, async (path) => {
      const { code, stdout, stderr } = await run(["token", "--credentials", path], mock, {
        variables: {},
      });
      assertEquals([code, stdout, mock.requests.length], [3, "", 0], stderr);
      assertMatch(stderr.replace(/ To find the cause, run kpn-auth doctor\./, ""), reason);
      assert(!/s3cret/i.test(stderr), stderr);
    });
  }
});

Deno.test("a file goes before the environment, name by name; doctor says of a mix", async () => {
  const variables = {
    KPN_CLIENT_ID: "wrong",
    KPN_CLIENT_SECRET: SECRET,
    KPN_TOKEN_ENDPOINT: "http://127.0.0.1:1/oauth/client_credential/accesstoken",
  };
  await withFile(`KPN_CLIENT_ID=${ID}`, async (path) => {
    const mock = mockKpn({ clientId: ID, clientSecret: SECRET });
    assertEquals((await run(["token", "--credentials", path], mock, { variables })).code, 0);
    const { stdout } = await run(["doctor", "--credentials", path], mock, { variables });
    assertMatch(stdout, /! credentials .+ one from \S+ and one from the environment/);
  });
});
