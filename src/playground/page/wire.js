/** What went over the wire: every request and response of the page, shown as text. */

/** A `fetch` that hands what it sends and gets to `show(exchange)`. */
export function watchedFetch(show) {
  return async (url, init) => {
    const start = performance.now();
    const exchange = {
      title: `${init.method} ${new URL(url).pathname}`,
      request: asSent(url, init),
    };
    const took = () => exchange.took = Math.round(performance.now() - start);
    try {
      const response = await fetch(url, init);
      took();
      const received = response.headers.get("mock-received");
      if (received) exchange.request = decodeURIComponent(received);
      exchange.status = response.status;
      // Before the caller has it: who has read an answer aborts its request, and the copy with it.
      const body = await response.clone().text().catch((error) =>
        `(the body broke off: ${error.message})`
      );
      show({ ...exchange, response: asReceived(response, body) });
      return response;
    } catch (error) {
      took();
      show({ ...exchange, response: `(no answer: ${error.message})` });
      throw error;
    }
  };
}

function asSent(url, { method, headers, body }) {
  const { pathname, search } = new URL(url);
  const lines = Array.from(new Headers(headers), ([name, value]) => `${name}: ${value}`);
  return [`${method} ${pathname}${search} HTTP/1.1`, ...lines, "", String(body ?? "")].join("\n");
}

function asReceived({ status, statusText, headers, type }, body) {
  if (type === "opaqueredirect") {
    return "(a redirect, which is not followed; browsers hide where to)";
  }
  const lines = Array.from(headers, ([name, value]) => `${name}: ${value}`)
    .filter((line) => !line.startsWith("mock-received:"));
  return [`HTTP/1.1 ${status} ${statusText}`.trim(), ...lines, "", body].join("\n");
}

/** One exchange as an element that opens and closes. */
export function exchangeElement({ title, status, took, request, response }) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const pill = document.createElement("span");
  pill.className = `pill ${status >= 200 && status < 300 ? "good" : "bad"}`;
  pill.textContent = status || "—";
  const time = document.createElement("span");
  time.className = "took";
  time.textContent = ` ${took} ms`;
  summary.append(pill, title, time);
  details.append(summary, ...part("Request", request), ...part("Response", response));
  return details;
}

function part(name, text) {
  const heading = document.createElement("h3");
  heading.textContent = name;
  const pre = document.createElement("pre");
  pre.textContent = text;
  return [heading, pre];
}
