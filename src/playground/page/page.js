/** The page "Run this endpoint": asks the mock that serves it, by the library itself. */

import {
  authorizedFetch,
  createTokenRequest,
  createTokenSource,
  curlCommand,
  explain,
  readFault,
} from "/kpn-auth.js";
import { programFor } from "./programs.js";
import { exchangeElement, watchedFetch } from "./wire.js";

const { origin } = location;
const TOKEN_ENDPOINT =
  `${origin}/oauth/client_credential/accesstoken?grant_type=client_credentials`;
const $ = (id) => document.getElementById(id);

/** What was got last. */
let source;
let token;

const send = watchedFetch((exchange) => {
  $("wire-empty").hidden = true;
  const element = exchangeElement(exchange);
  for (const older of $("exchanges").children) older.open = false;
  element.open = true;
  $("exchanges").prepend(element);
});

const credentials = () => ({
  clientId: $("client-id").value,
  clientSecret: $("client-secret").value,
});

function newSource() {
  return createTokenSource({
    ...credentials(),
    tokenEndpoint: TOKEN_ENDPOINT,
    allowInsecureHttp: true, // the mock that served this page, wherever that is
    fetch: send,
    onEvent: (event) => event.type === "mintSucceeded" && void keepToken(),
  });
}

/** Shows the token that the source holds now; a call may have renewed it. */
async function keepToken() {
  await Promise.resolve();
  token = await source.token();
  $("token-result").replaceChildren(
    outcome("good", token.level ?? "", "An access token:"),
    pre(token.value),
  );
  $("expiry").textContent = `left of its lifetime; it expires at ${
    new Date(token.expiresAt).toLocaleTimeString()
  }`;
  $("lifetime").hidden = false;
  countDown();
  renderSnippet();
}

function countDown() {
  if (!token) return;
  const { requestedAt, expiresAt } = token;
  const left = Math.max(0, expiresAt - Date.now());
  const seconds = Math.ceil(left / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  $("remaining").textContent = `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${
    two(seconds % 60)
  }`;
  $("bar").style.width = `${100 * left / (expiresAt - requestedAt)}%`;
}
setInterval(countDown, 1_000);

onSubmit("token-form", "token-result", async () => {
  token = undefined;
  $("lifetime").hidden = true;
  source = newSource();
  await source.token();
});

onSubmit("call-form", "call-result", async () => {
  source ??= newSource();
  const kpn = authorizedFetch(source, { origins: [origin], allowInsecureHttp: true, fetch: send });
  const { path, form } = insightCall();
  const response = await kpn(path, { method: "POST", body: new URLSearchParams(form) });
  const fault = await readFault(response);
  const text = await response.text();
  const mood = response.ok ? "good" : "bad";
  $("call-result").replaceChildren(
    outcome(mood, response.status, fault ? `${fault.code}: ${fault.hint}` : response.statusText),
    pre(pretty(text)),
  );
});

onSubmit("explain-form", "explain-result", () => {
  const { code, status, means, message, whose, remedy, avoid, understood } = explain(
    $("pasted").value,
  );
  const rows = { "KPN said": message, "Whose fault": whose, "What to do": remedy };
  $("explain-result").replaceChildren(
    outcome(understood && !code ? "good" : "bad", code ?? status ?? "?", means),
    ...Object.entries({ ...rows, "What not to try": avoid })
      .filter(([, text]) => text).map(([name, text]) => outcome("", name, text)),
  );
});

/** Runs `work` when a form is sent, its button disabled meanwhile; what it throws is shown. */
function onSubmit(form, result, work) {
  $(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    const { submitter } = event;
    if (submitter) submitter.disabled = true;
    $(result).replaceChildren();
    try {
      await work();
    } catch (error) {
      $(result).replaceChildren(outcome("bad", error.code ?? error.name, error.message));
    }
    if (submitter) {
      submitter.disabled = false;
      submitter.focus();
    }
    renderSnippet();
  });
}

function insightCall() {
  const level = $("level").value;
  const form = { number: $("number").value };
  if (level === "advanced/async") form.callback = $("callback").value;
  return { path: `/communication/nexmo/number-insight/${level}`, form };
}

/** The same call for a shell or a runtime, or why that cannot carry it. */
function snippet() {
  const { what, as } = Object.fromEntries(new FormData($("take-form")));
  const { clientId } = credentials();
  const call = insightCall();
  if (as === "deno" || as === "node" || as === "workers") {
    return programFor(as, {
      clientId,
      origin,
      tokenEndpoint: TOKEN_ENDPOINT,
      ...what === "insight" && call,
    });
  }
  const request = what === "token"
    ? createTokenRequest(credentials(), { tokenEndpoint: TOKEN_ENDPOINT, allowInsecureHttp: true })
    : {
      url: origin + call.path,
      method: "POST",
      headers: {
        authorization: `Bearer ${token?.value ?? "ACCESS_TOKEN"}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: String(new URLSearchParams(call.form)),
    };
  return curlCommand(request, { shell: as, revealSecrets: $("reveal").checked });
}

function renderSnippet() {
  try {
    $("snippet").textContent = snippet();
    $("copy").disabled = false;
  } catch (error) {
    $("snippet").textContent = error.message;
    $("copy").disabled = true;
  }
  $("copied").textContent = "";
}

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("snippet").textContent);
    $("copied").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren($("snippet"));
    $("copied").textContent = "Selected: copy it with the keyboard.";
  }
});

$("show-secret").addEventListener("click", ({ target }) => {
  const shown = $("client-secret").type === "password";
  $("client-secret").type = shown ? "text" : "password";
  target.setAttribute("aria-pressed", String(shown));
  target.textContent = shown ? "Hide" : "Show";
});

$("level").addEventListener("change", ({ target }) => {
  const isAsync = target.value === "advanced/async";
  $("callback-field").hidden = !isAsync;
  $("callback").disabled = !isAsync;
});

document.addEventListener("input", renderSnippet);

function outcome(mood, code, text) {
  const line = document.createElement("p");
  line.className = "outcome";
  const pill = document.createElement("span");
  pill.className = `pill ${mood}`;
  pill.textContent = code;
  line.append(pill, text);
  return line;
}

function pre(text) {
  const element = document.createElement("pre");
  element.textContent = text;
  return element;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Asks the mock what it is: its credentials, and whether it can be made to fail. */
async function meetMock() {
  const response = await fetch("/mock");
  if (!response.ok) return $("use-mock").hidden = true; // it tells them on its own machine only
  const mock = await response.json();
  $("use-mock").addEventListener("click", () => {
    $("client-id").value = mock.clientId;
    $("client-secret").value = mock.clientSecret;
    renderSnippet();
  });
  $("fail-form").hidden = !mock.control;
  $("fail-off").hidden = mock.control;
  $("answer").append(
    ...mock.answers.filter((name) => name !== "ok").map((name) => new Option(name)),
  );
}

async function control(path, body) {
  $("fail-result").textContent = "";
  const response = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  return response.ok ? undefined : (await response.json()).error_description;
}

$("fail-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = $("answer").value;
  const wrong = await control("/mock/respond-next", { answer, to: $("to").value });
  $("fail-result").textContent = wrong ?? `The next request there gets ${answer}.`;
});

$("revoke").addEventListener("click", async () => {
  $("fail-result").textContent = await control("/mock/revoke") ?? "All tokens are revoked.";
});

$("origin").textContent = origin;
await meetMock();
renderSnippet();
