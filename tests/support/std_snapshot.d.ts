/** Types of `assertSnapshot`: `deno-std` on npm has none. */

/** Holds `actual` to the snapshot of the test; `deno task test --update` writes it instead. */
export function assertSnapshot<T>(
  context: Deno.TestContext,
  actual: T,
  options?: {
    readonly name?: string;
    /** Where the snapshots are kept; by default beside the test, in `__snapshots__`. */
    readonly path?: string;
    readonly dir?: string;
    readonly serializer?: (actual: T) => string;
  },
): Promise<void>;
