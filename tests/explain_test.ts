/** What people paste: everything that `curl` prints, and bodies alone. */

import { assertLinear } from "./support/linear.ts";
import { explain } from "../src/explain.ts";
import { FAILURES } from "../src/mock/answers.ts";
import { readFault } from "../mod.ts";
import { assert, assertEquals, assertMatch } from "./support/assert.ts";

const BODY = JSON.stringify({
  fault: { faultstring: "words", detail: { errorcode: "policies.ratelimit.QuotaViolation" } },
});

/** As `curl -i` prints an answer. */
async function printed(response: Response, version = "HTTP/1.1", end = "\r\n"): Promise<string> {
  const { status, headers } = response;
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`${version} ${status} `, ...lines, "", await response.text()].join(end);
}

Deno.test("explain reads every answer of the mock's as readFault does, in every version of HTTP", async () => {
  for (const [name, answer] of Object.entries(FAILURES)) {
    const fault = await readFault(answer());
    if (!fault) continue;
    for (const version of ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3", "HTTP"]) {
      for (const end of ["\r\n", "\n"]) {
        const { understood, status, means, whose, remedy, avoid, ...read } = explain(
          await printed(answer(), version, end),
        );
        assertEquals([read, status], [{ ...fault }, answer().status], `${name} ${version}`);
        assertEquals(understood, fault.code !== "invalid_response", name);
        for (const text of [means, whose, remedy, avoid]) assertMatch(text!, /^[A-Z].*\.$/, name);
        assert(fault.hint.startsWith(means), name);
      }
    }
  }
});

Deno.test("explain takes the last of several heads: a proxy's, 100-continue, redirects", () => {
  const last = `HTTP/2 429 \r\nretry-after: 30\r\n\r\n${BODY}`;
  for (
    const heads of [
      "HTTP/1.1 200 Connection established\r\n\r\n",
      "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 301 Moved\r\nLocation: https://api-prd.kpn.com/x\r\nretry-after: 7\r\n\r\n",
      "\ufeff\n  HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
    ]
  ) {
    const { code, status, retryAfter, remedy } = explain(heads + last);
    assertEquals([code, status, retryAfter], ["rate_limited", 429, 30_000]);
    assertMatch(remedy!, /Wait 30 s/);
  }
  assertEquals(explain("HTTP/1.1 407 Proxy Authentication Required\n\n").code, "proxy_refused");
});

Deno.test("explain reads what curl -v prints", () => {
  const { code, status } = explain(
    "* Connected to api-prd.kpn.com\n> GET /x HTTP/2\n> authorization: Bearer x\n>\n" +
      `< HTTP/2 500 \n< content-type: application/json\n<\n{ [99 bytes data]\n${BODY}\n* Closing`,
  );
  assertEquals([code, status], ["rate_limited", 500]);
});

Deno.test("explain takes a body alone, with its status or the one that stands in it", () => {
  assertEquals(explain(BODY).code, "rate_limited");
  assertEquals(explain("", 403).code, "access_denied");
  const camara = '{"status":404,"code":"SIM_SWAP.UNKNOWN_PHONE_NUMBER","message":"m"}';
  const { code, status, means } = explain(camara);
  assertEquals([code, status], ["not_found", 404]);
  assertMatch(means, /does not know what the request asks for/);
  const kpn = { error: { status: "500 - Internal Server Error", name: "x", message: "m" } };
  assertEquals(explain(JSON.stringify(kpn)).status, 500);
  assertEquals(explain(JSON.stringify(kpn), 400).code, "invalid_request");
});

Deno.test("explain says of a success that it is none of KPN's errors, and of noise that it is none it knows", () => {
  const { understood, code, status, means } = explain('HTTP/2 200 \n\n{"status":0}');
  assertEquals([understood, code, status], [true, undefined, 200]);
  assertMatch(means, /not an error/);
  for (
    const noise of ["", "garbage", "{}", "[1]", "<p>hello</p>", "HTTP is a protocol", "\0\xff"]
  ) {
    assertEquals(explain(noise).understood, false, noise);
    assertMatch(explain(noise).remedy!, /curl -i/);
  }
});

