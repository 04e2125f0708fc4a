/**
 * One run over many slides, from the files to the output. Order matters, for a run may be killed at any point:
 *
 *   read and join the files            nothing written; what is wrong with them is told before a model is loaded
 *   lock the output                    one writer
 *   load the model                     what is wrong with it, or with the options for it, ends the run here
 *   open the journal                   from here on, `resume` completes the run to the same bytes
 *   write a provisional output         only where it was asked for (provisional.ts); it is replaced while slides are scored
 *   score; one synced line per slide   what is wrong with a slide is that slide's
 *   write the output (rename)          both output and journal: `resume` writes the same output again
 *   remove the journal                 output without journal: finished
 *   release the lock
 */
import type { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { ClinicalRow } from '../model/clinical/row-text.js';
import type { Model } from '../model/model.js';
import { contradiction } from '../options/check.js';
import type { LibraryVersions, RunRecord } from '../outputs/run-record.js';
import type { ScorerOptions } from '../options/types.js';
import type { SlideOutcome } from '../scoring/result.js';
import { checkMask } from '../slide/mask-digest.js';
import { fallbackFailure } from '../scoring/score-range.js';
import { requireColumns } from './clinical-columns.js';
import { realClock, type Clock } from './clock.js';
import { furtherCells, outputHeader } from './columns.js';
import { submissionText } from './csv-write.js';
import { deadlineMs, partDeadlineMs } from './deadline.js';
import { parseDirectoryOptions, type RunOptions } from './directory-options.js';
import { possibleFallbacks, rowFallback, type RowFallback } from './fallback.js';
import { realFileSystem, type FileSystem } from './file-system.js';
import type { Journal } from './journal.js';
import type { JournalRow } from './journal-format.js';
import { defaultLockTimes, type LockTimes } from './lock.js';
import type { OutcomeQueue } from './outcome-queue.js';
import type { RunPart } from './part.js';
import { prepareRun, type PreparedRun, type RunSource } from './prepare.js';
import { ProvisionalOutput, requireFallbacks } from './provisional.js';
import { resumedRows, type ResumedRows } from './resume.js';
import type { RowKeyMaker } from './row-key.js';
import { rowsMismatch, type RunRow } from './rows.js';
import { openRemoteOutput } from './remote-output.js';
import { checkRunFiles, refuseMissingFiles, RunFiles } from './run-files.js';
import { partOfSlides, slideFacts, wholeSlides } from './part-slides.js';
import { partialOptions, runKey } from './run-key.js';
import { followSignal, startLoop, type Stop } from './run-loop.js';
import { isFinished, openJournal, withLockedOutput, writeOutput, type OutputTarget } from './run-output.js';
import { beginRecord } from './run-record.js';
import { finishedBefore, progressOf, summaryOf, toScore } from './run-summary.js';
import { resumedRow, scoreRows, type RowScorer, type ScoredRows, type ScoreRowsInput } from './score-rows.js';
import { tellDevice, tellModel, tellNotRead } from './tell.js';
import { TimeBudget } from './time-budget.js';
import type { DirectoryRun, DirectorySummary } from './types.js';

export interface RunDependencies {
  readonly createScorer: (options: ScorerOptions) => Promise<RowScorer>;
  /** What can change bits beside the model and the options, once the scorer is there; by what messages call it. */
  readonly machine?: (scorer: RowScorer) => Promise<Readonly<Record<string, string>>>;
  /** Which build of OpenSlide is there, by what its file says; null: none. */
  readonly openslide?: (options: Pick<RunOptions, 'scorer'>) => Promise<string | null>;
  /** What the model fails with whatever the slide; null: with nothing. Asked only after a failure. */
  readonly modelFault?: (scorer: RowScorer, clinical: ClinicalRow | null) => Promise<MicrotomeError | null>;
  /** Of the libraries, for the record of the run. */
  readonly versions?: LibraryVersions;
  /** Not there: the run is a whole one. */
  readonly part?: RunPart;
  readonly fs?: FileSystem;
  readonly lockTimes?: LockTimes;
  readonly clock?: Clock;
}

/** Starts when first iterated or asked for `done`. */
export function startRun(source: RunSource, options: unknown, dependencies: RunDependencies): DirectoryRun {
  return startLoop((queue, stop) => runDirectory(source, options, dependencies, queue, stop));
}

/** The same inside of a loop that has begun. */
export function runDirectory(
  source: RunSource,
  options: unknown,
  dependencies: RunDependencies,
  queue: OutcomeQueue<SlideOutcome>,
  stop: Stop,
): Promise<DirectorySummary> {
  return new Execution(source, queue, stop, dependencies).run(options);
}

/** On the run's clock. */
interface RunTimes {
  readonly startedMs: number;
  /** Null: no deadline. */
  readonly endMs: number | null;
}

class Execution {
  private readonly fs: FileSystem;
  private readonly clock: Clock;
  private machine: Readonly<Record<string, string>> = {};

  constructor(
    private readonly source: RunSource,
    private readonly queue: OutcomeQueue<SlideOutcome>,
    private readonly stop: Stop,
    private readonly dependencies: RunDependencies,
  ) {
    this.fs = dependencies.fs ?? realFileSystem;
    this.clock = dependencies.clock ?? realClock;
  }

  async run(given: unknown): Promise<DirectorySummary> {
    const startedMs = this.clock.nowMs();
    const asked = parseDirectoryOptions(given);
    const endMs = await this.endMs(asked, startedMs);
    const unlink = followSignal(asked.signal, this.stop);
    try {
      this.stop.controller.signal.throwIfAborted();
      const { lockTimes } = this.dependencies;
      const remote = await openRemoteOutput(asked, this.stop.controller.signal, this.fs, lockTimes);
      const { signal } = this.stop.controller;
      const stoppable = { ...asked, folder: { ...asked.folder, signal } };
      const options = remote === null ? stoppable : { ...stoppable, output: remote.local };
      const whole = await prepareRun(this.source, options, this.fs);
      await checkMask(options.scorer.mask ?? null, this.stop.controller.signal);
      await checkRunFiles(options, whole, this.fs);
      const prepared = await this.ownRows(whole, options);
      tellNotRead(options, prepared);
      if (options.output === null) return await this.score(prepared, options, null, { startedMs, endMs });
      const times = { startedMs, endMs };
      if (remote === null) return await this.runLocked(prepared, options, options.output, times);
      const { local } = remote;
      return await remote.during((publish) => this.runLocked(prepared, options, local, times, publish));
    } finally {
      unlink();
    }
  }

  private async endMs({ deadline, resume }: RunOptions, startedMs: number): Promise<number | null> {
    const { part } = this.dependencies;
    if (deadline === null) return null;
    if (part === undefined) return deadlineMs(deadline, startedMs, this.clock, resume);
    return partDeadlineMs(deadline, startedMs, this.clock, part);
  }

  private async ownRows(whole: PreparedRun, options: RunOptions): Promise<PreparedRun> {
    const { part } = this.dependencies;
    if (part === undefined) return whole;
    return partOfSlides(whole, await part.choose(wholeSlides(whole, options), this.stop.controller.signal));
  }

  private async runLocked(
    prepared: PreparedRun,
    options: RunOptions,
    output: string,
    times: RunTimes,
    publish?: () => Promise<void>,
  ): Promise<DirectorySummary> {
    const { fs } = this;
    const { inputs, header } = prepared;
    const { resume, overwrite } = options;
    const lockTimes = this.dependencies.lockTimes ?? defaultLockTimes;
    const { signal } = this.stop.controller;
    const finished = async (): Promise<DirectorySummary | null> => {
      const names = prepared.rows.map((row) => row.name);
      if (!(await isFinished(output, header, names, options.columns, fs, this.dependencies.part))) return null;
      await refuseMissingFiles(options, prepared, fs);
      return finishedBefore(output, prepared, this.clock.nowMs() - times.startedMs);
    };
    const rules = { output, inputs, resume, overwrite, fs, lockTimes, signal, ...(publish && { publish }) };
    return withLockedOutput(rules, finished, (target) => this.score(prepared, options, target, times));
  }

  private async score(
    prepared: PreparedRun,
    options: RunOptions,
    target: OutputTarget | null,
    times: RunTimes,
  ): Promise<DirectorySummary> {
    const { signal } = this.stop.controller;
    signal.throwIfAborted();
    const scorer = await this.dependencies.createScorer({ ...options.scorer, signal });
    let journal: Journal | null = null;
    let provisional: ProvisionalOutput | null = null;
    let record: RunRecord | null = null;
    try {
      signal.throwIfAborted();
      tellModel(options, scorer.model);
      tellDevice(options, scorer.deviceUse);
      const header = outputHeader(prepared.header, options.columns, scorer.model);
      requireColumns(scorer.model, prepared.metadataColumns ?? null, options.metadata, options.fallback);
      requireOneGrid(options, scorer.model);
      for (const possible of possibleFallbacks(options.fallback, scorer.model)) {
        const unfit = fallbackFailure(possible, scorer.model);
        if (unfit !== null) throw unfit;
      }
      const fallback = rowFallback(options.fallback, scorer.model);
      if (prepared.rows.some((row) => row.slide === null && fallback(row) === null)) {
        const advice = `make the named files agree, or pass ${optionMark('fallback')}: the model declares no fallback`;
        throw rowsMismatch(prepared.problems, advice, options.format ?? options.metadata);
      }
      if (options.provisional) requireFallbacks(prepared.rows, fallback);
      const outputCount = scorer.model.outputs.length;
      const { columns } = scorer.model;
      const openslide = (await this.dependencies.openslide?.(options)) ?? null;
      const partial = partialOptions(scorer.model, options);
      const keys: RowKeyMaker = { options: partial, run: options, outputCount, columns, openslide };
      const files = await RunFiles.open(options, prepared, scorer.model, signal, this.fs);
      const opened = target === null ? null : await this.openJournal(prepared, options, scorer, target, keys, files);
      journal = opened?.journal ?? null;
      const resumed = opened?.resumed?.rows ?? new Map<number, JournalRow>();
      record = await beginRecord(options, prepared, scorer, resumed, this.dependencies.versions, this.fs);
      const progress = progressOf(prepared, options, resumed);
      const time = times.endMs === null ? null : this.timeBudget(prepared, options, resumed, scorer, times.endMs);
      if (options.provisional && target !== null) {
        journal?.keep();
        provisional = await this.beginProvisional(header, prepared, options, { resumed, scorer, fallback, target });
      }
      const work = { resumed, scorer, fallback, keys, journal, provisional, progress, time, files, record };
      const scored = await scoreRows(this.rowsInput(prepared, options, work));
      await provisional?.end();
      if (target !== null && journal !== null) await this.finish(header, options, scorer, scored, target, journal);
      await record?.end(null);
      const elapsedMs = this.clock.nowMs() - times.startedMs;
      return summaryOf(scored, prepared, options, progress.tiles, elapsedMs, scorer, opened?.resumed ?? null);
    } catch (error) {
      // What the run ended with counts, not that its record cannot be completed either.
      await record?.end({ reason: error, wasStopped: this.stop.requested }).catch(() => undefined);
      // Nor that the last provisional output cannot be replaced: the one before it is complete too.
      await provisional?.leave().catch(() => undefined);
      // A run that failed before its first row leaves nothing; one that was stopped can be resumed either way.
      if (journal?.mayGo === true && journal.appended === 0 && !this.stop.requested) await journal.remove();
      throw error;
    } finally {
      await journal?.close();
      await scorer.close();
    }
  }

  private rowsInput(
    { rows }: PreparedRun,
    { onError, slidesInFlight, columns, scorer: options }: RunOptions,
    work: Pick<
      ScoreRowsInput,
      'resumed' | 'scorer' | 'fallback' | 'keys' | 'journal' | 'provisional' | 'progress' | 'time' | 'files' | 'record'
    >,
  ): ScoreRowsInput {
    const { queue } = this;
    const { controller } = this.stop;
    let fault: Promise<MicrotomeError | null> | null = null;
    const modelFault = ({ metadata }: RunRow): Promise<MicrotomeError | null> => {
      fault ??= this.dependencies.modelFault?.(work.scorer, metadata?.clinical ?? null) ?? Promise.resolve(null);
      return fault;
    };
    return { ...work, rows, options, columns, onError, slidesInFlight, queue, controller, modelFault };
  }

  private async beginProvisional(
    header: readonly string[],
    { rows }: PreparedRun,
    { columns }: RunOptions,
    work: {
      readonly resumed: ReadonlyMap<number, JournalRow>;
      readonly scorer: RowScorer;
      readonly fallback: RowFallback;
      readonly target: OutputTarget;
    },
  ): Promise<ProvisionalOutput> {
    const { resumed, scorer, fallback, target } = work;
    const { clock, fs, stop } = this;
    return ProvisionalOutput.begin({
      output: target.output,
      header,
      rows,
      columns,
      model: scorer.model,
      scored: (row) => resumedRow(row, resumed),
      fallback,
      clock,
      fs,
      guard: () => target.lock.assertHeld(),
      onFailure: (error) => stop.controller.abort(error),
    });
  }

  private timeBudget(
    prepared: PreparedRun,
    options: RunOptions,
    resumed: ReadonlyMap<number, JournalRow>,
    scorer: RowScorer,
    endMs: number,
  ): TimeBudget {
    const slides = new Map<number, number>();
    for (const { index, slide } of toScore(prepared, resumed)) {
      if (slide !== null) slides.set(index, Number(slide.identity.size));
    }
    return new TimeBudget({
      clock: this.clock,
      endMs,
      minTiles: options.deadline?.minTiles ?? 1,
      tilesPerSlide: scorer.tilesPerSlide ?? 0,
      slidesInFlight: options.slidesInFlight,
      slides,
    });
  }

  private async openJournal(
    prepared: PreparedRun,
    options: RunOptions,
    scorer: RowScorer,
    target: OutputTarget,
    keys: RowKeyMaker,
    files: RunFiles | null,
  ): Promise<{ journal: Journal; resumed: ResumedRows | null }> {
    const key = await runKey(scorer.model, prepared, options, await this.dependencies.machine?.(scorer));
    this.machine = key.machine;
    await this.dependencies.part?.begin();
    return openJournal(target, key, options.resume, this.fs, (path, read) => {
      const known = resumedRows(path, read, prepared.rows, keys);
      return files === null ? known : withMissingFiles(known, files, prepared);
    });
  }

  private async finish(
    header: readonly string[],
    options: RunOptions,
    scorer: RowScorer,
    scored: ScoredRows,
    target: OutputTarget,
    journal: Journal,
  ): Promise<void> {
    // The journal stays: repaired slides are scored by resuming, the others are not scored again.
    const mayFail = options.onError === 'skip';
    if (!mayFail && scored.rows.some((row) => row.source === 'failed') && scored.firstError !== null)
      throw scored.firstError;
    const { part } = this.dependencies;
    const passing = part === undefined ? null : scored.passing.error();
    if (passing !== null) throw passing;
    const written = scored.rows.filter((row) => row.source !== 'skipped');
    const rows = written.map((row) => ({
      name: row.name,
      value: row.score,
      more: furtherCells(row, options.columns, scorer.model),
    }));
    const clip = scorer.model.outputs[0]?.clip ?? null;
    const text = submissionText(header, rows, clip);
    await writeOutput(target, text, this.fs, (file) =>
      part === undefined ? Promise.resolve() : part.seal(file, slideFacts(scored.rows, this.machine)),
    );
    await journal.remove();
  }
}

/** A deadline gives up tiles of a slide; of which grid, where there are several, nothing says. Throws INVALID_OPTION. */
function requireOneGrid({ deadline }: RunOptions, { inputs, name }: Model): void {
  if (deadline === null || inputs.length < 2) return;
  throw contradiction(
    `The option ${optionMark('deadline')} was given, but the model ${name} reads ${inputs.length} inputs of tiles, each with a grid of its own`,
  );
}

async function withMissingFiles(known: ResumedRows, files: RunFiles, prepared: PreparedRun): Promise<ResumedRows> {
  const rows = new Map(known.rows);
  const again = await files.scoreAgain(rows, prepared);
  return { ...known, rows, again: [...known.again, ...again] };
}
