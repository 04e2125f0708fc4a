/**
 * Rows on their way from the engine to a consumer that takes them one call after the other. Their memory goes back to the
 * engine when the consumer is through with them: one that is slow holds the workers up, and nothing else.
 */
import type { NativeRowBlock, NativeRowPlan, NativeRowSink } from '../native/rows.js';

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

export class RowPump implements NativeRowSink {
  #running: Promise<void> = Promise.resolve();
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
    this.columns = block.columns;
    this.tokens = block.tokens;
    this.#running = this.#running.then(() => this.#take(block));
  };

  /** Fulfilled when the taker is through; rejects with what it has rejected with. */
  async ended(): Promise<void> {
    await this.#running;
    if (this.#failure !== null) throw this.#failure.reason;
  }

  async #take(block: NativeRowBlock): Promise<void> {
    const { items: positions, columns, tokens, values } = block;
    try {
      if (this.#failure === null) await this.taker.rows({ positions, columns, tokens, values });
    } catch (reason) {
      this.#failure = { reason };
      this.stop();
    } finally {
      block.release();
    }
  }
}
