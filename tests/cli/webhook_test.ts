/** `kpn-auth webhook`: what it says of a signature, and that it shows no secret. */

import { verifyWebhook } from "kpn-auth/webhook";
import { retryWebhooks } from "../../src/cli/mock.ts";
import { mockKpn } from "../../src/mock/mock.ts";
import { signBody } from "../../src/mock/webhooks.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import type { Ended } from "../support/run.ts";
import { onEach, run, type Runtime, RUNTIMES, start } from "./kpn_auth.ts";

const SECRET = "a secret of KPN's, 32 characters.";
const OTHER = "another secret, of 32 characters.";
const BODY = '{\n  "message_id": "m-1",\n  "text": "café"\n}\n';

interface Given {
  readonly stdin?: string;
  readonly secrets?: string;
  readonly secret?: string;
}

/** Runs it with a file of secrets, if there are any; no secret is seen. */
async function webhook(runtime: Runtime, args: string[], given: Given = {}): Promise<Ended> {
  const { stdin = BODY, secrets, secret = secrets === undefined ? SECRET : "" } = given;
  const read = await Deno.makeTempFile();
  await Deno.writeTextFile(read, secrets ?? "");
  const more = secrets === undefined ? [] : ["--secret-file", read];
  const env = { KPN_WEBHOOK_SECRET: secret };
  const ended = await run(runtime, ["webhook", ...args, ...more], { env, stdin, read });
  await Deno.remove(read);
  for (const each of [SECRET, OTHER, secret].filter((secret) => secret)) {
    assert(!(ended.stdout + ended.stderr).includes(each), "the secret was shown");
  }
  return ended;
}

async function signature(runtime: Runtime): Promise<string> {
  const { code, stdout, stderr } = await webhook(runtime, ["sign", "-"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^[\da-f]{64}\n$/);
  return stdout.trim();
}

onEach(
  "webhook sign prints what verifyWebhook accepts, of the bytes as they are",
  async (runtime) => {
    const headers = {
      "x-kpn-webhook-signature": await signature(runtime),
      "x-kpn-webhook-timestamp": String(Date.now() / 1_000),
    };
    await verifyWebhook({ body: new TextEncoder().encode(BODY), headers }, SECRET);
  },
);

onEach(
  "webhook verify says that a signature is right, of a file and of standard input",
  async (runtime) => {
    const signed = await signature(runtime);
    const right = { code: 0, stdout: "The signature matches the body.\n", stderr: "" };
    const hex = ["--signature", signed.toUpperCase()];
    assertEquals(await webhook(runtime, ["verify", ...hex, "-"]), right);
    const read = await Deno.makeTempFile();
    await Deno.writeTextFile(read, BODY);
    const env = { KPN_WEBHOOK_SECRET: SECRET };
    assertEquals(await run(runtime, ["webhook", "verify", ...hex, read], { env, read }), right);
    await Deno.remove(read);
  },
);

onEach(
  "webhook verify says which change of the body would make a signature right",
  async (runtime) => {
    const cases: [signed: string, has: string, says: RegExp][] = [
      [BODY.trimEnd(), BODY, /without the line break at its end/],
      [BODY, BODY.trimEnd(), /with a line break at its end/],
      [BODY.trimEnd(), JSON.stringify(JSON.parse(BODY)), /printed with white space/],
      [JSON.stringify(JSON.parse(BODY)), BODY, /printed without white space/],
      [BODY.replaceAll("\n", "\r\n"), BODY, /with CRLF for LF/],
      [BODY.replaceAll("\n", ""), BODY, /without any line break/],
      ["something else", BODY, /another secret signed it/],
    ];
    await Promise.all(cases.map(async ([signed, stdin, says]) => {
      const args = [
        "verify",
        "--signature",
        await signBody(new TextEncoder().encode(signed), SECRET),
        "-",
      ];
      const { code, stdout, stderr } = await webhook(runtime, args, { stdin });
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, says);
    }));
  },
);

