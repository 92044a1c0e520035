/** Deadlines, and signals that many share. */

import { createController, MAX_TIMER, nothing, onAbort, within } from "../src/deadline.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "./support/assert.ts";
import { counted } from "./support/counted.ts";

Deno.test("B73: however many wait under one signal, it has one listener, and none in the end", async () => {
  const { signal, now, most } = counted();
  const gate = Promise.withResolvers<void>();
  const waits = Array.from({ length: 100 }, () => within(60_000, signal, () => gate.promise));
  const first = await within(60_000, signal, () => Promise.resolve("first"));
  assertEquals([first, now(), most()], ["first", 1, 1]);
  gate.resolve();
  await Promise.all(waits);
  assertEquals([now(), most()], [0, 1]);
  await within(60_000, signal, () => Promise.resolve());
  assertEquals(now(), 0);
});

Deno.test("B73: all who share a signal leave with its reason when it aborts", async () => {
  const { controller, signal, now } = counted();
  const reason = new Error("left");
  const waits = Array.from({ length: 20 }, () => within(60_000, signal, nothing));
  const all = Promise.allSettled(waits);
  controller.abort(reason);
  assert((await all).every((wait) => wait.status === "rejected" && wait.reason === reason));
  assertEquals(now(), 0);
  const late = await assertRejects(() => within(60_000, signal, nothing));
  assertEquals([late, now()], [reason, 0]);
});

Deno.test("who has left is not called, and one who leaves twice takes nobody along", () => {
  const { controller, signal, now } = counted();
  const called: string[] = [];
  const stay = onAbort(signal, () => called.push("first"));
  stay();
  onAbort(signal, () => called.push("second"));
  stay();
  assertEquals(now(), 1);
  controller.abort();
  assertEquals(called, ["second"]);
});

Deno.test("the work's signal aborts when nobody waits any more, late or left or done", async () => {
  const ends: AbortSignal[] = [];
  const work = (signal: AbortSignal) => {
    ends.push(signal);
    return ends.length === 1 ? Promise.resolve() : nothing();
  };
  await within(60_000, undefined, work);
  const error = new Error("late");
  assertEquals(await assertRejects(() => within(0, undefined, work, () => error)), error);
  assertEquals(await within<unknown>(0, undefined, work), undefined);
  assert(ends.every(({ aborted }) => aborted));
});

Deno.test("B6: who waits without a limit, as a call with a signal does, sets no timer", async () => {
  const { setTimeout } = globalThis;
  const { controller, signal } = counted();
  let timers = 0;
  Object.assign(globalThis, { setTimeout: () => timers++ });
  try {
    const wait = assertRejects(() => within(Infinity, signal, nothing));
    controller.abort("left");
    assertEquals([await wait, timers], ["left", 0]);
  } finally {
    Object.assign(globalThis, { setTimeout });
  }
});

Deno.test("without AbortController a stand-in's signal says whether it has aborted, and why", () => {
  const { AbortController } = globalThis;
  try {
    Object.assign(globalThis, { AbortController: undefined });
    const { signal, abort } = createController();
    let heard = 0;
    signal.addEventListener("abort", () => heard++);
    signal.throwIfAborted();
    assertEquals([signal.aborted, heard], [false, 0]);
    abort();
    assertEquals([signal.aborted, heard], [true, 1]);
    assertThrows(() => signal.throwIfAborted(), Error, "nobody waits any more");
  } finally {
    Object.assign(globalThis, { AbortController });
  }
});

Deno.test("what is no AbortSignal is refused: a controller, a text, a number", async () => {
  for (const signal of [new AbortController(), {}, "soon", 5] as unknown[]) {
    await assertRejects(
      () => within(1, signal as AbortSignal, nothing),
      TypeError,
      "Cannot use signal: it is not an AbortSignal: pass controller.signal",
    );
  }
});

Deno.test("a wait without a limit is the longest that setTimeout takes: one more fires at once", () => {
  assertEquals(MAX_TIMER, 0x7fff_ffff);
});
