/** The page "Run this endpoint": asks the mock that serves it, by the library itself. */

import { authorizedFetch, createTokenSource, explain, readFault } from "/kpn-auth.js";
import { $, copyable, element, indented, localTime, moodOf, outcome } from "./elements.js";
import { watchLog } from "./log.js";
import { onSubmit } from "./run.js";
import { offer } from "./take.js";
import { watchedFetch } from "./wire.js";

const { origin } = location;
const tokenEndpoint = `${origin}/oauth/client_credential/accesstoken?grant_type=client_credentials`;

/** What was got last. */
let source;
let token;

const send = watchedFetch($("exchanges"));

const credentials = () => ({
  clientId: $("client-id").value,
  clientSecret: $("client-secret").value,
});

/** A source whose requests end when `signal` says so. */
function newSource(signal) {
  return createTokenSource({
    ...credentials(),
    tokenEndpoint,
    allowInsecureHttp: true, // the mock that served this page, wherever that is
    fetch: (url, init) => send(url, { ...init, signal: AbortSignal.any([init.signal, signal]) }),
    onEvent: (event) => event.type === "mintSucceeded" && void keepToken(),
  });
}

/** Shows the token that the source holds now; a call may have renewed it. */
async function keepToken() {
  await Promise.resolve();
  token = await source.token();
  $("token-result").replaceChildren(
    outcome("good", token.level ?? "token", "An access token:"),
    copyable("the access token", token.value),
  );
  $("lifetime").hidden = false;
  countDown();
  renderTake();
}

function countDown() {
  if (!token) return;
  const { requestedAt, expiresAt } = token;
  const left = Math.max(0, expiresAt - Date.now());
  $("bar").value = left / (expiresAt - requestedAt);
  $("remaining").textContent = left ? duration(left) : "expired";
  const expiry = left
    ? `left. It expires at ${localTime(expiresAt)}.`
    : `at ${localTime(expiresAt)}. The next call gets a new one.`;
  if ($("expiry").textContent !== expiry) $("expiry").textContent = expiry; // which is read out
}
setInterval(countDown, 1_000);

/** `59:59`, or `23:59:59`. */
function duration(ms) {
  const seconds = Math.ceil(ms / 1_000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3_600);
  return (hours ? [hours, ...parts] : parts).map((part) => String(part).padStart(2, "0")).join(":");
}

const renderTake = offer(() => ({
  credentials: {
    clientId: $("client-id").value || "CLIENT_ID",
    clientSecret: $("client-secret").value || "CLIENT_SECRET",
  },
  token: token?.value,
  tokenEndpoint,
  origin,
  call: insightCall(),
}));

onSubmit("token", async (signal) => {
  token = undefined;
  $("lifetime").hidden = true;
  renderTake();
  source = newSource(signal);
  await source.token({ signal });
});

onSubmit("call", async (signal) => {
  source ??= newSource(signal);
  signal.addEventListener("abort", () => {
    if (!token) source = undefined; // what it waits for may never come
  });
  const kpn = authorizedFetch(source, { origins: [origin], allowInsecureHttp: true, fetch: send });
  const { path, form } = insightCall();
  const response = await kpn(path, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" }, // browsers add a charset
    body: String(new URLSearchParams(form)),
    signal,
  });
  const fault = await readFault(response);
  const text = await response.text();
  const { status, statusText } = response;
  $("call-result").replaceChildren(
    outcome(moodOf(status), status, fault ? `${fault.code}: ${fault.hint}` : statusText),
    element("pre", "", indented(text)),
  );
});

onSubmit("explain", () => {
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

function insightCall() {
  const level = $("level").value;
  const form = { number: $("number").value };
  if (level === "advanced/async") form.callback = $("callback").value;
  return { path: `/communication/nexmo/number-insight/${level}`, form };
}

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

document.addEventListener("input", renderTake);

/** Asks the mock what it is: its credentials, and whether it can be made to fail. */
async function meetMock() {
  const response = await fetch("/mock");
  if (!response.ok) return $("use-mock").hidden = true; // only its own machine may know them
  const mock = await response.json();
  const fill = () => {
    $("client-id").value = mock.clientId;
    $("client-secret").value = mock.clientSecret;
    renderTake();
  };
  if (!$("client-id").value && !$("client-secret").value) fill();
  $("use-mock").addEventListener("click", fill);
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
  $("fail-result").textContent = wrong ?? `Scripted for the next request there: ${answer}.`;
});

$("revoke").addEventListener("click", async () => {
  $("fail-result").textContent = await control("/mock/revoke") ?? "All tokens are revoked.";
});

$("origin").textContent = origin;
renderTake();
await meetMock();
await watchLog();
