/**
 * Whatever the mock is sent, it answers as the rules say, and the library reads its answers:
 * requests made at random, 5,000 usually and 100,000 with `--all`.
 */

import { KpnAuthError, readFault, readTokenResponse } from "../mod.ts";
import { mockKpn } from "../src/mock/mock.ts";
import { random, runs, SEED } from "./support/amount.ts";
import { assert, assertEquals } from "./support/assert.ts";
import { type Chooser, chooser } from "./support/chooser.ts";

const COUNT = runs(5_000, 100_000);
const ORIGIN = "https://api-prd.kpn.com";
const CREDENTIALS = { clientId: "id of s3ntinel", clientSecret: "s3cret+%/&=é" };
const FORM = "application/x-www-form-urlencoded";

/** A request that the mock accepts, until a fault is put into it. */
interface Draft {
  method: string;
  path: string;
  query: [string, string][];
  headers: Record<string, string>;
  form: [string, string][];
}

/** A change of a draft; whether the mock still accepts it. */
type Change = readonly [accepted: boolean, change: (draft: Draft, choose: Chooser) => void];

const NOISE = ["", " ", "\u0000", "é", "x".repeat(3_000), "client_credentials ", "[1]", "%", "&"];

/** Credentials as Swagger UI sends them; what is wrong with those in the form is gone then. */
const BASIC: Change = [true, (draft) => {
  const { clientId, clientSecret } = CREDENTIALS;
  const bytes = new TextEncoder().encode(`${clientId}:${clientSecret}`);
  draft.headers["authorization"] = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  draft.form = draft.form.filter(([name]) => !name.startsWith("client_"));
}];

const TOKEN_CHANGES: readonly Change[] = [
  [true, (draft) => draft.path = "/oauth/grip/msm/accesstoken"],
  [true, (draft, { pick }) => draft.headers["content-type"] = pick(`${FORM};charset=UTF-8`, FORM)],
  [true, (draft, { pick }) => draft.form.push([`x-${pick(...NOISE)}`, pick(...NOISE)])],
  [true, (draft, { pick }) => draft.query.push([`y-${pick(...NOISE)}`, pick(...NOISE)])],
  [true, (draft) => draft.form.push(["grant_type", "client_credentials"])],
  [true, (draft) => draft.form.reverse()],
  [true, (draft, { pick }) => draft.headers["authorization"] = pick("", "Bearer", "bearer x")],
  BASIC,
  [false, (draft, { pick }) => draft.method = pick("GET", "PUT", "DELETE", "PATCH")],
  [
    false,
    (draft, { pick }) => draft.path = pick("/accesstoken", "/oauth//accesstoken", "/x/accesstoken"),
  ],
  [false, (draft) => draft.query = []],
  [false, (draft, { pick }) => draft.query = [["grant_type", pick("password", ...NOISE)]]],
  [true, (draft) => draft.query.push(["grant_type", "client_credentials"])],
  [false, (draft, { pick }) => draft.headers["content-type"] = pick("", "text/plain", `${FORM}x`)],
  [
    false,
    (draft, { pick }) => draft.form.push([pick("client_id", "client_secret"), pick(...NOISE)]),
  ],
  [false, (draft, { pick }) => draft.form = [["client_id", pick(...NOISE)]]],
  [false, (draft) => draft.form = draft.form.filter(([name]) => name !== "client_secret")],
  [false, (draft, { pick }) => {
    const at = pick(0, 1);
    const [name, value] = draft.form[at]!;
    draft.form[at] = [name, value + pick("x", " ", "é")];
  }],
  [
    false,
    (draft, { pick }) => draft.headers["authorization"] = pick("Basic !", "Basic YQ==", "x"),
  ],
];

function tokenDraft(): Draft {
  const { clientId, clientSecret } = CREDENTIALS;
  return {
    method: "POST",
    path: "/oauth/client_credential/accesstoken",
    query: [["grant_type", "client_credentials"]],
    headers: { "content-type": FORM },
    form: [["client_id", clientId], ["client_secret", clientSecret]],
  };
}

