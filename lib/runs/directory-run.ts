/**
 * One run over many slides, from the files to the output. Order matters, for a run may be killed at any point:
 *
 *   read and join the files            nothing written; what is wrong with them is told before a model is loaded
 *   lock the output                    one writer
 *   load the model
 *   open the journal                   from here on, `resume` completes the run to the same bytes
 *   score; one synced line per slide
 *   write the output (rename)          both output and journal: `resume` writes the same output again
 *   remove the journal                 output without journal: finished
 *   release the lock
 */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { Model } from '../model/model.js';
import type { ScorerOptions } from '../options/types.js';
import type { SlideOutcome } from '../scoring/result.js';
import { fallbackFailure } from '../scoring/score-range.js';
import { realClock, type Clock } from './clock.js';
import { submissionText, writeSubmission } from './csv-write.js';
import { deadlineMs } from './deadline.js';
import { parseDirectoryOptions, type RunOptions } from './directory-options.js';
import { removeIfThere } from './durable.js';
import { ioFailure } from './failure.js';
import { realFileSystem, type FileSystem } from './file-system.js';
import { checkKey, Journal, journalPathOf, readJournal, refused } from './journal.js';
import type { JournalRow } from './journal-format.js';
import { defaultLockTimes, lockOutput, type LockTimes, type OutputLock } from './lock.js';
import { shown } from './names.js';
import { OutcomeQueue } from './outcome-queue.js';
import { checkOutputPlace, isComplete, isThere, refuseExisting } from './output-files.js';
import { prepareRun, type PreparedRun, type RunSource } from './prepare.js';
import { rowsMismatch, type RunRow } from './rows.js';
import { runKey } from './run-key.js';
import { RunProgress } from './run-progress.js';
import { scoreRows, type RowScorer, type ScoredRows } from './score-rows.js';
import { TimeBudget } from './time-budget.js';
import type { DirectoryRun, DirectorySummary, RowSource } from './types.js';

export interface RunDependencies {
  readonly createScorer: (options: ScorerOptions) => Promise<RowScorer>;
  readonly fs?: FileSystem;
  readonly lockTimes?: LockTimes;
  readonly clock?: Clock;
}

/** Starts when first iterated or asked for `done`. */
export function startRun(source: RunSource, options: unknown, dependencies: RunDependencies): DirectoryRun {
  const queue = new OutcomeQueue();
  const stop = new Stop();
  stop.controller.signal.addEventListener('abort', () => queue.release(), { once: true });
  let running: Promise<DirectorySummary> | null = null;
  let iterated = false;
  const start = (): Promise<DirectorySummary> => {
    if (running !== null) return running;
    running = new Execution(source, queue, stop, dependencies).run(options);
    // The loop over the outcomes may be the only one who cares; then nobody handles this promise.
    running.then(
      () => queue.end(),
      (error: unknown) => queue.fail(error),
    );
    return running;
  };
  return {
    get done() {
      return start();
    },
    [Symbol.asyncIterator]() {
      if (iterated) throw new MicrotomeError('INVALID_OPTION', 'options', 'A run was iterated twice; start another');
      iterated = true;
      queue.listen();
      return iteratorOf(queue, stop, start());
    },
  };
}

function iteratorOf(
  queue: OutcomeQueue,
  stop: Stop,
  running: Promise<DirectorySummary>,
): AsyncIterator<SlideOutcome, undefined> {
  return {
    async next() {
      const outcome = await queue.take();
      return outcome === null ? { done: true, value: undefined } : { done: false, value: outcome };
    },
    async return() {
      const advice = `pass ${optionMark('resume', 'true')}, or iterate to the end`;
      stop.request(new MicrotomeError('CANCELLED', 'options', 'The loop over the run was left', { advice }));
      await running.catch(() => {});
      return { done: true, value: undefined };
    },
  };
}

/** Ends a run; knows a stop that was asked for from a failure of the run itself, which aborts the same controller. */
class Stop {
  readonly controller = new AbortController();
  requested = false;

  request(reason: unknown): void {
    this.requested = true;
    this.controller.abort(reason);
  }
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

  constructor(
    private readonly source: RunSource,
    private readonly queue: OutcomeQueue,
    private readonly stop: Stop,
    private readonly dependencies: RunDependencies,
  ) {
    this.fs = dependencies.fs ?? realFileSystem;
    this.clock = dependencies.clock ?? realClock;
  }

