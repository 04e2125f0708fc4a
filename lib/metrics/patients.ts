/** Whose rows they are: a table that names the patient of each row. It may have rows of others, and further columns. */
import { optionMark } from '../core/option-names.js';
import { isMissing } from '../core/missing-value.js';
import { Turns } from '../core/turns.js';
import { readCsv } from '../runs/csv-read.js';
import { csvInvalid } from '../runs/failure.js';
import { shown } from '../runs/names.js';
import { rowsMismatch } from '../runs/rows.js';

export interface PatientColumns {
  readonly id: string;
  readonly patient: string;
}

/** The rows of each patient, as places in `names`. Throws CSV_INVALID, and ROWS_MISMATCH for a name that the table does not have. */
export async function readPatients(
  path: string,
  columns: PatientColumns,
  names: readonly string[],
): Promise<readonly (readonly number[])[]> {
  const { header, rows } = await readCsv(path);
  const missing = [columns.id, columns.patient].filter((name) => !header.includes(name));
  if (missing.length > 0) {
    const found = `no column ${missing.map(shown).join(', ')}; found ${header.map(shown).join(', ')}`;
    throw csvInvalid(path, 1, found, `correct the file, or pass ${optionMark('patientColumn')}`);
  }
  const [idAt, patientAt] = [header.indexOf(columns.id), header.indexOf(columns.patient)];
  const placeOf = new Map(names.map((name, place) => [name, place]));
  const patients = new Map<string, number[]>();
  const turns = new Turns();
  const seen = new Map<string, number>();
  for (const { cells, line } of rows) {
    if (turns.isOver) await turns.next();
    const [name, patient] = [cells[idAt] ?? '', cells[patientAt] ?? ''];
    const place = placeOf.get(name);
    if (place === undefined) continue;
    const before = seen.get(name);
    if (before !== undefined) throw csvInvalid(path, line, `${shown(name)} a second time, after line ${before}`);
    if (isMissing(patient)) throw csvInvalid(path, line, `no patient for ${shown(name)}`);
    seen.set(name, line);
    const own = patients.get(patient);
    if (own === undefined) patients.set(patient, [place]);
    else own.push(place);
  }
  const without = names.filter((name) => !seen.has(name)).map((name) => `${shown(name)}: not in ${path}`);
  if (without.length > 0) throw rowsMismatch(without, `name the patient of every row in ${path}`, path);
  return [...patients.values()];
}
