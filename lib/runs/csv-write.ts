/**
 * Writes the submission: the format's header, its rows in its order, one number each with nine decimals, and further cells
 * where these were asked for. Every value is checked before the first byte is written.
 */
import { MicrotomeError } from '../core/errors.js';
import { heldTo, type ClipRange } from '../scoring/result.js';
import { shown } from './names.js';

export interface SubmissionRow {
  readonly name: string;
  /** Null: there is none, and the cells after it say why. */
  readonly value: number | null;
  /** Cells after the value, as they are to stand there. */
  readonly more?: readonly string[];
}

const kDecimals = 9;

/** Held to the range (null: as it is); never NaN, infinite, or written with an exponent. */
export function submissionNumber(value: number, clip: ClipRange | null): string {
  const held = heldTo(value, clip);
  const text = held.toFixed(kDecimals);
  // toFixed falls back to an exponent from 1e21 on, which no reader of a submission expects.
  if (!Number.isFinite(held) || text.includes('e'))
    throw new RangeError(`${value} is not a number that can be written`);
  return text === '-0.000000000' ? '0.000000000' : text;
}

/** The whole file as text. Throws OUTPUT_NOT_FINITE naming the row. */
export function submissionText(
  header: readonly string[],
  rows: readonly SubmissionRow[],
  clip: ClipRange | null,
): string {
  return [headerLine(header), ...rows.map((row) => rowLine(row, clip))].join('');
}

/** With its line end. */
export function headerLine(header: readonly string[]): string {
  return `${header.map(quotedCell).join(',')}\n`;
}

/** With its line end. Throws OUTPUT_NOT_FINITE naming the row. */
export function rowLine({ name, value, more = [] }: SubmissionRow, clip: ClipRange | null): string {
  let number = '';
  try {
    if (value !== null || more.length === 0) number = submissionNumber(value ?? Number.NaN, clip);
  } catch (cause) {
    throw new MicrotomeError('OUTPUT_NOT_FINITE', 'csv', `the value ${value} for the row ${shown(name)}`, { cause });
  }
  return `${[quotedCell(name), number, ...more.map(quotedCell)].join(',')}\n`;
}

export function quotedCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
