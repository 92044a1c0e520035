/** What a busy machine does to a fleet, recognised: a run that it disturbed proves nothing. */

import type { Report } from "./member.ts";

/** Knows how long this process stood still. */
export interface Watch extends Disposable {
  /** Says that something happened which should happen all the time. */
  mark(): void;
  /** The longest stall, or time between two marks, since the last call: ms. */
  longest(): number;
}

/** How often a process shows that it is alive, in ms. */
const BEAT = 50;

/** Watches this process by a timer: what makes that late makes everything late. */
export function watchStalls(): Watch {
  let last = performance.now();
  let longest = 0;
  const beat = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - BEAT);
    last = now;
  };
  const timer = setInterval(beat, BEAT);
  let marked: number | undefined;
  return {
    mark() {
      const now = performance.now();
      longest = Math.max(longest, now - (marked ?? now));
      marked = now;
    },
    longest() {
      beat();
      const stall = Math.round(longest);
      longest = 0;
      marked = undefined;
      return stall;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** How often a run is tried. */
const ATTEMPTS = 3;

/**
 * Gives the first run that nothing disturbed, to be judged. Where a store takes more than a second
 * (`storeFailed`), or where KPN or a process of the fleet stands still for more than `tolerated` ms,
 * the fleet may rightly do what it otherwise may not. If every attempt is disturbed, that is a failure.
 */
export async function undisturbed<Run extends { readonly reports: readonly Report[] }>(
  tolerated: number,
  run: () => Promise<Run>,
): Promise<Run> {
  const disturbances: string[] = [];
  while (disturbances.length < ATTEMPTS) {
    using kpn = watchStalls();
    const done = await run();
    const failures = done.reports.flatMap(({ events }) => events)
      .filter((type) => type === "storeFailed").length;
    const stall = Math.max(kpn.longest(), ...done.reports.map(({ stalled }) => stalled));
    if (!failures && stall <= tolerated) return done;
    disturbances.push(`${failures} storeFailed, a stall of ${stall} ms`);
  }
  throw new Error(`Every attempt was disturbed: ${disturbances.join("; ")}`);
}
