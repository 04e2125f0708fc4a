/**
 * One run over lesion images, from the files to the output. The order of the steps is that of a run over slides, for the same
 * reasons: see lib/runs/directory-run.ts.
 */
import { optionMark } from '../../core/option-names.js';
import type { ClinicalVectors } from '../../model/clinical/vectors.js';
import type { Model } from '../../model/model.js';
import type { DeviceId, DeviceUse } from '../../native/devices.js';
import { contradiction } from '../../options/check.js';
import { libraryVersions, type LibraryVersions } from '../../outputs/record-file.js';
import type { ImageScorerOptions } from '../../scoring/image-scorer.js';
import { fallbackFailure } from '../../scoring/score-range.js';
import { realClock, type Clock } from '../clock.js';
import { outputHeader } from '../columns.js';
import { deadlineMs, partDeadlineMs } from '../deadline.js';
import { realFileSystem, type FileSystem } from '../file-system.js';
import { readFormat } from '../format.js';
import type { Journal } from '../journal.js';
import { defaultLockTimes, type LockTimes } from '../lock.js';
import type { OutcomeQueue } from '../outcome-queue.js';
import type { RunPart } from '../part.js';
import { openRemoteOutput, type RemoteOutput } from '../remote-output.js';
import { runKey } from '../run-key.js';
import { followSignal, startLoop, type Stop } from '../run-loop.js';
import { isFinished, openJournal, withLockedOutput, writeOutput, type OutputTarget } from '../run-output.js';
import { tablePlace, type TablePlace } from '../table-place.js';
import { tellDevice, tellModel, tellNotRead } from '../tell.js';
import { readClinical } from './clinical-values.js';
import { findImages, requireUnchanged, type FoundImages, type ImageInputs } from './found-images.js';
import { takeResumed } from './image-journal.js';
import { imagePreset, parseImageOptions, type ImageRunOptions } from './image-options.js';
import { imageTable } from './image-output.js';
import { ImageRunProgress } from './image-progress.js';
import { checkRecordPlace, ImageRecord } from './image-record.js';
import { imageFacts, partOfImages, wholeImages } from './image-part.js';
import { ImageResults } from './image-results.js';
import { joinImages, type ImageRowList } from './image-rows.js';
import { imagesFinishedBefore, imageSummary } from './image-summary.js';
import { readImageTable } from './image-table.js';
import { scoreImageRows, type BatchScorer } from './score-images-rows.js';
import type { ImageOutcomes, ImageRun, ImageSummary } from './types.js';

/** What a run uses of a scorer. */
export interface RunImageScorer extends BatchScorer {
  /** Where the model runs; not there: the processor. */
  readonly device?: DeviceId;
  /** Not there: nothing more is known of it. */
  readonly deviceUse?: DeviceUse;
  /** Null, or not there: it reads no columns of the metadata. */
  readonly clinical?: ClinicalVectors | null;
  close(): Promise<void>;
}

export interface ImageRunDependencies {
  readonly createScorer: (options: ImageScorerOptions) => Promise<RunImageScorer>;
  /** What can change bits beside the model and the options, once the scorer is there; by what messages call it. */
  readonly machine?: (scorer: RunImageScorer) => Promise<Readonly<Record<string, string>>>;
  /** Of the libraries, for the record of the run. */
  readonly versions?: LibraryVersions;
  /** Not there: the run is a whole one. */
  readonly part?: RunPart;
  readonly fs?: FileSystem;
  readonly lockTimes?: LockTimes;
  readonly clock?: Clock;
}

/** Starts when first iterated or asked for `done`. */
export function startImageRun(images: ImageInputs, options: unknown, dependencies: ImageRunDependencies): ImageRun {
  return startLoop((queue, stop) => runImages(images, options, dependencies, queue, stop));
}

/** The same inside of a loop that has begun. */
export function runImages(
  images: ImageInputs,
  options: unknown,
  dependencies: ImageRunDependencies,
  queue: OutcomeQueue<ImageOutcomes>,
  stop: Stop,
): Promise<ImageSummary> {
  return new Execution(images, queue, stop, dependencies).run(options);
}

