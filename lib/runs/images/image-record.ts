/** The record of a run over lesion images: counts, and a line for each row that failed. The scores are in the table. */
import { resolve } from 'node:path';
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { makeFolders, refuseExistingFiles } from '../../outputs/file-places.js';
import {
  RecordFile,
  stateOf,
  type LibraryVersions,
  type RecordEnd,
  type RecordFacts,
} from '../../outputs/record-file.js';
import type { FileSystem } from '../file-system.js';
import { journalPathOf } from '../journal.js';
import { lockPathOf } from '../lock.js';
import type { FoundImages } from './found-images.js';
import type { ImageRunOptions } from './image-options.js';
import type { ImageResults } from './image-results.js';
import type { ImageRowList } from './image-rows.js';

/** Before any work; throws INVALID_OPTION, and OUTPUT_EXISTS where nothing may be replaced. */
export async function checkRecordPlace(
  { runRecord, output, resume, overwrite }: ImageRunOptions,
  inputs: readonly string[],
  fs: FileSystem,
): Promise<void> {
  if (runRecord === null) return;
  const own = output === null ? [] : [output, journalPathOf(output), lockPathOf(output)];
  const taken = [...own, ...inputs].find((path) => resolve(path) === resolve(runRecord));
  if (taken !== undefined) {
    const found = `${optionMark('runRecord')} ${runRecord} is an input or the output of the run`;
    throw new MicrotomeError('INVALID_OPTION', 'options', found, { path: runRecord, advice: 'choose another file' });
  }
  const files = { kinds: [], heatmapDownsample: null, runRecord, overwrite };
  if (!resume && !overwrite) await refuseExistingFiles(files, [], fs);
  await makeFolders(files);
}

/** What is recorded beside the facts of the run. */
export interface RecordedImages {
  readonly rows: ImageRowList;
  readonly found: FoundImages;
  readonly results: ImageResults;
}

export class ImageRecord {
  private constructor(
    private readonly file: RecordFile,
    private readonly images: RecordedImages,
  ) {}

  /** Writes the first record. Throws DISK_FULL, FILE_UNREADABLE, FILE_NOT_FOUND. */
  static async begin(
    path: string,
    facts: RecordFacts,
    images: RecordedImages,
    versions: LibraryVersions,
    fs: FileSystem,
  ): Promise<ImageRecord> {
    const record = new ImageRecord(await RecordFile.of(path, facts, versions, fs), images);
    await record.file.write('running', null, record.#facts(), { name: 'failed', items: [] });
    return record;
  }

  /** Completes the record; `error` is what the run ended with. */
  async end(error: RecordEnd | null): Promise<void> {
    await this.file.write(stateOf(error), error?.reason, this.#facts(), { name: 'failed', items: this.#failed() });
  }

  #facts(): object {
    const { rows, found, results } = this.images;
    const counts = results.counts();
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return {
      images: {
        from: found.from,
        rows: rows.names.length,
        counts: { ...counts, pending: rows.names.length - done },
        clipped: results.clipped,
        failures: results.failures.all,
        notes: results.notes.all,
        filtered: rows.filtered,
        withoutRow: rows.withoutRow,
        unusedMetadata: rows.strangers,
        notRead: found.notRead.length,
      },
    };
  }

  *#failed(): Generator<object> {
    const { names, failedRows } = this.images.results;
    for (const [row, error] of failedRows) yield { name: names[row] ?? '', error };
  }
}
