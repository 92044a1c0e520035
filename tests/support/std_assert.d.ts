/** Types of the few assertions that we use: `deno-std` on npm has none. */

export class AssertionError extends Error {}
export function assert(condition: unknown, message?: string): asserts condition;
export function assertEquals<T>(actual: T, expected: T, message?: string): void;
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T;
export function assertMatch(actual: string, expected: RegExp, message?: string): void;
export function assertNotMatch(actual: string, expected: RegExp, message?: string): void;
export function assertStringIncludes(actual: string, expected: string, message?: string): void;
export function assertThrows<E extends Error>(
  work: () => unknown,
  // deno-lint-ignore no-explicit-any -- any class of error
  errorClass?: abstract new (...args: any[]) => E,
  messageIncludes?: string,
): E;
export function assertRejects<E extends Error>(
  work: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any -- any class of error
  errorClass?: abstract new (...args: any[]) => E,
  messageIncludes?: string,
): Promise<E>;