  async run(given: unknown): Promise<DirectorySummary> {
    const startedMs = this.clock.nowMs();
    const options = parseDirectoryOptions(given);
    const endMs =
      options.deadline === null ? null : deadlineMs(options.deadline, startedMs, this.clock, options.resume);
    const unlink = followSignal(options.signal, this.stop);
    try {
      this.stop.controller.signal.throwIfAborted();
      const prepared = await prepareRun(this.source, options, this.fs);
      if (options.output === null) return await this.score(prepared, options, null, { startedMs, endMs });
      return await this.runLocked(prepared, options, options.output, { startedMs, endMs });
    } finally {
      unlink();
    }
  }

  private async runLocked(
    prepared: PreparedRun,
    options: RunOptions,
    output: string,
    times: RunTimes,
  ): Promise<DirectorySummary> {
    const mayReplace = options.resume || options.overwrite;
    await checkOutputPlace(output, prepared.inputs, this.fs);
    if (!mayReplace) await refuseExisting(output, this.fs);
    const lockTimes = this.dependencies.lockTimes ?? defaultLockTimes;
    const lock = await lockOutput(output, this.fs, lockTimes, this.stop.controller.signal);
    try {
      // Another run may have finished between the first look and the lock.
      if (!mayReplace) await refuseExisting(output, this.fs);
      if (options.resume && (await this.isFinished(prepared, output))) {
        return finishedBefore(output, this.clock.nowMs() - times.startedMs);
      }
      return await this.score(prepared, options, { output, lock }, times);
    } finally {
      await lock.release();
    }
  }

  /** Output without journal: the earlier run ended. An output that is not ours to judge is never replaced. */
  private async isFinished(prepared: PreparedRun, output: string): Promise<boolean> {
    if (await isThere(journalPathOf(output), this.fs)) return false;
    if (!(await isThere(output, this.fs))) return false;
    const names = prepared.rows.map((row) => row.name);
    if (await isComplete(output, prepared.header, names, this.fs)) return true;
    const found = `${output} is there, without a journal, and is not the complete output of this run`;
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', found, {
      path: output,
      advice: `choose another ${optionMark('output')}, or pass ${optionMark('overwrite', 'true')}`,
    });
  }

  private async score(
    prepared: PreparedRun,
    options: RunOptions,
    target: { readonly output: string; readonly lock: OutputLock } | null,
    times: RunTimes,
  ): Promise<DirectorySummary> {
    const { controller } = this.stop;
    const { signal } = controller;
    signal.throwIfAborted();
    const scorer = await this.dependencies.createScorer({ ...options.scorer, signal });
    let journal: Journal | null = null;
    try {
      signal.throwIfAborted();
      tellModel(options, scorer.model);
      const declared = scorer.model.outputs[0]?.fallback ?? null;
      const unfit = fallbackFailure(declared, scorer.model);
      if (unfit !== null) throw unfit;
      if (prepared.rows.some((row) => row.slide === null) && declared === null) {
        throw rowsMismatch(prepared.problems, 'make the named files agree: the model declares no fallback');
      }
      const opened = target === null ? null : await this.openJournal(prepared, options, scorer, target.output);
      journal = opened?.journal ?? null;
      const resumed = opened?.resumed ?? new Map<number, JournalRow>();
      const progress = progressOf(prepared, options, resumed);
      const { slidesInFlight, scorer: scorerOptions } = options;
      const { queue } = this;
      const { rows } = prepared;
      const input = { rows, resumed, scorer, fallback: declared, slidesInFlight, journal, queue, progress, controller };
      const time = times.endMs === null ? null : this.timeBudget(prepared, options, resumed, scorer, times.endMs);
      const scored = await scoreRows({ ...input, options: scorerOptions, time });
      if (target !== null && journal !== null) await this.finish(prepared, options, scorer, scored, target, journal);
      const elapsedMs = this.clock.nowMs() - times.startedMs;
      return summaryOf(scored, options, progress.tiles, elapsedMs, scorer);
    } catch (error) {
      // A run that failed before its first row leaves nothing; one that was stopped can be resumed either way.
      if (journal?.isNew === true && journal.appended === 0 && !this.stop.requested) await journal.remove();
      throw error;
    } finally {
      await journal?.close();
      await scorer.close();
    }
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
    output: string,
  ): Promise<{ journal: Journal; resumed: ReadonlyMap<number, JournalRow> }> {
    const path = journalPathOf(output);
    const key = await runKey(scorer.model, prepared, options);
    const read = options.resume ? await readJournal(path, this.fs) : null;
    if (read !== null) {
      checkKey(path, read.key, key);
      checkRows(path, read.rows, prepared);
      return { journal: await Journal.reopen(path, read, this.fs), resumed: read.rows };
    }
    try {
      // Replaced on request, or torn before its first line was whole.
      await removeIfThere(path, this.fs);
    } catch (error) {
      throw ioFailure(error, 'remove', path);
    }
    return { journal: await Journal.create(path, key, this.fs), resumed: new Map() };
  }

  private async finish(
    prepared: PreparedRun,
    options: RunOptions,
    scorer: RowScorer,
    scored: ScoredRows,
    target: { readonly output: string; readonly lock: OutputLock },
    journal: Journal,
  ): Promise<void> {
    const slideFailed = scored.rows.some((row) => row.source === 'failed' || row.source === 'fallback');
    const unwritable = scored.rows.some((row) => row.score === null) || (slideFailed && options.onError === 'error');
    // The journal stays: repaired slides are scored by resuming, the others are not scored again.
    if (unwritable && scored.firstError !== null) throw scored.firstError;
    const rows = scored.rows.map((row) => ({ name: row.name, value: row.score ?? Number.NaN }));
    const clip = scorer.model.outputs[0]?.clip ?? null;
    const text = submissionText(prepared.header, rows, clip);
    await writeSubmission(target.output, text, this.fs, () => target.lock.assertHeld());
    await journal.remove();
  }
}

