/** What may be at the place of the output before a run, and whether an output that is there is already the whole answer. */
import { dirname, resolve } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { statusPattern, type ColumnOptions } from './columns.js';
import { readCsv, type CsvTable } from './csv-read.js';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import { journalPathOf } from './journal.js';

/** Throws INVALID_OPTION where the output cannot be a file of its own. */
export async function checkOutputPlace(
  output: string,
  inputs: readonly string[],
  fs: FileSystem = realFileSystem,
): Promise<void> {
  const folder = dirname(resolve(output));
  const stat = await fs.stat(folder).catch((error: unknown) => {
    throw ioFailure(error, 'write into the folder', folder);
  });
  const refuse = (found: string): never => {
    throw new MicrotomeError('INVALID_OPTION', 'options', `${optionMark('output')} ${output} ${found}`, {
      path: output,
    });
  };
  if (!stat.isDirectory()) refuse('lies in something that is not a folder');
  const there = await statOrNull(output, fs);
  if (there === null) return;
  if (!there.isFile()) refuse('is not a regular file');
  for (const input of inputs) {
    const other = await statOrNull(input, fs);
    if (other !== null && other.ino === there.ino && other.dev === there.dev)
      refuse(`is an input of the run: ${input}`);
  }
}

/** Throws OUTPUT_EXISTS where a run without `resume` and `overwrite` would destroy something. */
export async function refuseExisting(output: string, fs: FileSystem = realFileSystem): Promise<void> {
  const journal = journalPathOf(output);
  if (await journalIsThere(output, fs)) {
    const found = `${journal} is there: a run that wrote ${output} was interrupted, or slides of it failed`;
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', found, {
      path: output,
      advice: `pass ${optionMark('resume', 'true')}, or ${optionMark('overwrite', 'true')}`,
    });
  }
  if ((await statOrNull(output, fs)) !== null) {
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${output} is there already`, { path: output });
  }
}

export async function isThere(path: string, fs: FileSystem = realFileSystem): Promise<boolean> {
  return (await statOrNull(path, fs)) !== null;
}

/** Also where its name is a link to nothing: an output beside such a name is not taken for finished. */
export async function journalIsThere(output: string, fs: FileSystem = realFileSystem): Promise<boolean> {
  return (await entryOrNull(journalPathOf(output), fs, 'lstat')) !== null;
}

type MoreColumns = Pick<ColumnOptions, 'allOutputs' | 'statusColumn'>;

/**
 * True when the CSV at `output` has the header, the rows in their order and a number in each. `header` has the columns of
 * name and score; which outputs the model has is not known yet, so any columns between these and the status will do.
 */
export async function isComplete(
  output: string,
  header: readonly string[],
  names: readonly string[],
  fs: FileSystem = realFileSystem,
  more: MoreColumns = { allOutputs: false, statusColumn: null },
): Promise<boolean> {
  let table: CsvTable;
  try {
    table = await readCsv(output, undefined, fs);
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === 'CSV_INVALID') return false;
    throw error;
  }
  const { allOutputs, statusColumn } = more;
  const last = statusColumn === null ? [] : [statusColumn];
  const between = table.header.slice(header.length, table.header.length - last.length);
  if (!allOutputs && between.length > 0) return false;
  if (table.header.join('\n') !== [...header, ...between, ...last].join('\n')) return false;
  if (table.rows.length !== names.length) return false;
  return table.rows.every(({ cells }, i) => {
    const status = statusColumn === null ? 'scored' : (cells.at(-1) ?? '');
    const outputs = cells.slice(2, cells.length - last.length);
    const isNumber = (cell: string): boolean => /^-?\d+\.\d{9}$/.test(cell);
    const isFailed = status.startsWith('failed') && cells[1] === '';
    if (cells[0] !== names[i] || !statusPattern.test(status) || !(isFailed || isNumber(cells[1] ?? ''))) return false;
    return outputs.every((cell) => cell === '' || isNumber(cell));
  });
}

type Entry = Awaited<ReturnType<FileSystem['stat']>>;

function statOrNull(path: string, fs: FileSystem): Promise<Entry | null> {
  return entryOrNull(path, fs, 'stat');
}

async function entryOrNull(path: string, fs: FileSystem, look: 'stat' | 'lstat'): Promise<Entry | null> {
  try {
    return await fs[look](path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioFailure(error, 'look at', path);
  }
}
