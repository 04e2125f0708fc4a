/** The columns of the output: name and score, then what was asked for, the model's further outputs and a status. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { Model } from '../model/model.js';
import type { SlideResult } from '../scoring/result.js';
import { submissionNumber } from './csv-write.js';
import { shown } from './names.js';
import type { RowSource, SummaryRow } from './types.js';

export interface ColumnOptions {
  readonly idColumn: string | null;
  readonly valueColumn: string | null;
  readonly statusColumn: string | null;
  readonly allOutputs: boolean;
}

/** A row as it is written. Only a provisional table has one that is 'pending': it has the fallback value, and no score yet. */
export type WrittenRow = Omit<SummaryRow, 'source'> & { readonly source: RowSource | 'pending' };

/** What may stand in a cell of the status column of a finished table. */
export const statusPattern: RegExp = /^(?:scored|fallback|missing|failed: [A-Z_]+)$/;

/**
 * The header of the output; `first` are the columns of name and score. Throws INVALID_OPTION where an output of the model is
 * called like another column.
 */
export function outputHeader(first: readonly string[], columns: ColumnOptions, model: Model): readonly string[] {
  const header = [...first];
  const { statusColumn } = columns;
  for (const { name } of columns.allOutputs ? model.outputs.slice(1) : []) {
    if (header.includes(name) || name === statusColumn) {
      const found = `The model has an output ${shown(name)}, and another column of the output is called so too`;
      throw new MicrotomeError('INVALID_OPTION', 'options', found, {
        advice: `choose another ${optionMark(columnOption(name, header, columns))}`,
      });
    }
    header.push(name);
  }
  return statusColumn === null ? header : [...header, statusColumn];
}

function columnOption(name: string, header: readonly string[], { statusColumn }: ColumnOptions): string {
  if (name === statusColumn) return 'statusColumn';
  return name === header[0] ? 'idColumn' : 'valueColumn';
}

/** Of a model with several outputs the value of each, in its order; undefined where one is no number. */
export function outputsOf(result: SlideResult, model: Model): readonly number[] | undefined {
  if (model.outputs.length < 2) return undefined;
  const values = model.outputs.map(({ name }, i) =>
    i === 0 ? result.score : (result.outputs[name]?.[0] ?? Number.NaN),
  );
  return values.every(Number.isFinite) ? values : undefined;
}

/** Why the slide has not all that is to be written; null: it has. */
export function outputFailure(result: SlideResult, model: Model, columns: ColumnOptions): MicrotomeError | null {
  if (!columns.allOutputs || model.outputs.length < 2 || outputsOf(result, model) !== undefined) return null;
  const name = model.outputs.find((output) => !Number.isFinite(result.outputs[output.name]?.[0]))?.name ?? '';
  const found = `the output ${shown(name)} is ${result.outputs[name]?.[0] ?? 'not there'}`;
  return new MicrotomeError('OUTPUT_NOT_FINITE', 'aggregate', found, { path: result.path });
}

/** The cells of a row after name and score. Throws OUTPUT_NOT_FINITE naming row and output. */
export function furtherCells(row: WrittenRow, columns: ColumnOptions, model: Model): readonly string[] {
  const cells: string[] = [];
  const outputs = columns.allOutputs ? model.outputs : [];
  outputs.forEach(({ name, clip, clipDeclared, fallback }, i) => {
    if (i === 0) return;
    const isScored = row.source === 'scored' || row.source === 'resumed';
    const standIn = row.score === null ? null : row.fallbacks === undefined ? fallback : (row.fallbacks[i] ?? null);
    const value = isScored ? (row.outputs?.[i] ?? Number.NaN) : standIn;
    // Unlike the score, they need not be probabilities: a range that nobody declared makes no other number of them.
    cells.push(value === null ? '' : outputCell(value, clipDeclared ? clip : null, name, row.name));
  });
  if (columns.statusColumn !== null) cells.push(statusOf(row));
  return cells;
}

function outputCell(value: number, clip: Model['outputs'][number]['clip'], output: string, row: string): string {
  try {
    return submissionNumber(value, clip);
  } catch (cause) {
    const found = `the output ${shown(output)} is ${value} for the row ${shown(row)}`;
    throw new MicrotomeError('OUTPUT_NOT_FINITE', 'csv', found, { cause });
  }
}

function statusOf({ source, error }: WrittenRow): string {
  if (source === 'scored' || source === 'resumed') return 'scored';
  if (source === 'fallback' || source === 'missing' || source === 'pending') return source;
  return `failed: ${error ?? 'INTERNAL'}`;
}