interface Prepared {
  readonly found: FoundImages;
  readonly rows: ImageRowList;
  readonly formatSha256: string | null;
  readonly metadataSha256: string | null;
  /** Files that the output must not replace. */
  readonly inputs: readonly string[];
}

/** On the run's clock. */
interface Times {
  readonly startedMs: number;
  /** Null: no deadline. */
  readonly endMs: number | null;
}

/** Writing the table takes its time, with the number of its rows. */
const kWritingMs = 250;
const kWritingMsPerRow = 0.01;

class Execution {
  private readonly fs: FileSystem;
  private readonly clock: Clock;
  private machine: Readonly<Record<string, string>> = {};

  constructor(
    private readonly images: ImageInputs,
    private readonly queue: OutcomeQueue<ImageOutcomes>,
    private readonly stop: Stop,
    private readonly dependencies: ImageRunDependencies,
  ) {
    this.fs = dependencies.fs ?? realFileSystem;
    this.clock = dependencies.clock ?? realClock;
  }

  async run(given: unknown): Promise<ImageSummary> {
    const startedMs = this.clock.nowMs();
    const asked = parseImageOptions(given);
    const endMs = await this.endMs(asked, startedMs);
    const unlink = followSignal(asked.signal, this.stop);
    let found: FoundImages | null = null;
    let isDone = false;
    try {
      this.stop.controller.signal.throwIfAborted();
      const { lockTimes } = this.dependencies;
      const remote = await openRemoteOutput(asked, this.stop.controller.signal, this.fs, lockTimes);
      const options = remote === null ? asked : { ...asked, output: remote.local };
      found = await findImages(this.images, { ...options.folder, signal: this.stop.controller.signal }, this.fs);
      const prepared = await this.prepare(found, options);
      await checkRecordPlace(options, prepared.inputs, this.fs);
      tellNotRead(options, prepared.found);
      const summary = await this.scoreInto(prepared, options, remote, { startedMs, endMs });
      isDone = true;
      return summary;
    } finally {
      await found?.release?.(isDone);
      unlink();
    }
  }

  private async scoreInto(
    prepared: Prepared,
    options: ImageRunOptions,
    remote: RemoteOutput | null,
    times: Times,
  ): Promise<ImageSummary> {
    if (options.output === null) return this.score(prepared, options, null, times);
    if (remote === null) return this.runLocked(prepared, options, options.output, times);
    return remote.during((publish) => this.runLocked(prepared, options, remote.local, times, publish));
  }

  private async prepare(found: FoundImages, options: ImageRunOptions): Promise<Prepared> {
    const { signal } = this.stop.controller;
    const { columns, folder, licenses } = options;
    // A list may need paths to tell its images apart.
    const paths = folder.recursive || (Array.isArray(this.images) && this.images.length > 1);
    const rules = { ...columns, paths };
    const [formatPlace, metadataPlace] = [this.table('format', options), this.table('metadata', options)];
    const format = formatPlace === null ? null : await readFormat(formatPlace, imagePreset, undefined, this.fs, rules);
    const table =
      metadataPlace === null
        ? null
        : await readImageTable(metadataPlace, options.header[0], licenses !== null, paths, this.fs);
    const rows = await joinImages({ found, format, table, licenses, signal });
    if (rows.problems.count > 0 && options.onMissing === 'error')
      throw rows.problems.error(options.format ?? options.metadata);
    const tables = [formatPlace, metadataPlace].filter((place) => typeof place === 'string');
    return this.ownRows(options, {
      found,
      rows,
      formatSha256: format?.sha256 ?? null,
      metadataSha256: table?.sha256 ?? null,
      inputs: [...tables, ...found.inputs],
    });
  }

  private table(option: 'format' | 'metadata', { tables, folder }: ImageRunOptions): TablePlace | null {
    return tablePlace(option, tables[option], folder.storage ?? null, this.stop.controller.signal);
  }

