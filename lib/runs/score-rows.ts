/**
 * Scores the rows of a run, a few at a time, on one scorer. No score depends on another row. What is wrong with the model
 * or the options shows when the scorer is made, before any row; so whatever a slide fails with here is the slide's own: it
 * is noted and the others go on. Only the model's own run can still fail whatever the slide: that is tried out
 * (`modelFault`) and ends the run. So does a lost GPU, on which every later slide would fail too. A row is in the journal, on disk, before it is reported.
 */
import { fromNative, MicrotomeError } from '../core/errors.js';
import { Turns } from '../core/turns.js';
import type { Model } from '../model/model.js';
import type { ScorerOptions, SlideScoreOptions } from '../options/types.js';
import type { ScoreProgress, SlideOutcome, SlideResult } from '../scoring/result.js';
import { placeOf } from '../slide/byte-source.js';
import { isClipped, rangeFailure } from '../scoring/score-range.js';
import { outputFailure, outputsOf, type ColumnOptions } from './columns.js';
import { fallbacksOf, type RowFallback } from './fallback.js';
import type { Journal } from './journal.js';
import type { JournalRow } from './journal-format.js';
import type { OutcomeQueue } from './outcome-queue.js';
import { PassingFailures } from './part.js';
import type { ProvisionalOutput } from './provisional.js';
import { rowKey, type RowKeyMaker } from './row-key.js';
import type { DeviceId, DeviceUse } from '../native/devices.js';
import type { FiledResult, RunFiles } from './run-files.js';
import type { RunRow } from './rows.js';
import { rowsMismatch } from './rows.js';
import type { RecordedState, RunRecord } from '../outputs/run-record.js';
import type { RunProgress } from './run-progress.js';
import { shown } from './names.js';
import type { TimeBudget } from './time-budget.js';
import { scoreInTime } from './timed-scoring.js';
import type { OnError, SummaryRow } from './types.js';

/** The part of a scorer that a run uses. */
export interface RowScorer {
  readonly model: Model;
  /** Where the model runs; not there: the processor. */
  readonly device?: DeviceId;
  /** Not there: nothing more is known of it. */
  readonly deviceUse?: DeviceUse;
  /** Most tiles of a slide; 0, or not there: no limit. */
  readonly tilesPerSlide?: number;
  /** A path; or, for a slide at an address, what `input` of the row is. */
  score(path: string, options: SlideScoreOptions): Promise<SlideResult>;
  close(): Promise<void>;
}

export interface ScoreRowsInput {
  readonly rows: readonly RunRow[];
  /** From the journal, by row index. */
  readonly resumed: ReadonlyMap<number, JournalRow>;
  readonly scorer: RowScorer;
  readonly options: ScorerOptions;
  /** Stands in for a slide that is missing. */
  readonly fallback: RowFallback;
  readonly onError: OnError;
  readonly keys: RowKeyMaker;
  /** What the model's run fails with on a tile of no slide, with the metadata of this row; null: with nothing. */
  readonly modelFault: (row: RunRow) => Promise<MicrotomeError | null>;
  readonly slidesInFlight: number;
  readonly journal: Journal | null;
  /** The table while the run lasts; not there, or null: none. */
  readonly provisional?: ProvisionalOutput | null;
  /** Files beside the table; not there: none. */
  readonly files?: RunFiles | null;
  readonly record?: RunRecord | null;
  /** Not there: the columns of the preset. */
  readonly columns?: ColumnOptions;
  readonly queue: OutcomeQueue<SlideOutcome>;
  readonly progress: RunProgress;
  /** Null: the run has all the time it needs. */
  readonly time: TimeBudget | null;
  /** Ends the run; also aborted from here, by a failure of the whole run. */
  readonly controller: AbortController;
}

export interface ScoredRows {
  readonly rows: readonly SummaryRow[];
  /** Of the first row that failed and that nothing stands in for, in row order. */
  readonly firstError: MicrotomeError | null;
  readonly passing: PassingFailures;
}

