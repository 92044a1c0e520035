/** Types of the few spies that we use: `deno-std` on npm has none. */

// deno-lint-ignore-file no-explicit-any -- any function

/** A call of a spy, and what came of it. */
export interface SpyCall<A extends unknown[] = any[], R = any> {
  readonly args: A;
  readonly returned?: R;
  readonly error?: Error;
}

/** A function that keeps its calls. */
export interface Spy<A extends unknown[] = any[], R = any> {
  (...args: A): R;
  readonly calls: readonly SpyCall<A, R>[];
}

export function spy(): Spy<any[], undefined>;
export function spy<A extends unknown[], R>(implementation: (...args: A) => R): Spy<A, R>;
export function assertSpyCalls(spy: Spy, count: number): void;
export function assertSpyCall(
  spy: Spy,
  index: number,
  expected?: { args?: unknown[]; returned?: unknown },
): void;
/** A function that returns the values one after the other, and throws those that are errors. */
export function returnsNext<R>(values: Iterable<R | Error>): (...args: unknown[]) => R;
