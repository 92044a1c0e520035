/** Draws from random numbers. */

export interface Chooser {
  /** One of some values. */
  pick<T>(...values: readonly T[]): T;
  /** Whether something happens that happens in such a share of all cases. */
  chance(share: number): boolean;
  /** A whole number below `limit`. */
  below(limit: number): number;
}

export function chooser(random: () => number): Chooser {
  const below = (limit: number) => Math.floor(random() * limit);
  return {
    pick: (...values) => values[below(values.length)]!,
    chance: (share) => random() < share,
    below,
  };
}