const API_CHANGES: readonly Change[] = [
  [
    true,
    (draft, { pick }) => draft.path = draft.path.replace("basic", pick("standard", "advanced")),
  ],
  [true, (draft, { pick }) => draft.form.push(["country", pick("NL", "GB", "ZZ")])],
  [true, (draft, { pick }) => draft.form.push([`x-${pick(...NOISE)}`, pick(...NOISE)])],
  [
    true,
    (draft, { pick }) => draft.form[0] = ["number", pick("0612345678", "+31 6-1", "(0)1", "1")],
  ],
  [false, (draft, { pick }) => draft.method = pick("GET", "PUT", "DELETE")],
  [false, (draft, { pick }) => draft.path += pick("/", "x", "/../x")],
  [
    false,
    (draft, { pick }) =>
      draft.form[0] = ["number", pick(...NOISE.filter((one) => !/\d/.test(one)), "12a", "a12")],
  ],
  [false, (draft) => draft.form = []],
  [false, (draft, { pick }) => draft.form.push(["country", pick("nl", "", "NLD", "é")])],
  [false, (draft, { pick }) => draft.form.push(["cnam", pick("", "TRUE", "1")])],
  [false, (draft) => draft.form.push(...draft.form.slice(0, 1), ["number", "1"])],
  [false, (draft, { pick }) => draft.headers["content-type"] = pick("", "application/json")],
  [
    false,
    (draft, { pick }) =>
      draft.headers["authorization"] = pick("", "Bearer", "Bearer x", "Basic eA=="),
  ],
  [false, (draft) => delete draft.headers["authorization"]],
];

const apiDraft = (token: string): Draft => ({
  method: "POST",
  path: "/communication/nexmo/number-insight/basic",
  query: [],
  headers: { "content-type": FORM, authorization: `Bearer ${token}` },
  form: [["number", "447700900000"]],
});

function requestOf({ method, path, query, headers, form }: Draft): Request {
  const search = query.length ? `?${new URLSearchParams(query)}` : "";
  const body = method === "GET" ? null : new URLSearchParams(form).toString();
  return new Request(`${ORIGIN}${path}${search}`, { method, headers, body });
}

/** Puts up to two changes into a draft; whether the mock is to accept what comes of it. */
function changed(draft: Draft, changes: readonly Change[], choose: Chooser): boolean {
  const open = choose.chance(0.4) ? changes.filter(([accepted]) => accepted) : changes;
  const drawn = choose.chance(0.1) ? [] : [choose.pick(...open), choose.pick(...open)];
  const chosen = drawn.includes(BASIC) ? [BASIC] : [...new Set(drawn)];
  const faults = chosen.filter(([accepted]) => !accepted);
  // One fault, and last, so that no other change takes it back.
  for (const [, change] of chosen.filter(([accepted]) => accepted).concat(faults.slice(0, 1))) {
    change(draft, choose);
  }
  return faults.length === 0;
}

Deno.test(`B37: ${COUNT} generated requests to the mock are answered as its rules say, and read by the library`, async () => {
  const choose = chooser(random());
  const mock = mockKpn({ ...CREDENTIALS, now: () => 1_000_000_000_000 });
  let token = (await readTokenResponse(await mock.handle(requestOf(tokenDraft())))).access_token;
  const tally = { tokens: 0, calls: 0, refusals: 0 };
  for (let at = 0; at < COUNT; at++) {
    const isToken = at % 2 === 0;
    const draft = isToken ? tokenDraft() : apiDraft(token);
    const accepted = changed(draft, isToken ? TOKEN_CHANGES : API_CHANGES, choose);
    const { mints } = mock;
    const seen = mock.requests.length + mock.requestsDropped;
    const said = `seed ${SEED}, request ${at}: ${JSON.stringify(draft).slice(0, 600)}`;
    const answer = await mock.handle(requestOf(draft));
    assertEquals(
      [answer.ok, mock.requests.length + mock.requestsDropped],
      [accepted, seen + 1],
      said,
    );
    assertEquals(mock.mints - mints, isToken && accepted ? 1 : 0, said);
    const { answer: recorded, differences } = mock.requests.at(-1)!;
    const text = await answer.clone().text() + JSON.stringify([recorded, differences]);
    const form = new URLSearchParams({ "": CREDENTIALS.clientSecret }).toString().slice(1);
    assert(![CREDENTIALS.clientSecret, form].some((secret) => text.includes(secret)), said);
    if (!accepted) {
      tally.refusals++;
      const fault = await readFault(answer);
      assert(fault && fault.hint !== "" && answer.status >= 400, said);
      if (isToken) {
        const error = await readTokenResponse(answer).catch((error) => error);
        assert(error instanceof KpnAuthError && error.code === fault.code, said);
      }
    } else if (isToken) {
      tally.tokens++;
      token = (await readTokenResponse(answer)).access_token;
    } else {
      tally.calls++;
      assertEquals((await answer.json()).status_message, "Success", said);
    }
  }
  assert(Object.values(tally).every((count) => count > COUNT / 10), JSON.stringify(tally));
});
