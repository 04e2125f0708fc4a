/**
 * Reads what a table of metadata says of lesion images: which there are, and the license of each. Other columns are not held in
 * memory: such a table has 55 of them for 400,000 images. Those that a model reads are in clinical-values.ts.
 */
import { Turns } from '../../core/turns.js';
import { defaultCsvLimits, readCsv, type CsvLimits } from '../csv-read.js';
import { csvInvalid } from '../failure.js';
import type { FileSystem } from '../file-system.js';
import { idColumnOf } from '../format.js';
import { nameProblem, shown } from '../names.js';
import { shownPlace, type TablePlace } from '../table-place.js';

export const licenseColumn = 'copyright_license';

/** More bytes than of a table that is held whole. */
export const tableLimits: CsvLimits = { ...defaultCsvLimits, bytes: 2 ** 31 };

export interface ImageTable {
  readonly path: string;
  readonly columns: readonly string[];
  readonly sha256: string;
  /** By name, in the order of the file; empty where the license is not asked for, or the cell is. */
  readonly licenses: ReadonlyMap<string, string>;
}

/** Throws CSV_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function readImageTable(
  place: TablePlace,
  idColumn: string,
  wantsLicense: boolean,
  paths: boolean,
  fs: FileSystem,
): Promise<ImageTable> {
  const path = shownPlace(place);
  const pick = (header: readonly string[]): readonly number[] => {
    const idAt = idColumnOf({ path, header }, idColumn);
    if (!wantsLicense) return [idAt];
    const licenseAt = header.indexOf(licenseColumn);
    if (licenseAt >= 0) return [idAt, licenseAt];
    throw csvInvalid(path, 1, `no column ${shown(licenseColumn)}; found ${header.map(shown).join(', ')}`);
  };
  const { header, rows, sha256 } = await readCsv(place, tableLimits, fs, pick);
  const licenses = new Map<string, string>();
  // Texts that are alike are held once.
  const known = new Map<string, string>();
  const turns = new Turns();
  for (const { cells, line } of rows) {
    if (turns.isOver) await turns.next();
    const [name = '', cell = ''] = cells;
    const problem = nameProblem(name, paths);
    if (problem !== null) throw csvInvalid(path, line, name === '' ? problem : `${problem} (${shown(name)})`);
    if (licenses.has(name)) throw csvInvalid(path, line, `${shown(name)} a second time`);
    const license = cell.trim();
    if (!known.has(license)) known.set(license, license);
    licenses.set(name, known.get(license) ?? license);
  }
  return { path, columns: header, sha256, licenses };
}
