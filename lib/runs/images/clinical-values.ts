/**
 * What a model reads of the metadata of lesion images: one row of numbers for each, in one list, since there may be 400,000. The table
 * is read when the model is known, for only then is it known which columns count.
 */
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { Turns } from '../../core/turns.js';
import type { ClinicalRow } from '../../model/clinical/row-text.js';
import type { ClinicalVectors } from '../../model/clinical/vectors.js';
import { contradiction } from '../../options/check.js';
import { vectorOf } from '../../scoring/image-scorer.js';
import { readCsv, type CsvRow } from '../csv-read.js';
import { csvInvalid } from '../failure.js';
import type { FileSystem } from '../file-system.js';
import { idColumnOf } from '../format.js';
import { shown } from '../names.js';
import { shownPlace, type TablePlace } from '../table-place.js';
import { tableLimits } from './image-table.js';

export interface ClinicalTable {
  /** CLINICAL_MISSING, CLINICAL_INVALID, CLINICAL_UNKNOWN: why the image of this name cannot be scored; null: nothing. */
  failure(name: string): MicrotomeError | null;
  /** Of an image that has no failure. */
  values(name: string): Float64Array;
  /** Of values that are there and count as missing. */
  notes(name: string): readonly string[];
}

export interface ClinicalSource {
  readonly place: TablePlace | null;
  readonly idColumn: string;
  /** Of the table when the run began; null: there was none. */
  readonly sha256: string | null;
  readonly signal: AbortSignal;
  readonly fs: FileSystem;
}

/** Null for a model that reads none. Throws INVALID_OPTION, CSV_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function readClinical(
  clinical: ClinicalVectors | null,
  { place, idColumn, sha256, signal, fs }: ClinicalSource,
): Promise<ClinicalTable | null> {
  if (clinical === null) return null;
  const { columns } = clinical;
  if (place === null)
    throw contradiction(
      `The model reads ${columns.map(shown).join(', ')} of each image; pass ${optionMark('metadata')}, a table with these columns`,
    );
  const path = shownPlace(place);
  const pick = (header: readonly string[]): readonly number[] => {
    const lacking = columns.filter((column) => !header.includes(column));
    if (lacking.length > 0)
      throw csvInvalid(path, 1, `no column ${lacking.map(shown).join(', ')}, which the model reads`);
    return [idColumnOf({ path, header }, idColumn), ...columns.map((column) => header.indexOf(column))];
  };
  const table = await readCsv(place, tableLimits, fs, pick);
  if (table.sha256 !== sha256) throw csvInvalid(path, null, 'the table was changed while the run began');
  return new Values(clinical, columns).take(table.rows, signal);
}

class Values implements ClinicalTable {
  readonly #places = new Map<string, number>();
  readonly #failures = new Map<string, MicrotomeError>();
  readonly #notes = new Map<string, readonly string[]>();
  #all = new Float64Array();

  constructor(
    private readonly clinical: ClinicalVectors,
    private readonly columns: readonly string[],
  ) {}

  async take(rows: readonly CsvRow[], signal: AbortSignal): Promise<this> {
    const { width } = this.clinical;
    const turns = new Turns(signal);
    const groups = this.clinical.groups();
    for (const row of rows) {
      if (turns.isOver) await turns.next();
      groups.add(this.#row(row));
    }
    this.#all = new Float64Array(rows.length * width);
    for (const [i, row] of rows.entries()) {
      if (turns.isOver) await turns.next();
      const name = row.cells[0] ?? '';
      this.#places.set(name, i);
      const { values, error, notes } = vectorOf(this.clinical, this.#row(row), groups);
      if (values !== null) this.#all.set(values, i * width);
      if (error !== null) this.#failures.set(name, error);
      if (notes.length > 0) this.#notes.set(name, notes);
    }
    return this;
  }

  #row({ cells }: CsvRow): ClinicalRow {
    // A plain object would let a column called __proto__ do harm.
    const row = Object.create(null) as Record<string, string>;
    for (const [i, column] of this.columns.entries()) row[column] = cells[i + 1] ?? '';
    return row;
  }

  failure(name: string): MicrotomeError | null {
    return this.#failures.get(name) ?? null;
  }

  values(name: string): Float64Array {
    const { width } = this.clinical;
    const place = this.#places.get(name);
    if (place === undefined) throw new MicrotomeError('INTERNAL', 'csv', `${shown(name)} has no clinical values`);
    return this.#all.subarray(place * width, (place + 1) * width);
  }

  notes(name: string): readonly string[] {
    return this.#notes.get(name) ?? [];
  }
}
