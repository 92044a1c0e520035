/** The last step of `kpn-auth doctor`: calls an API, and judges its answer. */

import { BODY_LIMIT, readText } from "../body.ts";
import { within } from "../deadline.ts";
import { type Fault, readFault } from "../fault.ts";
import { apiUrl } from "./api_call.ts";
import type { Case } from "./doctor_steps.ts";
import { EXIT } from "./exit.ts";
import { failed, type Finding, ok, warning } from "./finding.ts";
import { networkRemedy } from "./route.ts";

/** A call that costs nothing: without a number, KPN accepts the token and refuses the call. */
const HARMLESS = "/communication/nexmo/number-insight/basic";

/** Calls the API with the token. */
export async function apiStep(about: Case): Promise<Finding> {
  const { io, path, endpoint, token, timeout, proxy } = about;
  const url = apiUrl(path ?? HARMLESS, endpoint.origin);
  const asked = url.pathname !== HARMLESS;
  try {
    return await within(timeout, undefined, async (signal) => {
      const response = await io.fetch(url.href, {
        method: asked ? "GET" : "POST",
        headers: { authorization: `Bearer ${token!.value}` },
        redirect: "manual",
        signal,
      });
      return await findingOf(response, url, asked);
    }, () => new Error(`no answer within ${timeout} ms`));
  } catch (error) {
    return failed(
      EXIT.network,
      `${url.pathname}: ${(error as Error).message}`,
      networkRemedy(error, io, proxy),
    );
  }
}

async function findingOf(response: Response, url: URL, asked: boolean): Promise<Finding> {
  const { status, headers } = response;
  const said = `${url.pathname} (HTTP ${status})`;
  const fault = await readFault(response);
  const text = await readText(response);
  // Number Insight refuses the call for want of a number: the token was accepted.
  if (!asked && fault?.code === "invalid_request" && fault.envelope !== "unknown") {
    return ok(`the token is accepted by ${said}`);
  }
  if (asked && status === 405) {
    return warning(
      `${said}: it takes no GET, so this does not show whether it accepts the token`,
      "Name a path that takes one, or make the whole call with kpn-auth call.",
    );
  }
  const oddity = oddityOf(response, text, url);
  if (oddity && (!fault || status < 400)) {
    const [what, remedy] = oddity;
    return asked
      ? failed(EXIT.answer, `${said}: ${what}`, remedy)
      : warning(`${said}: ${what}`, remedy);
  }
  const disguised = fault ?? await readFault(new Response(text || null, { status: 500, headers }));
  const isFault = fault || /^(fault|oauth)$/.test(disguised?.envelope ?? "");
  return isFault ? ofFault(disguised!, said, asked) : ok(`the token is accepted by ${said}`);
}

/** A used-up quota or a rejected token is always a failure; other faults may concern only this API. */
function ofFault(fault: Fault, said: string, asked: boolean): Finding {
  const { code, originalCode, message, hint, transactionId } = fault;
  const words = [code, originalCode, message].filter(Boolean).join(", ");
  const id = transactionId ? ` (transactionId ${transactionId})` : "";
  const text = code === "invalid_token"
    ? `the token is rejected by ${said}${id}`
    : code === "not_entitled"
    ? `the project is not entitled to ${said}${id}`
    : `${said}: ${words}${id}`;
  const exitCode = code === "rate_limited"
    ? EXIT.limited
    : code === "invalid_token"
    ? EXIT.gateway
    : asked
    ? EXIT.answer
    : undefined;
  if (exitCode !== undefined) return failed(exitCode, text, hint);
  return warning(text, `${hint} To try another API, run kpn-auth doctor PATH.`);
}

/** Why an answer without an error is not a success, if it is not. */
function oddityOf(
  { status, headers }: Response,
  text: string,
  url: URL,
): readonly [what: string, remedy: string] | undefined {
  const type = headers.get("content-type") ?? "no content type";
  if (status < 200 || status >= 300) {
    const location = headers.get("location");
    return [
      location ? `a redirect to ${new URL(location, url).href}` : "a redirect without a location",
      "Check the URL: redirects are not followed, since the token must not leave its origin.",
    ];
  }
  const elsewhere =
    "This answer is not from the API: check the URL, and look for a proxy or a login page.";
  if (text.trim() === "") {
    return status === 204 ? undefined : ["an empty answer", elsewhere];
  }
  if (/html/i.test(type) || /^\s*<(!doctype|html)/i.test(text)) {
    return [`HTML (${type})`, elsewhere];
  }
  const isWhole = text.length < BODY_LIMIT;
  if (/json/i.test(type) && isWhole && !isJson(text)) return [`broken JSON (${type})`, elsewhere];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