export async function scoreRows(input: ScoreRowsInput): Promise<ScoredRows> {
  const { rows, resumed, controller, time } = input;
  const summary = new Map<number, SummaryRow>();
  const errors = new Map<number, MicrotomeError>();
  const passing = new PassingFailures();
  const todo: RunRow[] = [];
  for (const row of rows) {
    const entry = resumedRow(row, resumed);
    if (entry === null) todo.push(row);
    else summary.set(row.index, entry);
  }
  let next = 0;
  // Rows without a slide wait for nothing: many of them would hold up timers and signals.
  const turns = new Turns(controller.signal);
  const work = async (): Promise<void> => {
    for (let position = next++; position < todo.length; position = next++) {
      await input.queue.roomFor(position);
      controller.signal.throwIfAborted();
      const row = todo[position] as RunRow;
      const { outcome, entry } = row.slide === null ? missingRow(input, row) : await scoreOne(input, row, row.slide);
      summary.set(row.index, entry);
      input.provisional?.done(row.index, entry);
      if (!outcome.ok) input.record?.slide(row.index, { state: recordedState(entry.source), error: entry.error }, null);
      if (!outcome.ok) passing.add(row.index, outcome.error);
      if (!outcome.ok && entry.source === 'failed') errors.set(row.index, outcome.error);
      input.queue.put(position, outcome);
      if (turns.isOver) await turns.next();
    }
  };
  const workers = Array.from({ length: Math.min(input.slidesInFlight, todo.length) }, () =>
    work().catch((error: unknown) => {
      controller.abort(error);
    }),
  );
  // Past the last moment nobody waits for a loop that is slow to take what is finished.
  const callOff = time?.clock.after(time.lastCallMs - time.clock.nowMs(), () => input.queue.release());
  await Promise.all(workers);
  callOff?.();
  controller.signal.throwIfAborted();
  // In the order of the rows; slides end in any order.
  const failed = rows.find(({ index }) => errors.has(index));
  return {
    rows: rows.map((row) => summary.get(row.index) as SummaryRow),
    firstError: failed === undefined ? null : (errors.get(failed.index) ?? null),
    passing,
  };
}

/** Null: the journal has no score of it. */
export function resumedRow({ index, name }: RunRow, journalled: ReadonlyMap<number, JournalRow>): SummaryRow | null {
  const row = journalled.get(index);
  const score = row?.score ?? null;
  if (score === null) return null;
  return { name, score, source: 'resumed', error: null, ...noted(row), ...kept(row?.outputs) };
}

/** What the record of the run says of a row that has no score. */
function recordedState(source: SummaryRow['source']): RecordedState {
  return source === 'missing' || source === 'skipped' ? source : 'failed';
}

interface FinishedRow {
  readonly outcome: SlideOutcome;
  readonly entry: SummaryRow;
}

function missingRow(input: ScoreRowsInput, row: RunRow): FinishedRow {
  // That rows may be without a slide was asked for: no advice to ask for it.
  const error = rowsMismatch([`${shown(row.name)}: ${row.problem ?? 'no slide'}`], 'make the named files agree');
  input.progress.missing();
  const fallback = input.fallback(row);
  return {
    outcome: { ok: false, path: row.name, error, fallback },
    entry: {
      name: row.name,
      score: fallback,
      source: fallback === null ? 'failed' : 'missing',
      error: error.code,
      ...notedOfFallback(input, row),
    },
  };
}

async function scoreOne(input: ScoreRowsInput, row: RunRow, slide: NonNullable<RunRow['slide']>): Promise<FinishedRow> {
  const { progress } = input;
  const found = await scoreSlide(input, row, slide.path);
  const filed = found instanceof MicrotomeError ? found : await withFiles(input, row, slide.path, found);
  const line = { name: row.name, identity: slide.identity };
  if (filed instanceof MicrotomeError) {
    await append(input, { ...line, score: null, error: filed.code, own: rowKey(input.keys, row, null) });
    progress.finished(row.index, false, 0);
    return failedRow(input, row, slide.path, filed);
  }
  const { result: scored, files } = filed;
  const notes = noted({
    sampled: sampleOf(scored),
    clippedFrom: scored.clipped ? scored.unclipped : undefined,
  });
  const own = rowKey(input.keys, row, scored);
  const outputs = kept(outputsOf(scored, input.scorer.model));
  const written = files.length === 0 ? {} : { files };
  await append(input, { ...line, score: scored.score, error: null, ...notes, ...outputs, ...written, own });
  progress.finished(row.index, true, scored.tileCount);
  input.record?.slide(row.index, { state: 'done', score: scored.score, files }, scored);
  return {
    outcome: { ok: true, result: scored },
    entry: { name: row.name, score: scored.score, source: 'scored', error: null, ...notes, ...outputs },
  };
}

/** The files are on disk before the row says that the slide is scored. */
async function withFiles(
  input: ScoreRowsInput,
  row: RunRow,
  path: string,
  result: SlideResult,
): Promise<FiledResult | MicrotomeError> {
  const { files } = input;
  const place = placeOf(row.slide?.input ?? path);
  return files ? files.write(place, result, mppOf(input, row)) : { result, files: [] };
}

function failedRow(input: ScoreRowsInput, row: RunRow, path: string, error: MicrotomeError): FinishedRow {
  const { onError, columns } = input;
  const fallback = onError === 'fallback' ? input.fallback(row) : null;
  // A table with a status says of the slide that it failed; without one it has no row for it.
  const hasStatus = (columns?.statusColumn ?? null) !== null;
  const unscored = onError === 'skip' && !hasStatus ? 'skipped' : 'failed';
  const notes = fallback === null ? {} : notedOfFallback(input, row);
  return {
    outcome: { ok: false, path, error, fallback },
    entry: {
      name: row.name,
      score: fallback,
      source: fallback === null ? unscored : 'fallback',
      error: error.code,
      ...notes,
    },
  };
}

