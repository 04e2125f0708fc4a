/**
 * Which shard scores which row: the largest row first, each to the shard that has the fewest bytes so far. No shard then has
 * more than 4/3 of what the best division would give its largest one (Graham 1969), and every process finds the same.
 */
import { sortedInTurns } from '../core/sort-in-turns.js';
import { Turns } from '../core/turns.js';

/** A row without a file is work too: its line is written. */
const kLeastWeight = 1;

/** By row, its shard. `bytes`: of each row; null: there is nothing to read. */
export async function assignBySize(
  bytes: readonly (number | null)[],
  count: number,
  signal: AbortSignal | null = null,
): Promise<Uint32Array> {
  const weights = Float64Array.from(bytes, (size) => Math.max(size ?? 0, kLeastWeight));
  const turns = new Turns(signal);
  // Rows of one size keep their order.
  const largestFirst = await sortedInTurns(
    [...weights.keys()],
    (a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b,
    signal,
  );
  const shards = new LeastLoaded(count);
  const shardOf = new Uint32Array(bytes.length);
  for (const row of largestFirst) {
    if (turns.isOver) await turns.next();
    shardOf[row] = shards.give(weights[row] ?? kLeastWeight);
  }
  return shardOf;
}

/** A heap of shards; the one on top has the least to do, and the lowest number among such. */
class LeastLoaded {
  private readonly heap: Uint32Array;
  private readonly loads: Float64Array;

  constructor(count: number) {
    this.heap = Uint32Array.from({ length: count }, (_, shard) => shard);
    this.loads = new Float64Array(count);
  }

  /** Gives the work to the shard on top, and says which that is. */
  give(weight: number): number {
    const shard = this.heap[0] ?? 0;
    this.loads[shard] = (this.loads[shard] ?? 0) + weight;
    this.sink();
    return shard;
  }

  private sink(): void {
    const { heap } = this;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && this.isBefore(heap[child] ?? 0, heap[least] ?? 0)) least = child;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least] ?? 0, heap[at] ?? 0];
      at = least;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const [loadA, loadB] = [this.loads[a] ?? 0, this.loads[b] ?? 0];
    return loadA < loadB || (loadA === loadB && a < b);
  }
}
