/** The files that a run writes for each slide, and its record: see lib/outputs. */
import { resolve } from 'node:path';
import { fromNative, MicrotomeError } from '../core/errors.js';
import type { Model } from '../model/model.js';
import { parseScorerOptions } from '../options/score-options.js';
import { optionMark } from '../core/option-names.js';
import type { FileOptions, WantedKind } from '../outputs/file-options.js';
import {
  checkFilePlaces,
  filesOf,
  makeFolders,
  missingFiles,
  refuseExistingFiles,
  removeUnfinished,
} from '../outputs/file-places.js';
import {
  needsTiles,
  possibleKinds,
  prepareFiles,
  withFileWarnings,
  withoutTiles,
  writeFiles,
  type FileMaker,
} from '../outputs/slide-files.js';
import { unscoredInRecord } from '../outputs/read-record.js';
import type { SlideResult } from '../scoring/result.js';
import type { Place } from '../slide/byte-source.js';
import type { RunOptions } from './directory-options.js';
import type { FileSystem } from './file-system.js';
import type { JournalRow } from './journal-format.js';
import { journalPathOf } from './journal.js';
import { lockPathOf } from './lock.js';
import type { PreparedRun } from './prepare.js';
import type { RescoredRow } from './types.js';

/** Of a slide whose files are there. */
export interface FiledResult {
  readonly result: SlideResult;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** Paths of the slides that files are written for. */
function slidesOf({ rows }: PreparedRun): readonly string[] {
  return rows.flatMap(({ slide, failure }) => (slide === null || failure !== undefined ? [] : [slide.path]));
}

function refuseTaken(record: string, taken: Map<string, string>): void {
  const same = [...taken].find(([path]) => resolve(path) === resolve(record));
  if (same !== undefined)
    throw new MicrotomeError('INVALID_OPTION', 'options', `${optionMark('runRecord')} ${record} is ${same[1]}`, {
      path: record,
      advice: 'choose another file',
    });
  taken.set(record, 'the record of the run');
}

/** Before any work; throws INVALID_OPTION, and OUTPUT_EXISTS where nothing may be replaced. */
export async function checkRunFiles(options: RunOptions, prepared: PreparedRun, fs: FileSystem): Promise<void> {
  const { files, output, resume, overwrite } = options;
  const taken = new Map<string, string>();
  for (const path of prepared.inputs) taken.set(path, 'an input of the run');
  if (output !== null) {
    taken.set(output, `the ${optionMark('output')} of the run`);
    taken.set(journalPathOf(output), 'the journal of the run');
    taken.set(lockPathOf(output), 'the lock of the run');
  }
  if (files.runRecord !== null) refuseTaken(files.runRecord, taken);
  checkFilePlaces(files, slidesOf(prepared), taken);
  if (!resume && !overwrite) await refuseExistingFiles(files, slidesOf(prepared), fs);
}

/** Kinds that are left out where the model or the options cannot give them: nobody knows before the model is loaded. */
const kMayBeLeftOut: ReadonlySet<string> = new Set(['attention', 'maskPng']);

/**
 * Of a run whose output is complete: throws OUTPUT_EXISTS where a slide lacks files. The record of the run says which slides
 * have none because they failed; without it that cannot be seen any more.
 */
export async function refuseMissingFiles(options: RunOptions, prepared: PreparedRun, fs: FileSystem): Promise<void> {
  const { kinds, runRecord } = options.files;
  const wanted = kinds.filter(({ kind, isNamed }) => isNamed || !kMayBeLeftOut.has(kind));
  const unscored = runRecord === null ? new Set() : await unscoredInRecord(runRecord, options.signal, fs);
  for (const slide of slidesOf(prepared)) {
    if (unscored.has(slide)) continue;
    const [missing] = await missingFiles(filesOf(wanted, slide), fs);
    if (missing === undefined) continue;
    const found = `${options.output} is complete, but ${missing.path} is not there: its slide failed, or the run did not write it`;
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', found, {
      path: missing.path,
      advice: `leave ${optionMark(missing.kind)} out, or pass ${optionMark('overwrite', 'true')} to score all slides again`,
    });
  }
}

export class RunFiles {
  private constructor(
    private readonly maker: FileMaker,
    private readonly keepsTiles: boolean,
    private readonly fs: FileSystem,
  ) {}

  /** Null: no files of slides are wanted. Makes the folders. Throws INVALID_OPTION, DISK_FULL, FILE_UNREADABLE. */
  static async open(
    options: RunOptions,
    prepared: PreparedRun,
    model: Model,
    signal: AbortSignal,
    fs: FileSystem,
  ): Promise<RunFiles | null> {
    const { files, scorer } = options;
    if (files.kinds.length === 0) {
      await makeFolders(files);
      return null;
    }
    const slide = { ...parseScorerOptions(scorer).slide, signal };
    const kinds: readonly WantedKind[] = possibleKinds(files.kinds, model, slide);
    const possible: FileOptions = { ...files, kinds };
    await makeFolders(possible);
    if (kinds.length === 0) return null;
    // Without an output there is no lock: another run may be writing.
    if (options.output !== null) await removeUnfinished(possible, slidesOf(prepared), fs);
    return new RunFiles({ options: possible, model, slide, fs }, slide.tiles === true, fs);
  }

  /** Whether slides are to be scored with `tiles: true`. */
  get needsTiles(): boolean {
    return needsTiles(this.maker.options.kinds);
  }

  /**
   * Takes the rows of slides whose files are not all there out of those that an earlier run has scored; says which. A file
   * counts only where the journal says that the run wrote it.
   */
  async scoreAgain(kept: Map<number, JournalRow>, { rows }: PreparedRun): Promise<readonly RescoredRow[]> {
    const again: RescoredRow[] = [];
    for (const { index, name, slide } of rows) {
      const was = kept.get(index);
      if (slide === null || was === undefined || was.score === null) continue;
      const wanted = filesOf(this.maker.options.kinds, slide.path);
      const written = new Set(was.files ?? []);
      const unknown = wanted.find(({ path }) => !written.has(resolve(path)));
      const lacks = unknown ?? (await missingFiles(wanted, this.fs))[0];
      if (lacks === undefined) continue;
      kept.delete(index);
      again.push({ name, what: 'file', was: null, is: lacks.path });
    }
    return again;
  }

  /**
   * Writes the files of a slide. What is wrong with the slide is a value; a failure to write is the run's, and thrown: DISK_FULL,
   * FILE_UNREADABLE, FILE_NOT_FOUND.
   */
  async write(place: Place, result: SlideResult, slideMpp: number | null): Promise<FiledResult | MicrotomeError> {
    const { signal } = this.maker.slide;
    const maker = { ...this.maker, slide: { ...this.maker.slide, slideMpp } };
    let prepared: Awaited<ReturnType<typeof prepareFiles>>;
    try {
      prepared = await prepareFiles(maker, place, result);
    } catch (error) {
      signal?.throwIfAborted();
      return fromNative(error, place.name);
    }
    const files = await writeFiles(maker, prepared);
    const warned = withFileWarnings(result, maker, prepared);
    return {
      result: this.keepsTiles ? warned : withoutTiles(warned),
      files: files.map((file) => resolve(file)),
    };
  }
}
