/** All requests that the mock gets, from whichever program, as they come. */

import { $, element, localTime, moodOf, pill } from "./elements.js";

/** How often the mock is asked, in ms. */
const INTERVAL = 1_000;

let last;

/** Shows the log again and again while the page is seen, unless it is for others only. */
export async function watchLog() {
  if (!document.hidden && await show() === false) return;
  setTimeout(watchLog, INTERVAL);
}

/** `false` if the mock does not show its log to this page. */
async function show() {
  try {
    const response = await fetch("/mock/log");
    if (response.status === 403) return false;
    const text = await response.text();
    $("log-card").hidden = false;
    if (text !== last) showRequests(JSON.parse(text));
    last = text;
  } catch {
    last = undefined;
    $("log-state").textContent = "The mock does not answer: it may have stopped.";
  }
}

function showRequests(requests) {
  const waits = requests.filter(({ why }) => why === undefined).length;
  const shown = requests.length === 1
    ? "One request"
    : `The last ${requests.length}, the newest first`;
  $("log-state").textContent = requests.length
    ? `${shown}${waits ? `; ${waits} waiting` : ""}.`
    : "None yet. What any program sends to this mock appears here by itself.";
  $("log").hidden = !requests.length;
  $("log").replaceChildren(...requests.reverse().map(row));
}

function row({ time, method, path, status, why, differences }) {
  const word = why === undefined ? "…" : status ?? "—";
  return element(
    "li",
    "",
    element("span", "took", localTime(time)),
    pill(why === undefined ? "" : moodOf(status), word),
    element("code", "", `${method} ${path}`),
    element("span", "why", why ?? "waits for its answer"),
    ...differences.map((text) => element("span", "differs", `Differs from KPN's: ${text}`)),
  );
}
