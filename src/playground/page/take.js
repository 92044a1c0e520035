/** "Take it with you": the page's calls, for a shell or a program. */

import { createTokenRequest, curlCommand, SHELLS } from "/kpn-auth.js";
import { $, copyable, element } from "./elements.js";
import { programFor, PROGRAMS } from "./programs.js";

/** What a variable may hold without quotes in every shell. */
const PLAIN = /^[\w.-]+$/;

/** The secret of KPN's examples, which is none. No other one is shown. */
const EXAMPLE_SECRET = "APP_CLIENT_SECRET";

/** Offers all shells and programs; `current()` gives the credentials, the token if there is one, and the call. */
export function offer(current) {
  $("shells").append(...radiosOf(SHELLS));
  $("programs").append(...radiosOf(PROGRAMS));
  $("shells").querySelector("input").checked = true;
  $("first").append(copyable("the lines to run first"));
  $("snippet").append(copyable("the same call"));
  return () => render(current());
}

function radiosOf(table) {
  return Object.entries(table).map(([value, { title }]) => {
    const input = element("input", "");
    Object.assign(input, { type: "radio", name: "as", value });
    return element("label", "", input, element("span", "", title));
  });
}

function render(current) {
  const { what, as } = Object.fromEntries(new FormData($("take-form")));
  const { first, text, note } = snippet(what, as, current);
  const [firstLines, lines] = [$("first"), $("snippet")].map((one) => one.querySelector("pre"));
  if (firstLines.textContent !== first) firstLines.textContent = first;
  if (lines.textContent !== text) lines.textContent = text;
  $("first").hidden = !first;
  $("take-note").textContent = note;
}

/** The same call for a shell or a runtime, what to run before it, and what to know; or why that cannot carry it. */
function snippet(what, as, { credentials, token, tokenEndpoint, origin, call }) {
  const { clientId } = credentials;
  if (Object.keys(PROGRAMS).includes(as)) {
    const text = programFor(as, { clientId, origin, tokenEndpoint, ...what === "insight" && call });
    return { first: "", text, note: "" };
  }
  const request = what === "token"
    ? createTokenRequest(credentials, { tokenEndpoint, allowInsecureHttp: true })
    : insightRequest(origin, token, call);
  try {
    const text = curlCommand(request, { shell: as, revealSecrets: $("reveal").checked });
    const first = firstLines(text, as, { credentials, token });
    return { first, text, note: noteFor(text, first, token) };
  } catch ({ message }) {
    return { first: "", text: message, note: "" };
  }
}

function insightRequest(origin, token, { path, form }) {
  return {
    url: origin + path,
    method: "POST",
    headers: {
      authorization: `Bearer ${token ?? "ACCESS_TOKEN"}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: String(new URLSearchParams(form)),
  };
}

/** The lines that set what a command takes from the environment. */
function firstLines(command, shell, { credentials: { clientId, clientSecret }, token }) {
  const variables = {
    KPN_CLIENT_ID: PLAIN.test(clientId) ? clientId : "CLIENT_ID",
    KPN_CLIENT_SECRET: clientSecret === EXAMPLE_SECRET ? clientSecret : "CLIENT_SECRET",
    KPN_TOKEN: token ?? "ACCESS_TOKEN",
  };
  return Object.entries(variables)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(command))
    .map(([name, value]) => SHELLS[shell].assign(name, value)).join("\n");
}

function noteFor(command, first, token) {
  return [
    /\bKPN_TOKEN\b/.test(first) && !token
      ? "Get an access token above, and it stands here in place of ACCESS_TOKEN."
      : "",
    command.includes("--variable")
      ? "This needs curl 8.3 or later; curl --version shows yours."
      : "",
  ].filter(Boolean).join(" ");
}
