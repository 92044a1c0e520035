/** What a project of Vitest or Jest tries, in whatever environment: a list of [name, test], which throw. */

const PATH = "/communication/nexmo/number-insight/basic";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const TEXT = "number=447700900000";

/** `library`: what `kpn-auth` and `kpn-auth/testing` export; `origin`: a mock that serves there. */
export function testsOf({ mockKpn, authorizedFetch, createTokenSource }, origin) {
  /** Calls with a token that is rejected once, by the mock's own fetch or through a socket. */
  async function call(isInjected, makeInit, makeInput = (base) => `${base}${PATH}`) {
    const mock = mockKpn();
    mock.respondNext("invalid_access_token", { to: "api" });
    const { fetch, credentials } = mock;
    const source = isInjected ? createTokenSource({ ...credentials, fetch }) : createTokenSource({
      ...credentials,
      tokenEndpoint: `${origin}/oauth/client_credential/accesstoken`,
    });
    const kpn = authorizedFetch(source, isInjected ? { fetch } : {});
    const base = isInjected ? "https://api-prd.kpn.com" : origin;
    const answer = await kpn(makeInput(base), makeInit?.());
    const text = await answer.text();
    if (!text.includes("United Kingdom")) throw new Error(`${answer.status} ${text}`);
    if (isInjected && mock.mints !== 2) throw new Error(`${mock.mints} mints`);
  }

  async function leave(kpn, started) {
    const caller = new AbortController();
    const call = kpn(PATH, { signal: caller.signal, method: "POST", body: TEXT, headers: FORM });
    await started;
    caller.abort();
    const reason = await call.then(() => "answered", (reason) => reason);
    if (reason?.name !== "AbortError") throw new Error(`not left: ${reason}`);
  }

  const post = (more) => () => ({ method: "POST", ...more() });
  const inits = {
    "URLSearchParams": post(() => ({ body: new URLSearchParams({ number: "447700900000" }) })),
    "Headers": post(() => ({ headers: new Headers(FORM), body: TEXT })),
    "a signal": post(() => ({ headers: FORM, body: TEXT, signal: new AbortController().signal })),
    "bytes": post(() => ({ headers: FORM, body: Uint8Array.from(TEXT, (c) => c.charCodeAt(0)) })),
  };
  const tests = {};
  for (const [way, isInjected] of [["the mock's fetch", true], ["a socket", false]]) {
    for (const [name, init] of Object.entries(inits)) {
      tests[`${name}, by ${way}`] = () => call(isInjected, init);
    }
    tests[`a Request, by ${way}`] = () =>
      call(
        isInjected,
        undefined,
        (base) => new Request(base + PATH, { method: "POST", headers: FORM, body: TEXT }),
      );
    tests[`a Blob, by ${way}`] = async () => {
      const init = post(() => ({ headers: FORM, body: new Blob([TEXT]) }));
      if ("arrayBuffer" in Blob.prototype) return await call(isInjected, init);
      const error = await call(isInjected, init).then(() => undefined, (error) => error);
      const words = "Cannot send the body: its Blob has no `arrayBuffer`; send bytes or text";
      if (error?.message !== words) throw new Error(`not said: ${error}`);
    };
  }
  tests["leaving a call"] = async () => {
    let started;
    const asked = new Promise((resolve) => started = resolve);
    const token = () => Promise.resolve({ value: "t" });
    const fetch = () => (started(), new Promise(() => {}));
    await leave(authorizedFetch({ token }, { fetch }), asked);
  };
  return Object.entries(tests);
}

/** Where there is neither fetch nor Response, as in Jest's jsdom: what works, and what is said. */
export function bareTests({ mockKpn, authorizedFetch, createTokenSource }) {
  const credentials = { clientId: "APP_CLIENT_ID", clientSecret: "APP_CLIENT_SECRET" };
  const said = async (work, words) => {
    const message = await new Promise((resolve) => resolve(work())).then(
      () => "",
      (e) => e.message,
    );
    if (!message.includes(words)) throw new Error(`said: ${message}`);
  };
  return Object.entries({
    "the mock names what it lacks": () =>
      said(mockKpn, "no global `Request` here. In Jest, use the environment node."),
    "a source names the missing fetch": () =>
      said(() => createTokenSource(credentials).token(), "there is no global `fetch` here."),
    "a stub with json() does": async () => {
      const token = { status: 200, json: () => ({ access_token: "t", expires_in: "3599" }) };
      const source = createTokenSource({ ...credentials, fetch: () => Promise.resolve(token) });
      const answer = { status: 200, json: () => ({}) };
      const kpn = authorizedFetch(source, { fetch: () => Promise.resolve(answer) });
      const { signal } = new AbortController();
      if (await kpn(PATH, { signal }) !== answer) throw new Error("another answer");
    },
    "a stub's error is KPN's": () => {
      const json = () => ({ ErrorCode: "invalid_client", Error: "ClientId is Invalid" });
      const fetch = () => Promise.resolve({ status: 401, json });
      return said(() => createTokenSource({ ...credentials, fetch }).token(), "invalid_client");
    },
  });
}
