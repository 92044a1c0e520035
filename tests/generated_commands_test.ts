/**
 * Whatever `curlCommand` is given, it refuses it without quoting it, or renders what sends the same
 * and shows no secret: commands made at random, 5,000 usually and 100,000 with `--all`.
 */

import { curlCommand, type CurlOptions, type CurlRequest } from "../src/curl/curl.ts";
import { type Shell, SHELLS } from "../src/curl/shells.ts";
import { random, runs, SEED } from "./support/amount.ts";
import { assert, assertEquals } from "./support/assert.ts";
import { type Chooser, chooser } from "./support/chooser.ts";
import { windowsArguments } from "./support/windows_args.ts";

const COUNT = runs(5_000, 100_000);
const FORM = "application/x-www-form-urlencoded";

/** A run of which gives a secret away, encoded or not. */
const SENTINEL = "s3cr3t7f3a";

/** Texts that some shell or parser stumbles over; a line break among them. */
const PARTS = [
  ..."'\"\\`$%!&|<>^~*?#;=@{}[]()+, -_./",
  ...["\\\\", '\\"', "%PATH%", "%41", "$(id)", "--next", "EOF", "a", "Z9", "\n", "\u0000"],
  ...["é", "\u2019", "\u{1f600}", "\ud800"],
];

function textOf({ pick, below }: Chooser, parts: readonly string[] = PARTS): string {
  return Array.from({ length: below(8) }, () => pick(...parts)).join("");
}

const PLAIN = PARTS.filter((part) => /^[ -~]+$/.test(part));

/** A text that shells can carry, most of the time. */
const mostly = (choose: Chooser) => textOf(choose, choose.chance(0.9) ? PLAIN : PARTS);

/** A name that is as good as `client_secret`. */
const nameOf = ({ pick }: Chooser) =>
  pick("client_secret", "client_secret", "client%5Fsecret", "client%5fsecret", "%63lient_secret");

/** A secret with something odd beside it. */
const secretOf = (choose: Chooser) => `${SENTINEL}${encodeURIComponent(textOf(choose, PLAIN))}`;

function bodyOf(choose: Chooser): string {
  const { pick } = choose;
  const field = () => `${encodeURIComponent(textOf(choose, PLAIN))}=${encodeURIComponent("a b")}`;
  const secret = () => `${nameOf(choose)}=${secretOf(choose)}`;
  return pick<() => string>(
    () => "",
    () => mostly(choose),
    () => `client_id=${secretOf(choose)}&${secret()}`,
    () => [field(), secret(), field()].join("&"),
    secret,
    () => JSON.stringify({ a: textOf(choose, PLAIN), client_secret: SENTINEL }),
    () => `{"client\\u005fsecret":"${SENTINEL}"}`,
  )();
}

