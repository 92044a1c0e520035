/**
 * Whatever is answered, it ends in a fault, a token or a `KpnAuthError`, and quotes no secret:
 * 5,000 answers made at random; `deno task faults` reads 100,000.
 */

import { KpnAuthError, readFault, requestToken } from "../mod.ts";
import { random, runs, SEED } from "./support/amount.ts";
import { assert } from "./support/assert.ts";
import { answersOf, type GeneratedAnswer } from "./support/generated_answers.ts";

const COUNT = runs(5_000, 100_000);
const SECRET = "S3ntinelOfTheGeneratedAnswers";

Deno.test(`B23, B27, B64: ${COUNT} generated answers of seed ${SEED} end well, and quote no secret`, async () => {
  const next = answersOf(random(), SECRET);
  const ends: Record<string, number> = {};
  for (let at = 0; at < COUNT; at++) {
    const generated = next();
    const end = await endOf(generated, at).catch((error) => {
      throw new Error(`seed ${SEED}, answer ${at}: ${show(generated)}`, { cause: error });
    });
    ends[end] = (ends[end] ?? 0) + 1;
  }
  assert(ends.token && ends.invalid_token && ends.none, JSON.stringify(ends));
});

/** How an answer ends: as an API's, or as the token endpoint's. */
async function endOf({ answer }: GeneratedAnswer, at: number): Promise<string> {
  const response = answer();
  if (at % 2 === 0) {
    const fault = await readFault(response);
    await response.body?.cancel().catch(() => {}); // it may have broken off
    const { originalCode = "", message = "", transactionId = "" } = fault ?? {};
    assert(originalCode.length <= 200 && message.length <= 200 && transactionId.length <= 100);
    return fault?.code ?? "none";
  }
  try {
    const token = await requestToken({
      clientId: "id",
      clientSecret: SECRET,
      retries: 0,
      fetch: () => Promise.resolve(response),
    });
    return typeof token.value === "string" ? "token" : "no token";
  } catch (error) {
    assert(error instanceof KpnAuthError, `${error}`);
    const said = [
      error.message,
      error.stack,
      error.transactionId,
      error.cause,
      JSON.stringify(error),
    ];
    assert(!said.join().includes(SECRET), error.message);
    return error.code;
  }
}

function show({ status, headers, bytes }: GeneratedAnswer): string {
  const body = new TextDecoder().decode(bytes).slice(0, 500);
  return `${status} ${JSON.stringify(headers)} ${body}`;
}
