/**
 * Joins the format file, the metadata and the slides of the folder into the rows of a run. Whatever does not agree is
 * collected and refused together, so that one look at the message is enough to repair all of it.
 */
import { MicrotomeError } from '../core/errors.js';
import { csvInvalid } from './failure.js';
import { realFileSystem, type FileSystem } from './file-system.js';
import type { SubmissionFormat } from './format.js';
import type { Metadata, MetadataRow } from './metadata.js';
import { nameProblem, shown } from './names.js';
import { findSlide, folderOf, slideAt, slideNames, type FoundSlide } from './slide-files.js';

/** One row of the output. */
export interface RunRow {
  readonly index: number;
  readonly name: string;
  /** Null: there is nothing to score; `problem` says why. */
  readonly slide: FoundSlide | null;
  readonly problem: string | null;
  readonly metadata: MetadataRow | null;
}

export interface JoinedRows {
  readonly rows: readonly RunRow[];
  /** Empty: everything agrees. */
  readonly problems: readonly string[];
}

/** The rows of the format file; `stems`: they name slides without the file-name extension. */
export async function rowsOfFormat(
  dir: string,
  format: SubmissionFormat,
  metadata: Metadata | null,
  stems: boolean,
  fs: FileSystem = realFileSystem,
): Promise<JoinedRows> {
  const folder = await folderOf(dir, fs);
  const fileNames = stems ? namesByStem(await slideNames(folder, fs)) : null;
  const rows: RunRow[] = [];
  const problems: string[] = [];
  for (const [index, { name, line }] of format.rows.entries()) {
    const source = { path: format.path, line };
    const fileName = fileNames === null ? [name] : (fileNames.get(name) ?? []);
    const found =
      fileName.length === 1 ? await findSlide(folder, fileName[0] ?? '', source, fs) : stemProblem(fileName);
    const row = metadata?.rows.get(name) ?? null;
    const reasons = typeof found === 'string' ? [found] : [];
    if (metadata !== null && row === null) reasons.push(`no row in ${metadata.path}`);
    const problem = reasons.length === 0 ? null : reasons.join(', ');
    if (problem !== null) problems.push(`${shown(name)} (${format.path}:${line}): ${problem}`);
    rows.push({ index, name, slide: problem === null ? (found as FoundSlide) : null, problem, metadata: row });
  }
  problems.push(...strangers(metadata, new Set(format.rows.map((row) => row.name)), format.path));
  return { rows, problems };
}

/** Every slide of the folder, in name order. */
export async function rowsOfFolder(
  dir: string,
  metadata: Metadata | null,
  stems: boolean,
  fs: FileSystem = realFileSystem,
): Promise<JoinedRows> {
  const folder = await folderOf(dir, fs);
  const rows: RunRow[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const fileName of await slideNames(folder, fs)) {
    const unsafe = nameProblem(fileName);
    if (unsafe !== null) throw csvInvalid(dir, null, `${unsafe} (${shown(fileName)})`);
    const found = await findSlide(folder, fileName, { path: dir, line: null }, fs);
    if (typeof found === 'string') continue;
    const name = stems ? stemOf(fileName) : fileName;
    if (seen.has(name)) throw csvInvalid(dir, null, `two slides named ${shown(name)}`);
    seen.add(name);
    const row = metadata?.rows.get(name) ?? null;
    const problem = metadata !== null && row === null ? `no row in ${metadata.path}` : null;
    if (problem !== null) problems.push(`${shown(name)}: ${problem}`);
    rows.push({ index: rows.length, name, slide: problem === null ? found : null, problem, metadata: row });
  }
  if (rows.length === 0) {
    const found = `no slide in ${dir}; expected .tif, .tiff or .svs files`;
    throw new MicrotomeError('FILE_NOT_FOUND', 'slide', found, { path: dir });
  }
  problems.push(...strangers(metadata, seen, dir));
  return { rows, problems };
}

/** Slides named one by one. Rows carry the file names; other rows of the metadata are nobody's business here. */
export async function rowsOfFiles(
  paths: readonly string[],
  metadata: Metadata | null,
  stems: boolean,
  fs: FileSystem = realFileSystem,
): Promise<JoinedRows> {
  const rows: RunRow[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const [index, path] of paths.entries()) {
    const fileName = path.slice(path.lastIndexOf('/') + 1);
    const name = stems ? stemOf(fileName) : fileName;
    const unsafe = nameProblem(name) ?? (seen.has(name) ? 'a name that was given twice' : null);
    if (unsafe !== null) {
      throw new MicrotomeError('INVALID_OPTION', 'options', `${unsafe} (${shown(path)})`, { path });
    }
    seen.add(name);
    const slide = await slideAt(path, name, fs);
    const row = metadata?.rows.get(name) ?? null;
    const problem = metadata !== null && row === null ? `no row in ${metadata.path}` : null;
    if (problem !== null) problems.push(`${shown(name)}: ${problem}`);
    rows.push({ index, name, slide: problem === null ? slide : null, problem, metadata: row });
  }
  return { rows, problems };
}

/** One error with every problem in it. */
export function rowsMismatch(problems: readonly string[], advice?: string): MicrotomeError {
  const count = problems.length === 1 ? '1 row does not agree' : `${problems.length} rows do not agree`;
  return new MicrotomeError('ROWS_MISMATCH', 'csv', `${count}: ${problems.join('; ')}`, { advice });
}

function strangers(metadata: Metadata | null, known: ReadonlySet<string>, where: string): string[] {
  if (metadata === null) return [];
  const extra = [...metadata.rows.values()].filter((row) => !known.has(row.name));
  return extra.map((row) => `${shown(row.name)} (${metadata.path}:${row.line}): not in ${where}`);
}

function stemOf(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  return dot > 0 ? fileName.slice(0, dot) : fileName;
}

function namesByStem(fileNames: readonly string[]): Map<string, string[]> {
  const byStem = new Map<string, string[]>();
  for (const fileName of fileNames) {
    const stem = stemOf(fileName);
    byStem.set(stem, [...(byStem.get(stem) ?? []), fileName]);
  }
  return byStem;
}

function stemProblem(fileNames: readonly string[]): string {
  return fileNames.length === 0 ? 'no such slide' : `several slides: ${fileNames.map(shown).join(', ')}`;
}
