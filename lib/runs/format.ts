/**
 * Reads the submission format: which rows the output must have, in which order. The header is exactly the preset's two
 * columns; where the caller names the columns, it is any that has the one of the names. A duplicate name, or one that
 * leaves the folder, is always refused.
 */
import { optionMark } from '../core/option-names.js';
import { Turns } from '../core/turns.js';
import { readCsv, type CsvLimits, type CsvRow, type CsvTable } from './csv-read.js';
import { csvInvalid } from './failure.js';
import type { FileSystem } from './file-system.js';
import { nameProblem, shown } from './names.js';
import type { Preset } from './generated-types.js';
import { layoutOf, presetOfHeader, presetRules, type Layout, type TableRules } from './presets.js';
import { shownPlace, type TablePlace } from './table-place.js';

export interface FormatRow {
  readonly name: string;
  readonly line: number;
}

export interface SubmissionFormat {
  readonly path: string;
  readonly header: readonly [id: string, value: string];
  readonly rows: readonly FormatRow[];
  readonly sha256: string;
}

export async function readFormat(
  place: TablePlace,
  preset: Preset | null = null,
  limits?: CsvLimits,
  fs?: FileSystem,
  rules: TableRules = presetRules,
): Promise<SubmissionFormat> {
  const path = shownPlace(place);
  const layout = layoutOf(preset, rules);
  const { idColumn, valueColumn } = layout;
  const isNamed = rules.idColumn !== null || rules.valueColumn !== null;
  // The names alone are kept: there may be very many.
  const pick = (header: readonly string[]): readonly number[] => {
    if (!isNamed) requirePreset({ path, header }, layout);
    return [isNamed ? idColumnOf({ path, header }, idColumn) : 0];
  };
  const table = await readCsv(place, limits, fs, pick);
  if (table.rows.length === 0) throw csvInvalid(path, 1, 'a header and no rows');
  const rows = await checkedNames(path, table.rows, 0, rules.paths);
  return { path, header: [idColumn, valueColumn], rows, sha256: table.sha256 };
}

function requirePreset({ path, header }: Pick<CsvTable, 'path' | 'header'>, { idColumn, valueColumn }: Layout): void {
  if (header.length === 2 && header[0] === idColumn && header[1] === valueColumn) return;
  const other = presetOfHeader(header);
  const hint = other === null ? '' : ` (this is the layout of the preset '${other}')`;
  const found = `the header ${header.map(shown).join(',')}, expected ${idColumn},${valueColumn}${hint}`;
  const advice =
    other === null
      ? `correct the file, or pass ${optionMark('idColumn')} and ${optionMark('valueColumn')}`
      : `pass ${optionMark('preset', other)}, or correct the file`;
  throw csvInvalid(path, 1, found, advice);
}

/** Where the column of the names is. Throws CSV_INVALID. */
export function idColumnOf({ path, header }: Pick<CsvTable, 'path' | 'header'>, idColumn: string): number {
  const at = header.indexOf(idColumn);
  if (at >= 0) return at;
  const found = `no column ${shown(idColumn)}; found ${header.map(shown).join(', ')}`;
  throw csvInvalid(path, 1, found, `correct the file, or pass ${optionMark('idColumn')}`);
}

/** The names in one column. Refuses the first that is unsafe or was there before. `paths`: they may be paths. */
export async function checkedNames(
  path: string,
  rows: readonly CsvRow[],
  column: number,
  paths = false,
): Promise<FormatRow[]> {
  const lines = new Map<string, number>();
  const names: FormatRow[] = [];
  const turns = new Turns();
  for (const { cells, line } of rows) {
    if (turns.isOver) await turns.next();
    const name = cells[column] ?? '';
    const problem = nameProblem(name, paths);
    if (problem !== null) throw csvInvalid(path, line, name === '' ? problem : `${problem} (${shown(name)})`);
    const before = lines.get(name);
    if (before !== undefined) throw csvInvalid(path, line, `${shown(name)} a second time, after line ${before}`);
    lines.set(name, line);
    names.push({ name, line });
  }
  return names;
}