  private async endMs({ deadline, resume }: ImageRunOptions, startedMs: number): Promise<number | null> {
    const { part } = this.dependencies;
    if (deadline === null) return null;
    if (part === undefined) return deadlineMs(deadline, startedMs, this.clock, resume);
    return partDeadlineMs(deadline, startedMs, this.clock, part);
  }

  private async ownRows(options: ImageRunOptions, whole: Prepared): Promise<Prepared> {
    const { part } = this.dependencies;
    if (part === undefined) return whole;
    const { signal } = this.stop.controller;
    const own = await part.choose(await wholeImages({ ...whole, options, signal }), signal);
    return { ...whole, rows: partOfImages(whole.rows, own) };
  }

  private async runLocked(
    prepared: Prepared,
    options: ImageRunOptions,
    output: string,
    times: Times,
    publish?: () => Promise<void>,
  ): Promise<ImageSummary> {
    const { fs } = this;
    const { rows, found, inputs } = prepared;
    const { resume, overwrite, columns, header } = options;
    const lockTimes = this.dependencies.lockTimes ?? defaultLockTimes;
    const { signal } = this.stop.controller;
    const finished = async (): Promise<ImageSummary | null> => {
      if (!(await isFinished(output, header, rows.names, columns, fs, this.dependencies.part))) return null;
      return imagesFinishedBefore(output, rows, found, this.clock.nowMs() - times.startedMs);
    };
    const rules = { output, inputs, resume, overwrite, fs, lockTimes, signal, ...(publish && { publish }) };
    return withLockedOutput(rules, finished, (target) => this.score(prepared, options, target, times));
  }

  private async score(
    prepared: Prepared,
    options: ImageRunOptions,
    target: OutputTarget | null,
    times: Times,
  ): Promise<ImageSummary> {
    const { signal } = this.stop.controller;
    signal.throwIfAborted();
    const scorer = await this.dependencies.createScorer({ ...options.scorer, signal });
    let journal: Journal | null = null;
    let record: ImageRecord | null = null;
    try {
      signal.throwIfAborted();
      const { model } = scorer;
      const { found, rows } = prepared;
      tellModel(options, model);
      tellDevice(options, scorer.deviceUse);
      const clinical = await readClinical(scorer.clinical ?? null, {
        place: this.table('metadata', options),
        idColumn: options.header[0],
        sha256: prepared.metadataSha256,
        signal,
        fs: this.fs,
      });
      const header = outputHeader(options.header, options.columns, model);
      const fallback = fallbackOf(options, model, rows);
      const results = new ImageResults(rows.names, model, options.columns.allOutputs);
      const opened = target === null ? null : await this.openJournal(prepared, options, scorer, target, results);
      journal = opened?.journal ?? null;
      record = await this.beginRecord(prepared, options, scorer, results);
      await scoreImageRows({
        rows,
        found,
        results,
        scorer,
        clinical,
        fallback,
        onError: options.onError,
        hasStatus: options.columns.statusColumn !== null,
        journal,
        queue: this.queue,
        progress: this.progress(rows, results, options),
        clock: this.clock,
        lastCallMs: times.endMs === null ? null : times.endMs - kWritingMs - kWritingMsPerRow * rows.names.length,
        controller: this.stop.controller,
      });
      // Else the scores may be of two files.
      await requireUnchanged(found, this.fs);
      if (target !== null && journal !== null) await this.finish(header, options, model, results, target, journal);
      await record?.end(null);
      const elapsedMs = this.clock.nowMs() - times.startedMs;
      const gone = opened?.resumed ?? null;
      return await imageSummary({
        rows,
        found,
        results,
        options,
        model,
        device: scorer.deviceUse ?? null,
        gone,
        elapsedMs,
      });
    } catch (error) {
      // What the run ended with counts, not that its record cannot be completed either.
      await record?.end({ reason: error, wasStopped: this.stop.requested }).catch(() => undefined);
      // A run that failed before its first row leaves nothing; one that was stopped can be resumed either way.
      if (journal?.mayGo === true && journal.appended === 0 && !this.stop.requested) await journal.remove();
      throw error;
    } finally {
      await journal?.close();
      await scorer.close();
    }
  }