Deno.test("explain names a redirect's host, and survives headers that are none", () => {
  const { code, remedy, whose } = explain(
    "HTTP/1.1 302 Found\nLocation: https://login.example/?x\nno header\n: x\na b: c\nx: \u2028é\n\n",
  );
  assertEquals(code, "redirected");
  assertMatch(whose!, /^The URL's/);
  assertMatch(remedy!, /It leads to login\.example\./);
});

const HEAD = "HTTP/1.1 401 Unauthorized\ncontent-type: application/json\n\n";
const EXPIRED = '{"fault":{"detail":{"errorcode":"oauth.v2.InvalidAccessToken"}}}';
const XML = "<fault><detail><errorcode>InvalidAccessToken</errorcode></detail></fault>";

Deno.test("explain finds the answer in what a terminal or a log shows around it", () => {
  const pasted = [
    `$ curl -i https://api-prd.kpn.com/x\n${HEAD}${EXPIRED}\n`,
    `me@host:~$ curl -i -d '{"number":"1"}' https://api-prd.kpn.com/x\n${HEAD}${EXPIRED}\nme@host:~$ `,
    `PS C:\\> curl.exe -i https://api-prd.kpn.com/x\r\n${HEAD}${EXPIRED}\r\nPS C:\\> `,
    `C:\\Users\\me>curl -i https://api-prd.kpn.com/x\r\n${HEAD}${EXPIRED}\r\n\r\nC:\\Users\\me>`,
    `  % Total    % Received % Xferd\n100    63  100    63    0     0\n${HEAD}${EXPIRED}`,
    `${HEAD}  % Total    % Received\n100    63  100    63    0     0\n${EXPIRED}`,
    `$ curl https://api-prd.kpn.com/x\n${EXPIRED}`,
    `$ curl -d '{"number":"1"}' https://api-prd.kpn.com/x\n${EXPIRED}`,
    `2026-11-26 12:00:00 [error] answer: ${EXPIRED}`,
    `error ${XML} at x`,
    `${HEAD}${XML}\n$ `,
    `$ curl https://api-prd.kpn.com/x\n${XML}\n$ `,
    `${HEAD}${EXPIRED}* Connection #0 to host api-prd.kpn.com left intact\n`,
    `${EXPIRED}401`,
    ...Array.from(EXPIRED, (_, at) => `${HEAD}${EXPIRED.slice(0, at)}\n${EXPIRED.slice(at)}\n$ `),
    HEAD + EXPIRED.replace(/.{20}/g, "$&\r\n"),
    HEAD + JSON.stringify(JSON.parse(EXPIRED), null, 2) + "\n$ ",
  ];
  for (const text of pasted) {
    const { code, understood } = explain(text);
    assertEquals([code, understood], ["invalid_token", true], text);
  }
  assertEquals(explain("$ curl -i x\nHTTP/1.1 403 Forbidden\n\n$ ").code, "access_denied");
  assertEquals(explain('$ curl -i x\nHTTP/2 200\n\n{"a":1}\n$ ').understood, true);
});

Deno.test("explain gives no verdict on a body that is not whole, or where there are several", () => {
  const echo = '{"status":400,"code":"X","message":"m","request":' + EXPIRED;
  for (
    const text of [
      HEAD + EXPIRED.slice(0, -1),
      HEAD + EXPIRED.slice(1),
      HEAD + EXPIRED.slice(9),
      HEAD + echo,
      HEAD + echo.slice(1) + "}",
      `${HEAD}${EXPIRED}\n${EXPIRED}`,
      `${HEAD}${EXPIRED}\n$ curl -i x\n${HEAD}${EXPIRED}`,
      `${HEAD}$ ${EXPIRED} ${XML}`,
      `${HEAD}{"a":1} and {"b":2}`,
      `${EXPIRED} ${BODY}`,
      `${HEAD}${EXPIRED}\n$ curl -i x\nHTTP/1.1 403 Forbidden\n\n`,
      `}${EXPIRED}`,
      `${HEAD}"a": ${EXPIRED}`,
    ]
  ) {
    const { understood, code, means, remedy } = explain(text);
    assertEquals([understood, code], [false, undefined], text);
    assertMatch(means, /cannot be read/);
    assertMatch(remedy!, /curl -i/);
  }
});

Deno.test("B64: explain is linear in what is pasted", () => {
  const worst = [
    (n: number) => "HTTP/1.1 200 OK\n\n".repeat(n / 17),
    (n: number) => `HTTP/1.1 200 OK\n${"a: b\n".repeat(n / 5)}`,
    (n: number) => `HTTP/1.1 200 ${" ".repeat(n)}`,
    (n: number) => "$ " + "{".repeat(n),
    (n: number) => "$ " + '{"'.repeat(n / 2),
    (n: number) => "$ " + "{}".repeat(n / 2),
    (n: number) => "$ " + '{"a":1}x\n'.repeat(n / 9),
    (n: number) => "$ <p>" + "HTTP/1".repeat(n / 6),
    (n: number) => `< HTTP/1.1 200\n${"> \n".repeat(n / 3)}`,
  ];
  for (const [at, make] of worst.entries()) {
    assertLinear(`text ${at}`, (length) => {
      const text = make(length);
      return () => explain(text);
    }, 100_000);
  }
});

Deno.test("explain knows a success without a body, and reads no more than 64 KiB of one", () => {
  assertEquals(explain("HTTP/2 204 \n\n").understood, true);
  assertEquals(explain("", 200).understood, true);
  for (const [length, code] of [[65_536, "rate_limited"], [65_537, undefined]] as const) {
    const padded = `${BODY.slice(0, -1)}${" ".repeat(length - BODY.length)}}`;
    assertEquals(explain(padded).code, code);
  }
});

Deno.test("explain keeps the status of what it cannot read, and says so where there is none", () => {
  const { understood, status } = explain(HEAD + EXPIRED.slice(1));
  assertEquals([understood, status], [false, 401]);
  assertMatch(explain("garbage").means, /^The answer cannot be read/);
});

Deno.test("explain joins the values of a header that comes twice", () => {
  const { code } = explain(
    'HTTP/1.1 403 No\nWWW-Authenticate: Bearer error="invalid_token"\nwww-authenticate: Basic\n\n',
  );
  assertEquals(code, "invalid_token");
});

Deno.test("explain says in a whole sentence what will not help", () => {
  assertEquals(explain("", 401).avoid, "A new token or a retry will not help.");
});
