/**
 * Reads the submission format: which rows the output must have, in which order. The header is exactly the preset's two
 * columns. A duplicate name, or one that leaves the folder, is always refused.
 */
import { Turns } from '../core/turns.js';
import { readCsv, type CsvLimits, type CsvRow } from './csv-read.js';
import { csvInvalid } from './failure.js';
import type { FileSystem } from './file-system.js';
import { nameProblem, shown } from './names.js';
import type { Preset } from './generated-types.js';
import { layoutOf, presetOfHeader } from './presets.js';

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
  path: string,
  preset: Preset | null = null,
  limits?: CsvLimits,
  fs?: FileSystem,
): Promise<SubmissionFormat> {
  const layout = layoutOf(preset);
  const table = await readCsv(path, limits, fs);
  const { idColumn, valueColumn } = layout;
  if (table.header.length !== 2 || table.header[0] !== idColumn || table.header[1] !== valueColumn) {
    const other = presetOfHeader(table.header);
    const hint = other === null ? '' : ` (this is the layout of the preset '${other}')`;
    const found = table.header.map(shown).join(',');
    throw csvInvalid(path, 1, `the header ${found}, expected ${idColumn},${valueColumn}${hint}`);
  }
  if (table.rows.length === 0) throw csvInvalid(path, 1, 'a header and no rows');
  const rows = await checkedNames(path, table.rows, 0);
  return { path, header: [idColumn, valueColumn], rows, sha256: table.sha256 };
}

/** The names in one column. Refuses the first that is unsafe or was there before. */
export async function checkedNames(path: string, rows: readonly CsvRow[], column: number): Promise<FormatRow[]> {
  const lines = new Map<string, number>();
  const names: FormatRow[] = [];
  const turns = new Turns();
  for (const { cells, line } of rows) {
    if (turns.isOver) await turns.next();
    const name = cells[column] ?? '';
    const problem = nameProblem(name);
    if (problem !== null) throw csvInvalid(path, line, name === '' ? problem : `${problem} (${shown(name)})`);
    const before = lines.get(name);
    if (before !== undefined) throw csvInvalid(path, line, `${shown(name)} a second time, after line ${before}`);
    lines.set(name, line);
    names.push({ name, line });
  }
  return names;
}
