/** Rows of features, as they come while a slide is encoded. */

/** `values` has `columns` numbers for each of `positions`, which are indices of tiles in the plan. Each tile comes once, in any order. */
export interface FeatureRows {
  readonly positions: Uint32Array;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Takes rows; the next ones are given once the promise is fulfilled. */
export interface RowSink {
  rows(rows: FeatureRows): Promise<void>;
}
