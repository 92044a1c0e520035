/** What the page's forms do: one thing at a time, which can be cancelled. */

import { $, button, outcome } from "./elements.js";

/** How long nothing is said of a wait, in ms: most answers come at once. */
const QUIET = 300;

/**
 * Runs `work(signal)` when a form is sent, and shows what it throws. While an answer is
 * waited for, a button cancels that.
 */
export function onSubmit(name, work) {
  const form = $(`${name}-form`);
  const result = $(`${name}-result`);
  let running = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    running = true;
    const { submitter } = event;
    const aborting = new AbortController();
    const cancel = button("Cancel", () => aborting.abort());
    submitter.setAttribute("aria-disabled", "true");
    result.replaceChildren();
    const waiting = setTimeout(() => {
      submitter.after(cancel);
      result.replaceChildren(outcome("", "…", "Waiting for the answer."));
    }, QUIET);
    try {
      await work(aborting.signal);
    } catch (error) {
      result.replaceChildren(
        aborting.signal.aborted
          ? outcome("", "cancelled", "You stopped waiting for the answer.")
          : outcome("bad", error.code ?? error.name, error.message),
      );
    }
    clearTimeout(waiting);
    if (form.contains(document.activeElement)) submitter.focus();
    cancel.remove();
    submitter.removeAttribute("aria-disabled");
    running = false;
  });
}
