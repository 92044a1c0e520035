/** What a simulation needs: events in the order of their times, and chance by a seed. */

/** Something that happens at its time. */
export interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Events in the order of their times: a binary heap. */
export function createQueue(): {
  add(at: number, run: () => void): void;
  next(): Event | undefined;
} {
  const heap: Event[] = [];
  const swap = (a: number, b: number) => [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  return {
    add(at: number, run: () => void): void {
      heap.push({ at, run });
      for (let n = heap.length - 1; n > 0;) {
        const parent = (n - 1) >> 1;
        if (heap[parent]!.at <= heap[n]!.at) break;
        swap(parent, n);
        n = parent;
      }
    },
    next(): Event | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (heap.length) heap[0] = last!;
      for (let n = 0;;) {
        const child = 2 * n + 1;
        if (child >= heap.length) return first;
        const right = heap[child + 1];
        const least = right && right.at < heap[child]!.at ? child + 1 : child;
        if (heap[n]!.at <= heap[least]!.at) return first;
        swap(n, least);
        n = least;
      }
    },
  };
}

/** Mulberry32: 0 ≤ n < 1. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
