/**
 * Rows on their way from the engine to a consumer that takes them one call after the other. Their memory goes back to the
 * engine when the consumer is through with them: one that is slow holds the workers up, and nothing else.
 */
import type { NativeRowBlock, NativeRowPlan, NativeRowSink } from '../native/contract.js';

/** Rows of some tiles: `columns` values for each of `positions`, which are indices of tiles in the plan. */
export interface TakenRows {
  readonly positions: Uint32Array;
  /** Of a row, all its tokens together. */
  readonly columns: number;
  readonly tokens: number;
  readonly values: Float32Array;
}

/** Takes rows; the next ones are given once the promise is fulfilled. Each tile comes once, in any order. */
export interface RowTaker {
  /** Before the first rows. */
  planned(tiles: number): void;
  rows(rows: TakenRows): Promise<void>;
}

/** Values that are handed on in one call, where that many wait. */
const mostValues = 262_144;

export class RowPump implements NativeRowSink {
  readonly #waiting: NativeRowBlock[] = [];
  #running: Promise<void> | null = null;
  #failure: { readonly reason: unknown } | null = null;
  /** Null until the engine has told it. */
  plan: NativeRowPlan | null = null;
  columns = 0;
  tokens = 1;

  /** `stop` ends the job that the rows come from. */
  constructor(
    private readonly taker: RowTaker,
    private readonly stop: () => void,
  ) {}

  readonly onPlan = (plan: NativeRowPlan): void => {
    this.plan = plan;
    this.taker.planned(plan.tiles);
  };

  readonly onRows = (block: NativeRowBlock): void => {
    this.#waiting.push(block);
    this.#running ??= this.#run();
  };

  /** Fulfilled when nothing waits any more; rejects with what the taker has rejected with. */
  async ended(): Promise<void> {
    await this.#running;
    if (this.#failure !== null) throw this.#failure.reason;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const blocks = this.#next();
      try {
        if (this.#failure === null) await this.taker.rows(joined(blocks));
      } catch (reason) {
        this.#failure = { reason };
        this.stop();
      } finally {
        for (const block of blocks) block.release();
      }
    }
    this.#running = null;
  }

  /** At least one. */
  #next(): readonly NativeRowBlock[] {
    let count = 0;
    let values = 0;
    for (const block of this.#waiting) {
      values += block.values.length;
      if (count > 0 && values > mostValues) break;
      ++count;
    }
    const blocks = this.#waiting.splice(0, count);
    const [first] = blocks;
    this.columns = first?.columns ?? this.columns;
    this.tokens = first?.tokens ?? this.tokens;
    return blocks;
  }
}

/** In the order of the tiles, so that those beside each other are written together. The engine holds all to one length. */
function joined(blocks: readonly NativeRowBlock[]): TakenRows {
  const [only] = blocks as [NativeRowBlock];
  const { columns, tokens } = only;
  if (blocks.length === 1) return { positions: only.items, columns, tokens, values: only.values };
  const rows = blocks.flatMap(({ items, values }) =>
    Array.from(items, (position, i) => ({ position, values: values.subarray(i * columns, (i + 1) * columns) })),
  );
  rows.sort((a, b) => a.position - b.position);
  const values = new Float32Array(rows.length * columns);
  for (const [i, row] of rows.entries()) values.set(row.values, i * columns);
  return { positions: Uint32Array.from(rows, ({ position }) => position), columns, tokens, values };
}
