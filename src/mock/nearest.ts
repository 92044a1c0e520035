/** Guesses what a person meant to type. */

/** The candidate that is a few typing errors away from `word`, or begins with it; ignores case and punctuation. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const from = plain(word).slice(0, 64);
  const [distance = Infinity, best] = candidates
    .map((candidate) => [distanceOf(from, plain(candidate)), candidate] as const)
    .sort(([a], [b]) => a - b)[0] ?? [];
  if (distance <= Math.max(1, Math.floor(from.length / 3))) return best;
  return candidates.find((candidate) => from.length > 1 && plain(candidate).startsWith(from));
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** How many letters to add, remove, change or swap with their neighbour (optimal string alignment). */
function distanceOf(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + change,
        swapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
      );
    }
    rows[i] = row;
  }
  return rows[from.length]![to.length]!;
}