function urlOf(choose: Chooser): string {
  const { pick } = choose;
  const path = encodeURI(textOf(choose, PLAIN)).replace(/[?#]/g, "");
  const query = textOf(choose, PLAIN).replace(/#/g, "");
  if (choose.chance(0.6)) return pick(`https://kpn.test/${path}`, `https://kpn.test/x?${query}`);
  return pick<() => string>(
    () => `http://kpn.test/?a=[1-9]&b={a,b}#${SENTINEL}`,
    () => `https://kpn.test/?${nameOf(choose)}=${secretOf(choose)}`,
    () => `https://kpn.test/?access_token=${secretOf(choose)}`,
    () => `https://${pick(SENTINEL, `a:${SENTINEL}`, `:${SENTINEL}`)}@kpn.test/`,
    () => pick(`file:///${SENTINEL}`, SENTINEL, "", `https://kpn.test/\n${SENTINEL}`),
  )();
}

function headersOf(choose: Chooser): [string, string][] {
  const { pick, below } = choose;
  const one = (): [string, string] =>
    pick<() => [string, string]>(
      () => [`x-${below(3)}`, mostly(choose).trim()],
      () => ["x-empty", ""],
      () => ["Authorization", `${pick("Bearer", "bearer", "BEARER")} ${SENTINEL}`],
      () =>
        choose.chance(0.2)
          ? ["authorization", `${pick("Basic ", "Bearer", "", "Digest ")}${SENTINEL}`]
          : ["accept", "*/*"],
      () => choose.chance(0.2) ? [pick("cookie", "Proxy-Authorization"), SENTINEL] : ["x-a", "1"],
      () => ["content-type", pick(FORM, FORM, `${FORM};charset=UTF-8`, "application/json", "")],
    )();
  return Array.from({ length: below(4) }, one).concat(
    choose.chance(0.5) ? [["content-type", FORM]] : [],
  );
}

function requestOf(choose: Chooser): CurlRequest {
  const method = choose.pick("GET", "POST", "POST", "POST", "post", "PUT", "HEAD", "DELETE", "A B");
  const bare = /^(GET|HEAD)$/.test(method) && choose.chance(0.8);
  return {
    url: urlOf(choose),
    headers: headersOf(choose),
    ...choose.chance(0.9) && { method },
    ...!bare && choose.chance(0.9) && { body: bodyOf(choose) },
  };
}

/** How each shell but Windows' cmd writes a part of a word, and what it makes of that. */
const QUOTED: Readonly<
  Record<Exclude<Shell, "cmd" | "batch">, readonly [RegExp, (quoted: string) => string]>
> = {
  posix: [/'[^']*'|\\'/y, (text) => text === "\\'" ? "'" : text.slice(1, -1)],
  fish: [
    /'(?:[^'\\]|\\[^])*'/y,
    (text) => text.slice(1, -1).replace(/\\(['\\])/g, "$1"),
  ],
  nu: [/r(#+)'[^]*?'\1|'[^']*'/y, (text) => text.replace(/^(r#+)?'|'#*$/g, "")],
  powershell: [
    /'(?:[^'\u2018-\u201b]|(['\u2018-\u201b])\1)*'/y,
    (text) => text.slice(1, -1).replace(/(['\u2018-\u201b])\1/g, "$1"),
  ],
};

/** The arguments that a shell makes of a command that is one call of curl. */
function argumentsIn(command: string, shell: Shell): string[] {
  if (shell === "cmd" || shell === "batch") {
    return windowsArguments(command, { batch: shell === "batch", env: { PATH: "C:\\" } });
  }
  const [quoted, unquote] = QUOTED[shell];
  const [bare, space] = [/[^ '\\$`"|&;<>\n]+/y, / (\\\n )?/y];
  const words = [""];
  for (let at = 0; at < command.length;) {
    const found = [quoted, bare, space].map((pattern) => {
      pattern.lastIndex = at;
      return pattern.exec(command)?.[0];
    });
    const [literal, plain, between] = found;
    if (literal !== undefined) words[words.length - 1] += unquote(literal);
    else if (plain !== undefined) words[words.length - 1] += plain;
    else if (between !== undefined) words.push("");
    else throw new Error(`${shell} makes something else of what stands at ${at}`);
    at += (literal ?? plain ?? between)!.length;
  }
  return words;
}

/** The request that curl makes of its arguments: what its manual says of those that we use. */
function requestFrom([program, ...args]: readonly string[]) {
  assert(program === "curl" || program === "curl.exe", program);
  const request = {
    method: "",
    url: "",
    headers: [] as string[],
    body: undefined as string | undefined,
  };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "-g") continue;
    if (arg === "--head") request.method = "HEAD";
    else if (arg === "-X") request.method = args[++at]!;
    else if (arg === "-H") request.headers.push(args[++at]!);
    else if (arg === "-d" || arg === "--data-raw") request.body = args[++at]!;
    else {
      assert(request.url === "" && !arg.startsWith("-"), `what is ${arg}?`);
      request.url = arg;
    }
  }
  return request;
}

/** Checks a command that shows everything: it sends what was given. */
function assertSends(command: string, shell: Shell, given: CurlRequest): void {
  const sent = requestFrom(argumentsIn(command, shell));
  const { method = "GET", body = "" } = given;
  assertEquals(sent.method || "GET", method.toUpperCase());
  const url = new URL(given.url);
  url.hash = "";
  assertEquals(sent.url, url.href);
  assertEquals(sent.body ?? "", body);
  const headers = new Headers(given.headers);
  const own = sent.headers.filter((line) => !/^(content-length: 0|content-type:)$/.test(line));
  const expected = [...headers].map(([name, value]) => value ? `${name}: ${value}` : `${name};`);
  assertEquals(own.sort(), expected.sort());
  assertEquals(sent.headers.includes("content-type:"), body !== "" && !headers.has("content-type"));
}

Deno.test(`B30, B39 to B42: ${COUNT} generated commands send what was given, show no secret, or are refused without it`, () => {
  const choose = chooser(random());
  const tally = { shown: 0, config: 0, hidden: 0, refused: 0 };
  for (let at = 0; at < COUNT; at++) {
    const request = requestOf(choose);
    const shell = choose.pick(...Object.keys(SHELLS)) as Shell;
    const revealSecrets = choose.chance(0.5);
    const options: CurlOptions = {
      shell,
      revealSecrets,
      ...choose.chance(0.3) && { expand: choose.pick("shell", "curl") },
    };
    const said = () => `seed ${SEED}, command ${at}: ${JSON.stringify([request, options])}`;
    let command: string;
    try {
      command = curlCommand(request, options);
    } catch (error) {
      tally.refused++;
      const { message } = error as Error;
      assert(error instanceof TypeError && /^Cannot render a curl command: /.test(message), said());
      assert(!message.includes(SENTINEL), said());
      continue;
    }
    assert(!/[\0\r]/.test(command), said());
    if (revealSecrets && command.includes("-K -")) tally.config++; // the real shells try those
    else if (revealSecrets) {
      tally.shown++;
      try {
        assertSends(command, shell, request);
      } catch (cause) {
        throw new Error(`${said()}\n${command}`, { cause });
      }
    } else {
      tally.hidden++;
      assert(!command.includes(SENTINEL), `${said()}\n${command}`);
    }
  }
  assert(Object.values(tally).every((count) => count > COUNT / 100), JSON.stringify(tally));
});
