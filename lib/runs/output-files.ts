/** What may be at the place of the output before a run, and whether an output that is there is already the whole answer. */
import { dirname, resolve } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
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
  if ((await statOrNull(journal, fs)) !== null) {
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

/** True when the CSV at `output` has the header, the rows in their order and a number in each. */
export async function isComplete(
  output: string,
  header: readonly string[],
  names: readonly string[],
  fs: FileSystem = realFileSystem,
): Promise<boolean> {
  let table: CsvTable;
  try {
    table = await readCsv(output, undefined, fs);
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === 'CSV_INVALID') return false;
    throw error;
  }
  if (table.header.join('\n') !== header.join('\n') || table.rows.length !== names.length) return false;
  return table.rows.every((row, i) => row.cells[0] === names[i] && /^-?\d+\.\d{9}$/.test(row.cells[1] ?? ''));
}

async function statOrNull(path: string, fs: FileSystem): Promise<Awaited<ReturnType<FileSystem['stat']>> | null> {
  try {
    return await fs.stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioFailure(error, 'look at', path);
  }
}