type Notes = Pick<SummaryRow, 'sampled' | 'clippedFrom' | 'fallbacks'>;

/** Of the first tile input, else of another one. */
function sampleOf({ read, reads }: SlideResult): Notes['sampled'] | undefined {
  return (
    [...(read === null ? [] : [read]), ...Object.values(reads)].find(({ sampled }) => sampled !== null)?.sampled ??
    undefined
  );
}

/**
 * What a row says beside its score: the sample that the deadline left (one that was asked for is the same for all rows, and
 * in the key of the journal), and the value that the range made another number of.
 */
function noted(row: { readonly [K in 'sampled' | 'clippedFrom']?: Notes[K] | undefined } | undefined): Notes {
  return {
    ...(row?.sampled?.reason === 'deadline' ? { sampled: row.sampled } : {}),
    ...(row?.clippedFrom === undefined ? {} : { clippedFrom: row.clippedFrom }),
  };
}

function notedOfFallback({ fallback: of, scorer }: ScoreRowsInput, row: RunRow): Notes {
  const fallback = of(row);
  const [output] = scorer.model.outputs;
  const isHeld = fallback !== null && output !== undefined && isClipped(fallback, output);
  const fallbacks = fallbacksOf(scorer.model, row);
  return { ...(isHeld ? { clippedFrom: fallback } : {}), ...(fallbacks === undefined ? {} : { fallbacks }) };
}

function kept(outputs: readonly number[] | undefined): { readonly outputs?: readonly number[] } {
  return outputs === undefined ? {} : { outputs };
}

async function append({ journal, time }: ScoreRowsInput, row: JournalRow): Promise<void> {
  if (journal === null) return;
  const beganMs = time?.clock.nowMs() ?? 0;
  await journal.append(row);
  time?.appended(time.clock.nowMs() - beganMs);
}

/** The slide's own failure is a value; a failure of the whole run is thrown. */
async function scoreSlide(input: ScoreRowsInput, row: RunRow, path: string): Promise<SlideResult | MicrotomeError> {
  const { controller, progress, scorer } = input;
  progress.started(row.index, Number(row.slide?.identity.size ?? 0));
  if (row.failure !== undefined) return row.failure;
  try {
    const result = await scoreRow(input, row, path);
    if (Number.isFinite(result.score)) {
      const failure = rangeFailure(result.score, scorer.model, path);
      // What cannot be written fails the slide, not the run.
      return failure ?? (input.columns && outputFailure(result, scorer.model, input.columns)) ?? result;
    }
    return new MicrotomeError('OUTPUT_NOT_FINITE', 'aggregate', `the score ${result.score}`, { path });
  } catch (error) {
    controller.signal.throwIfAborted();
    const failure = fromNative(error, path);
    if (failure.code === 'DEVICE_LOST' || (await isOfModel(input, row, failure))) throw failure;
    controller.signal.throwIfAborted();
    return failure;
  }
}

/** Of a failure while the model ran, whether it fails in the same way on a tile that is of no slide. */
async function isOfModel(
  { modelFault }: ScoreRowsInput,
  row: RunRow,
  { code, stage }: MicrotomeError,
): Promise<boolean> {
  const isCutOff = code === 'DEADLINE';
  if (isCutOff || (stage !== 'infer' && stage !== 'aggregate')) return false;
  return (await modelFault(row))?.code === code;
}

function scoreRow(input: ScoreRowsInput, row: RunRow, path: string): Promise<SlideResult> {
  const { time, scorer, controller } = input;
  const options = slideOptions(input, row);
  // Scorers take every input; those of tests know paths.
  const opened = (row.slide?.input ?? path) as string;
  if (time === null) return scorer.score(opened, options);
  const slide = { index: row.index, path, signal: controller.signal };
  return scoreInTime(time, slide, ({ onProgress, ...timed }) => {
    const report = (progress: ScoreProgress): void => {
      onProgress(progress);
      options.onProgress?.(progress);
    };
    return scorer.score(opened, { ...options, ...timed, onProgress: report });
  });
}

/** An option of the run goes before the column of the metadata, and that before the slide's own tags. */
function mppOf({ options }: ScoreRowsInput, { metadata }: RunRow): number | null {
  return options.slideMpp ?? metadata?.slideMpp ?? null;
}

function slideOptions(input: ScoreRowsInput, row: RunRow): SlideScoreOptions {
  const { metadata } = row;
  const slideMpp = mppOf(input, row);
  return {
    signal: input.controller.signal,
    onProgress: (progress) => input.progress.moved(row.index, progress),
    ...(input.files?.needsTiles === true ? { tiles: true } : {}),
    ...(slideMpp === null ? {} : { slideMpp }),
    ...(metadata === null ? {} : { clinical: metadata.clinical }),
  };
}