onEach("a file has several secrets, or one for each key id", async (runtime) => {
  const hex = ["--signature", await signature(runtime), "-"];
  const several = `${OTHER}\r\n\n${SECRET}\n`;
  assertEquals((await webhook(runtime, ["verify", ...hex], { secrets: several })).code, 0);
  const secrets = `wk_A=${SECRET}\nwk_B = ${OTHER}\n`;
  const verify = (id: string) => webhook(runtime, ["verify", "--key-id", id, ...hex], { secrets });
  const [right, wrong, unknown] = await Promise.all(["wk_A", "wk_B", "wk_C"].map(verify));
  assertEquals([right!.code, wrong!.code, unknown!.code], [0, 1, 3]);
  assertMatch(unknown!.stderr, /no secret for that key id/);
});

onEach("webhook says what is missing or malformed", async (runtime) => {
  const cases: [args: string[], given: Given, code: number, says: RegExp][] = [
    [
      ["verify", "--signature", "0".repeat(64), "-"],
      { secret: "" },
      3,
      /KPN_WEBHOOK_SECRET is not set/,
    ],
    [["sign", "-"], { secret: "too short" }, 3, /shorter than KPN's 32/],
    [["sign", "-"], { secrets: "" }, 3, /is empty/],
    [["sign"], {}, 2, /needs the body: a FILE, or -/],
    [["verify", "-"], {}, 2, /needs --signature/],
    [["check", "-"], {}, 2, /must be verify or sign/],
    [["verify", "--signature", "sha256=00", "-"], {}, 1, /not 64 hexadecimal digits/],
    [["verify", "--secret", SECRET, "-"], {}, 2, /cannot be arguments/],
  ];
  await Promise.all(cases.map(async ([args, given, code, says]) => {
    const ended = await webhook(runtime, args, given);
    assertEquals([ended.code, ended.stdout], [code, ""], args.join(" "));
    assertMatch(ended.stderr, says);
  }));
});

Deno.test("kpn-auth mock tries a delivery again by itself once it is due, each second at the soonest", async () => {
  const clock = { now: 0 };
  const sent = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  const mock = mockKpn({
    now: () => clock.now,
    fetch: () => {
      sent[count++]?.resolve();
      return Promise.resolve(new Response(null, { status: 500 }));
    },
  });
  let tick = () => {};
  let kept = true;
  retryWebhooks(mock, (work, ms) => {
    assertEquals(ms, 1_000);
    tick = work;
    const timer = { unref: () => ((kept = false), timer) };
    return timer as unknown as NodeJS.Timeout;
  });
  await mock.deliver("http://127.0.0.1/sms", "{}");
  clock.now = 59_000;
  tick();
  assertEquals([count, kept], [1, false]);
  clock.now = 60_000;
  tick();
  tick(); // while the first one is on its way
  await sent[1]!.promise;
  assertEquals(count, 2);
});

Deno.test("kpn-auth mock --deliver-to lets webhooks go to one more origin", async () => {
  const child = await start(RUNTIMES[0]!, [
    "mock",
    "--control",
    "--deliver-to",
    "http://nothing.invalid/x",
  ]);
  await child.stdin.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!/listens on (http:\S+)/.test(said)) said += (await reader.read()).value ?? "";
  const [, origin] = /listens on (http:\S+)/.exec(said)!;
  const deliver = (url: string) =>
    fetch(`${origin}/mock/deliver`, { method: "POST", body: JSON.stringify({ url, body: {} }) });
  const refused = await deliver("http://other.invalid/sms");
  assertEquals(refused.status, 400);
  assertMatch(await refused.text(), /only to this machine/);
  const { attempts } = await (await deliver("http://nothing.invalid/sms")).json();
  assertEquals(attempts.length, 1); // not answered, and tried
  child.kill("SIGINT");
  while (!(await reader.read()).done);
  await child.stderr.cancel();
  assertEquals((await child.status).code, 0);
});