  private progress({ names }: ImageRowList, results: ImageResults, { onProgress }: ImageRunOptions): ImageRunProgress {
    return new ImageRunProgress(names.length, results.counts().resumed, onProgress, () => this.clock.nowMs());
  }

  private async openJournal(
    prepared: Prepared,
    options: ImageRunOptions,
    scorer: RunImageScorer,
    target: OutputTarget,
    results: ImageResults,
  ): Promise<{ readonly journal: Journal; readonly resumed: readonly string[] | null }> {
    const { found, rows } = prepared;
    const machine = await this.dependencies.machine?.(scorer);
    this.machine = machine ?? {};
    await this.dependencies.part?.begin();
    const { metadataSha256 } = prepared;
    const clinical = scorer.clinical != null && metadataSha256 !== null ? { clinical: metadataSha256 } : {};
    const key = { ...(await runKey(scorer.model, prepared, options, machine)), images: found.file, ...clinical };
    return openJournal(target, key, options.resume, this.fs, (path, read) =>
      takeResumed(path, read, rows, found, results),
    );
  }

  private async beginRecord(
    { found, rows, formatSha256, metadataSha256 }: Prepared,
    { runRecord, format, metadata, given }: ImageRunOptions,
    scorer: RunImageScorer,
    results: ImageResults,
  ): Promise<ImageRecord | null> {
    if (runRecord === null) return null;
    const inputs = {
      ...(format === null ? {} : { format: { path: format, sha256: formatSha256 ?? '' } }),
      ...(metadata === null ? {} : { metadata: { path: metadata, sha256: metadataSha256 ?? '' } }),
    };
    const facts = {
      model: scorer.model,
      call: 'images',
      options: given,
      device: scorer.device ?? scorer.deviceUse?.id ?? 'cpu',
      deviceUse: scorer.deviceUse ?? null,
      inputs,
    } as const;
    const versions = this.dependencies.versions ?? libraryVersions;
    return ImageRecord.begin(runRecord, facts, { rows, found, results }, versions, this.fs);
  }

  private async finish(
    header: readonly string[],
    { onError, columns }: ImageRunOptions,
    model: Model,
    results: ImageResults,
    target: OutputTarget,
    journal: Journal,
  ): Promise<void> {
    // The journal stays: repaired images are scored by resuming, the others are not scored again.
    if (onError !== 'skip' && results.firstError !== null) throw results.firstError;
    const { part } = this.dependencies;
    const passing = part === undefined ? null : results.passing.error();
    if (passing !== null) throw passing;
    await writeOutput(target, imageTable(header, results, columns, model), this.fs, (file) =>
      part === undefined ? Promise.resolve() : part.seal(file, imageFacts(results, this.machine)),
    );
    await journal.remove();
  }
}

/** What stands in for a row without a score; null: nothing. Throws INVALID_OPTION, MODEL_MISMATCH, ROWS_MISMATCH. */
function fallbackOf(options: ImageRunOptions, model: Model, rows: ImageRowList): number | null {
  const [output] = model.outputs;
  const by = output?.fallbackBy ?? null;
  if (by !== null && options.fallback === null)
    throw contradiction(
      `The fallback of the model ${model.name} depends on the column ${JSON.stringify(by)} of the metadata, and of images no fallback does; pass ${optionMark('fallback')}`,
    );
  const fallback = options.fallback ?? output?.fallback ?? null;
  const unfit = fallbackFailure(fallback, model);
  if (unfit !== null) throw unfit;
  if (rows.without.size > 0 && fallback === null) {
    const advice = `make the named files agree, or pass ${optionMark('fallback')}: the model declares no fallback`;
    throw rows.problems.error(options.format ?? options.metadata, advice);
  }
  return fallback;
}
