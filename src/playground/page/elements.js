/** The small parts that the page is made of. */

export const $ = (id) => document.getElementById(id);

/** An element of a tag and a class, with what is in it. */
export function element(tag, className, ...content) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content);
  return made;
}

/** A word in a pill, and what it means. */
export function outcome(mood, word, text) {
  return element("p", "outcome", pill(mood, word), text);
}

export function pill(mood, word) {
  return element("span", `pill ${mood}`, word);
}

/** The mood of an HTTP status. */
export function moodOf(status) {
  return status >= 200 && status < 300 ? "good" : "bad";
}

export function button(text, onClick) {
  const made = element("button", "", text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/** A time of day in the browser's own zone and manner; of another day, with the date. */
export function localTime(ms) {
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}

/** A text with a button that copies it; `name` says what it is. */
export function copyable(name, text = "") {
  const pre = element("pre", "", text);
  const said = element("span", "said");
  said.setAttribute("role", "status");
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(pre); // without https, browsers hand no clipboard out
      said.textContent = "Selected: copy it with the keyboard.";
    }
  });
  copy.setAttribute("aria-label", `Copy ${name}`);
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", name);
  return element("div", "copyable", element("div", "copy", said, copy), pre);
}

/** JSON indented, and any other text as it is. Values stay as they are written: no digit is lost. */
export function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let line = "\n";
  return text.trim().replace(/("(?:[^"\\]|\\.)*")|([[{])\s*([\]}])|\s*([[{}\],:])\s*|\s+/g, (
    _,
    string,
    opens,
    closes,
    mark = "",
  ) => {
    if (string) return string;
    if (opens) return opens + closes;
    if (mark === ":") return ": ";
    if (mark === ",") return `,${line}`;
    if (mark === "{" || mark === "[") return mark + (line += "  ");
    if (mark) return (line = line.slice(0, -2)) + mark;
    return "";
  });
}
