/** Rows that the addon gives away while a slide is encoded. */

/** The tiles that rows will come of. */
export interface NativeRowPlan {
  /** Index in the program's rows. */
  readonly row: number;
  readonly tiles: number;
  /** Upper left corners in pixels of the level read, in plan order. */
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Some rows, after pooling and activation. */
export interface NativeRowBlock {
  /** Index in the program's rows. */
  readonly row: number;
  /** Values of a row: those of all its tokens. */
  readonly columns: number;
  readonly tokens: number;
  /** Tiles of the plan; no one comes twice. */
  readonly items: Uint32Array;
  /** items * columns values, in memory of the job. */
  readonly values: Float32Array;
  /** Gives the memory back; `values` is empty then. Called as a method. The next block comes only after this. */
  release(): void;
}

/**
 * Called on the JavaScript thread. What one of them throws cancels the job, and the result rejects with it. The result is
 * there when every block was released.
 */
export interface NativeRowSink {
  /** Once for each of the program's rows, before its first block. */
  onPlan(plan: NativeRowPlan): void;
  onRows(block: NativeRowBlock): void;
}
