/**
 * A run over a part of the rows of a larger one, as lib/shards asks for it. The run reads and joins everything as if it were
 * the whole, and then keeps the rows that are its own: so what is wrong with the whole is wrong with each of its parts.
 */
import { foundBy, MicrotomeError, type ErrorCode } from '../core/errors.js';
import { isPassing } from '../core/passing.js';
import type { ColumnOptions } from './columns.js';
import type { RowSource } from './types.js';

/** What a row is made of, as far as another process can see it too: no path, and no number of a file system. */
export interface WholeRow {
  readonly name: string;
  /** Of its file, or of its image inside of a file; null: there is nothing to score. */
  readonly bytes: number | null;
  /** When the file was last modified, in nanoseconds; null: there is none, or all images lie in one file. */
  readonly modifiedNs: string | null;
  /** Of an object of a store: of its ETag, in hexadecimal. One that was replaced may have the same size and second. */
  readonly etagDigest?: string;
  /** Of a slide of several files: of the name, the size and the time of each, in hexadecimal. */
  readonly filesDigest?: string;
}

/** All rows that the parts share. */
export interface WholeRun {
  readonly kind: 'slides' | 'images';
  /** In the order of the output. */
  readonly rows: readonly WholeRow[];
  /** Columns of name and score. */
  readonly header: readonly [id: string, value: string];
  readonly columns: ColumnOptions;
  readonly formatSha256: string | null;
  readonly metadataSha256: string | null;
  /** The one file that all images lie in; null: there is none. */
  readonly imageFile: { readonly bytes: string; readonly modifiedNs: string; readonly etagDigest?: string } | null;
  /** Everything as given. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** A file that has been written, and has its name in a moment. */
export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** What the table alone does not say of a finished part. */
export interface PartFacts {
  readonly counts: Readonly<Record<RowSource, number>>;
  /** Names of rows that the table does not have, for they were left out. */
  readonly skipped: readonly string[];
  /** Rows that have no score of their own. */
  readonly failed: readonly { readonly name: string; readonly error: ErrorCode }[];
  /** Number of rows of which a range made another number. */
  readonly clipped: number;
  /** Number of rows that the deadline left a part of their tiles. */
  readonly sampled: number;
  /** What can change bits beside the model and the options, by what messages call it. */
  readonly machine: Readonly<Record<string, string>>;
}

/** What a run asks its part. Each is called at most once, in this order. */
export interface RunPart {
  /** An earlier process left something of it: what it has not finished counts, also when its time is up. */
  hasBegun(): Promise<boolean>;
  /** Places of the rows that are this part's, in their order. Nothing of the run is written yet. */
  choose(whole: WholeRun, signal: AbortSignal): Promise<readonly number[]>;
  /**
   * Names of the rows that the finished table does not have, for they were left out. Throws OUTPUT_EXISTS where the table that is there is
   * not what this part left. Asked while the table is locked.
   */
  leftOut(): Promise<readonly string[]>;
  /** The model and the options have been found to be good, and the table is locked. */
  begin(): Promise<void>;
  /** The table is whole on disk, and gets its name once this has resolved. */
  seal(written: WrittenFile, facts: PartFacts): Promise<void>;
}

/** Rows that failed for a reason that may be gone in a while. Another try may score them, so a part with such rows is not finished. */
export class PassingFailures {
  #count = 0;
  #first: { readonly row: number; readonly error: MicrotomeError } | null = null;

  add(row: number, error: MicrotomeError): void {
    if (!isPassing(error)) return;
    ++this.#count;
    if (row < (this.#first?.row ?? Number.POSITIVE_INFINITY)) this.#first = { row, error };
  }

  /** Null: there are none. Of the first row in their order. */
  error(): MicrotomeError | null {
    if (this.#first === null) return null;
    const { code, stage, path } = this.#first.error;
    const rows = this.#count === 1 ? '1 row' : `${this.#count} rows`;
    const found = `the part is not finished, for ${rows} failed for a reason that may pass; the first one: ${foundBy(this.#first.error)}`;
    const advice = 'start the shard again: it goes on from its journal';
    return new MicrotomeError(code, stage, found, { path, advice, cause: this.#first.error });
  }
}