/** The rows of the journal are those of this run, and the slides they were made from are unchanged. */
function checkRows(path: string, rows: ReadonlyMap<number, JournalRow>, prepared: PreparedRun): void {
  const changed: string[] = [];
  for (const [index, { name, identity, score }] of rows) {
    const row = prepared.rows[index];
    if (row === undefined || row.name !== name) throw refused(path, `it has the row ${shown(name)} at place ${index}`);
    // A slide that failed is scored again, and may have been repaired for that.
    if (score === null) continue;
    const now = row.slide?.identity;
    if (now === undefined) changed.push(`${shown(name)} is gone`);
    else if (now.size !== identity.size) changed.push(`${shown(name)} had ${identity.size} bytes and has ${now.size}`);
    else if (now.mtimeNs !== identity.mtimeNs) changed.push(`${shown(name)} was modified`);
    else if (now.inode !== identity.inode) changed.push(`${shown(name)} was replaced`);
  }
  if (changed.length > 0) throw refused(path, `slides have changed since they were scored: ${changed.join('; ')}`);
}

function progressOf(
  prepared: PreparedRun,
  options: RunOptions,
  journalled: ReadonlyMap<number, JournalRow>,
): RunProgress {
  const todo = toScore(prepared, journalled);
  const bytes = todo.reduce((sum, row) => sum + Number(row.slide?.identity.size ?? 0), 0);
  return new RunProgress(prepared.rows.length, prepared.rows.length - todo.length, bytes, options.onProgress);
}

/** The rows that the journal has no score of. */
function toScore(prepared: PreparedRun, journalled: ReadonlyMap<number, JournalRow>): readonly RunRow[] {
  return prepared.rows.filter((row) => (journalled.get(row.index)?.score ?? null) === null);
}

function tellModel({ onModel }: RunOptions, model: Model): void {
  try {
    onModel?.(model);
  } catch {
    // The run goes on; see the option.
  }
}

function followSignal(signal: AbortSignal | null, stop: Stop): () => void {
  if (signal === null) return () => {};
  const abort = (): void => stop.request(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}

function summaryOf(
  scored: ScoredRows,
  options: RunOptions,
  tiles: number,
  elapsedMs: number,
  scorer: RowScorer,
): DirectorySummary {
  const counts: Record<RowSource, number> = { scored: 0, resumed: 0, fallback: 0, missing: 0, failed: 0 };
  for (const row of scored.rows) ++counts[row.source];
  const { name, sha256, intendedUse } = scorer.model;
  const sampled = scored.rows.filter((row) => row.sampled !== undefined).length;
  const unscored = scored.rows.filter((row) => row.error === 'DEADLINE').length;
  return {
    rows: scored.rows,
    counts,
    output: options.output,
    alreadyComplete: false,
    deadline: options.deadline === null ? null : { sampled, unscored },
    clipped: scored.rows.filter((row) => row.clippedFrom !== undefined).length,
    tiles,
    elapsedMs,
    model: { name, sha256, intendedUse },
    assumed: scorer.model.assumed,
  };
}

function finishedBefore(output: string, elapsedMs: number): DirectorySummary {
  const counts = { scored: 0, resumed: 0, fallback: 0, missing: 0, failed: 0 };
  const nothing = { rows: [], clipped: 0, deadline: null, tiles: 0, model: null, assumed: null };
  return { ...nothing, counts, output, alreadyComplete: true, elapsedMs };
}
