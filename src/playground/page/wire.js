/** What went over the wire: every request and response of the page, shown as text. */

import { element, indented, localTime, moodOf, pill } from "./elements.js";

/** A `fetch` that shows in `list` what it sends and gets, the newest first. */
export function watchedFetch(list) {
  return async (url, init) => {
    init.signal?.throwIfAborted();
    const start = performance.now();
    const exchange = { init, url: new URL(url), sentAt: Date.now() };
    const shown = element("details", "");
    for (const older of list.children) older.open = false;
    shown.open = true;
    list.prepend(shown);
    const show = (more) => {
      Object.assign(exchange, more, { took: Math.round(performance.now() - start) });
      shown.replaceChildren(...partsOf(exchange));
    };
    show({ word: "…", mood: "", response: "(waiting for the answer)" });
    try {
      const response = await fetch(url, init);
      const { status, headers } = response;
      const arrived = headers.get("mock-received");
      // Before the caller has it: who has read an answer aborts its request, and the copy with it.
      const body = await response.clone().text().catch(({ message }) =>
        `(the body broke off: ${message})`
      );
      show({
        word: status || "—",
        mood: moodOf(status),
        response: asReceived(response, body),
        ...arrived && { arrived: decodeURIComponent(arrived) },
      });
      return response;
    } catch (error) {
      const why = init.signal?.aborted ? "the page stopped waiting" : error.message;
      show({ word: "—", mood: "bad", response: `(no answer: ${why})` });
      throw error;
    }
  };
}

/** An exchange as the content of an element that opens and closes. */
function partsOf({ init, url, sentAt, took, word, mood, response, arrived }) {
  const summary = element(
    "summary",
    "",
    pill(mood, word),
    `${init.method} ${url.pathname}`,
    element("span", "took", ` ${localTime(sentAt)}${word === "…" ? "" : `, ${took} ms`}`),
  );
  const [request, added] = asSent(init, url, arrived);
  return [
    summary,
    ...part("Request", request),
    ...part("Response", response),
    ...added.length ? part("Headers that the browser added", added.join("\n")) : [],
  ];
}

/** The request as it was sent, and of how it arrived the headers that the page did not send. */
function asSent({ method, headers, body }, { pathname, search }, arrived) {
  const sent = new Headers(headers);
  const lines = Array.from(sent, ([name, value]) => `${name}: ${value}`);
  const [, ...received] = arrived?.split("\n\n", 1)[0].split("\n") ?? [];
  const added = received.filter((line) => !sent.has(line.slice(0, line.indexOf(":"))));
  const text = [`${method} ${pathname}${search} HTTP/1.1`, ...lines, "", String(body ?? "")];
  return [text.join("\n"), added];
}

function asReceived({ status, statusText, headers, type }, body) {
  if (type === "opaqueredirect") {
    return "(a redirect, which is not followed; browsers hide where to)";
  }
  const lines = Array.from(headers, ([name, value]) => `${name}: ${value}`)
    .filter((line) => !line.startsWith("mock-received:"));
  return [`HTTP/1.1 ${status} ${statusText}`.trim(), ...lines, "", indented(body)].join("\n");
}

function part(name, text) {
  return [element("h3", "", name), element("pre", "", text)];
}
