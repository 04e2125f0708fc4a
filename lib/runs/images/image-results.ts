/** What became of each row of a run over lesion images, as lists: 400,000 rows take some megabytes. */
import type { ErrorCode, MicrotomeError } from '../../core/errors.js';
import type { Model } from '../../model/model.js';
import { PassingFailures } from '../part.js';
import type { RowSource } from '../types.js';
import { Counts } from './counts.js';

/** By the number that stands for each in a list; 0: nothing yet. */
const kSources = [
  'scored',
  'resumed',
  'fallback',
  'missing',
  'skipped',
  'failed',
] as const satisfies readonly RowSource[];

export class ImageResults {
  /** As they came from the scorer or the journal; of a row without one, what stands in for it, or NaN. */
  readonly scores: Float64Array;
  /** Of the outputs of the model but the first; empty where they are not wanted. */
  readonly further: readonly Float64Array[];
  readonly failures: Counts = new Counts();
  readonly passing: PassingFailures = new PassingFailures();
  readonly notes: Counts = new Counts();
  clipped: number = 0;
  readonly #sources: Uint8Array;
  readonly #codes = new Map<number, ErrorCode>();
  #firstError: { readonly row: number; readonly error: MicrotomeError } | null = null;

  constructor(
    readonly names: readonly string[],
    model: Model,
    keepsFurther: boolean,
  ) {
    const nothing = (): Float64Array => new Float64Array(names.length).fill(Number.NaN);
    this.scores = nothing();
    this.further = keepsFurther ? model.outputs.slice(1).map(nothing) : [];
    this.#sources = new Uint8Array(names.length);
  }

  scored(row: number, score: number, source: 'scored' | 'resumed'): void {
    this.scores[row] = score;
    this.#setSource(row, source);
  }

  /** `value`: what stands in for it. */
  unscored(row: number, error: MicrotomeError, value: number | null, source: RowSource): void {
    this.scores[row] = value ?? Number.NaN;
    this.#setSource(row, source);
    this.#codes.set(row, error.code);
    this.failures.add(error.code, this.names[row] ?? '');
    this.passing.add(row, error);
    if (source === 'failed' && row < (this.#firstError?.row ?? Number.POSITIVE_INFINITY))
      this.#firstError = { row, error };
  }

  #setSource(row: number, source: RowSource): void {
    this.#sources[row] = 1 + kSources.indexOf(source);
  }

  /** Null: nothing yet. */
  source(row: number): RowSource | null {
    return kSources[(this.#sources[row] ?? 0) - 1] ?? null;
  }

  /** Null: the row has not failed. */
  code(row: number): ErrorCode | null {
    return this.#codes.get(row) ?? null;
  }

  get failedRows(): ReadonlyMap<number, ErrorCode> {
    return this.#codes;
  }

  /** Of the first row, in their order, that failed and that nothing stands in for. */
  get firstError(): MicrotomeError | null {
    return this.#firstError?.error ?? null;
  }

  counts(): Record<RowSource, number> {
    const counts = { scored: 0, resumed: 0, fallback: 0, missing: 0, skipped: 0, failed: 0 };
    for (const one of this.#sources) {
      const source = kSources[one - 1];
      if (source !== undefined) ++counts[source];
    }
    return counts;
  }
}
